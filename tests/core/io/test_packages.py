import dataclasses
import datetime as dt
import hashlib
import json
import zipfile

import numpy as np
import pytest
import safetensors.numpy

from cropmap.contract.errors import OutputError, PackageError
from cropmap.data.applicability import Applicability
from cropmap.data.cube import CLEAR_BAND
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.package import NO_SCALING, ModelPackage, Scaling
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.season import Season
from cropmap.io.packages import read_package, write_package


@pytest.fixture
def package():
    rng = np.random.default_rng(0)
    return ModelPackage(
        model="transformer",
        params={"width": 8, "learning_rate": 5e-4, "legacy": False, "nested": {"Ž": [1, 2.5, None]}},
        arrays={
            "head.weight": rng.normal(size=(3, 8)).astype(np.float32),
            "right": np.arange(7, dtype=np.int32),
            "feature": np.array([-1, 3], np.int16),
            "leaves": rng.random((2, 3)),
        },
        recipe=Recipe("weekly", Season(dt.date(2022, 10, 1), dt.date(2023, 9, 30)), (StepUse("linear", {"gap": 64}),)),
        days=np.array([-3, 4, 11], np.int32),
        bands=("blue", "proche-infrarougeé"),
        legend=Legend((LegendClass(0, "corn", "#ffd300"), LegendClass(254, "šećerna repa", "#a800e3"))),
        scaling=Scaling(rng.random(2).astype(np.float32), rng.random(2).astype(np.float32) + np.float32(0.1)),
        fingerprint="ab" * 32,
        record={"seed": 3, "epochs": [{"loss": 0.1}]},
    )


@pytest.fixture
def path(package, tmp_path):
    return write_package(tmp_path / "model.cropmap", package)


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path, content):
    """A zip of (name, bytes) pairs in place of the file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content:
            archive.writestr(name, data)
    return path


def with_manifest(path, **changes):
    """The package with other manifest fields; None removes one."""
    held = members(path)
    fields = json.loads(held["manifest.json"]) | changes
    fields = {key: value for key, value in fields.items() if value is not None}
    return rewritten(
        path, [("manifest.json", json.dumps(fields)), ("weights.safetensors", held["weights.safetensors"])]
    )


def with_arrays(path, arrays):
    """The package with other arrays, whose size and hash the manifest tells."""
    held, weights = members(path), safetensors.numpy.save(arrays)
    fields = json.loads(held["manifest.json"])
    fields["weights"] = {"sha256": hashlib.sha256(weights).hexdigest(), "bytes": len(weights)}
    return rewritten(path, [("manifest.json", json.dumps(fields)), ("weights.safetensors", weights)])


def arrays_of(path):
    return safetensors.numpy.load(members(path)["weights.safetensors"])


def test_everything_survives_exactly(package, path):
    found = read_package(path)
    for name in ("model", "params", "recipe", "bands", "legend", "fingerprint", "record"):
        assert getattr(found, name) == getattr(package, name)
    assert found.days.tobytes() == package.days.tobytes()
    assert found.days.dtype == np.int32
    assert found.scaling.mean.tobytes() == package.scaling.mean.tobytes()
    assert found.scaling.deviation.tobytes() == package.scaling.deviation.tobytes()
    assert set(found.arrays) == set(package.arrays)
    for name, array in package.arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        assert found.arrays[name].tobytes() == array.tobytes()


def test_a_scaling_of_each_step_survives(package, tmp_path):
    rng = np.random.default_rng(1)
    scaling = Scaling(rng.random((3, 2)).astype(np.float32), rng.random((3, 2)).astype(np.float32) + np.float32(0.1))
    found = read_package(write_package(tmp_path / "steps.cropmap", dataclasses.replace(package, scaling=scaling)))
    assert found.scaling.mean.shape == (3, 2)
    assert found.scaling.mean.tobytes() == scaling.mean.tobytes()
    assert found.scaling.deviation.tobytes() == scaling.deviation.tobytes()


@pytest.mark.parametrize(("shape", "told"), [((2, 3), "2 x 3 steps and bands"), ((4, 2), "4 x 2"), ((3,), "3 bands")])
def test_a_scaling_of_other_steps_or_bands_is_refused(package, tmp_path, shape, told):
    scaling = Scaling(np.zeros(shape, np.float32), np.ones(shape, np.float32))
    path = write_package(tmp_path / "other.cropmap", dataclasses.replace(package, scaling=scaling))
    with pytest.raises(PackageError, match=f"for {told}.*the model has 3 steps of 2 bands"):
        read_package(path)


def test_a_package_without_scaling_survives(package, tmp_path):
    bare = dataclasses.replace(package, scaling=NO_SCALING)
    assert read_package(write_package(tmp_path / "bare.cropmap", bare)).scaling.mean.size == 0


def test_the_temperature_survives_and_is_1_in_packages_that_lack_it(package, path, tmp_path):
    tempered = dataclasses.replace(package, temperature=1.375)
    assert read_package(write_package(tmp_path / "t.cropmap", tempered)).temperature == 1.375
    assert read_package(path).temperature == 1.0
    assert read_package(with_manifest(path, temperature=None)).temperature == 1.0


@pytest.mark.parametrize("temperature", [0, -1.5, True, "1", [1], 10**400])
def test_a_temperature_that_is_none_is_refused(path, temperature):
    with pytest.raises(PackageError, match="no number above 0"):
        read_package(with_manifest(path, temperature=temperature))


def test_class_weights_survive_and_are_none_in_packages_that_lack_them(package, path, tmp_path):
    weighing = dataclasses.replace(package, class_weights=(0.1, 1e-12))
    assert read_package(write_package(tmp_path / "w.cropmap", weighing)).class_weights == (0.1, 1e-12)
    masked = dataclasses.replace(package, class_weights=(0.0, 3.0))
    assert read_package(write_package(tmp_path / "m.cropmap", masked)).class_weights == (0.0, 3.0)
    assert read_package(path).class_weights == ()
    assert read_package(with_manifest(path, class_weights=None)).class_weights == ()


@pytest.mark.parametrize(
    "weights", [[1], [1, 1, 1], [0, 0], [1, -0.1], [1, True], [1, "1"], [1, [1]], [1, 10**400], "11", {"corn": 1}, 2]
)
def test_class_weights_that_do_not_fit_are_refused(path, weights):
    with pytest.raises(PackageError, match=r"class weights .* do not fit"):
        read_package(with_manifest(path, class_weights=weights))


def test_a_mask_among_the_bands_is_known_again(package, tmp_path):
    scaling = dataclasses.replace(package.scaling, mask=1)
    masked = dataclasses.replace(package, bands=("blue", CLEAR_BAND), scaling=scaling)
    assert read_package(write_package(tmp_path / "masked.cropmap", masked)).scaling.mask == 1
    assert read_package(write_package(tmp_path / "plain.cropmap", package)).scaling.mask is None


def test_the_same_package_gives_the_same_bytes(package, path, tmp_path):
    assert write_package(tmp_path / "again.cropmap", package).read_bytes() == path.read_bytes()
    assert write_package(tmp_path / "read.cropmap", read_package(path)).read_bytes() == path.read_bytes()


def test_the_file_holds_two_members_and_nothing_that_runs(path):
    assert sorted(members(path)) == ["manifest.json", "weights.safetensors"]


def test_only_the_package_is_left_in_the_folder(path):
    assert list(path.parent.iterdir()) == [path]


def test_an_array_that_is_not_contiguous_survives(package, tmp_path):
    turned = dataclasses.replace(package, arrays={"a": np.arange(6.0).reshape(2, 3).T})
    found = read_package(write_package(tmp_path / "t.cropmap", turned))
    np.testing.assert_array_equal(found.arrays["a"], np.arange(6.0).reshape(2, 3).T)


def test_a_folder_that_does_not_exist_is_told(package, tmp_path):
    with pytest.raises(OutputError, match="folder"):
        write_package(tmp_path / "nowhere" / "model.cropmap", package)


@pytest.mark.parametrize("record", [{"score": float("nan")}, {"when": dt.date(2023, 1, 1)}])
def test_a_record_that_is_not_json_is_refused_and_nothing_written(package, tmp_path, record):
    with pytest.raises(PackageError, match="plain texts"):
        write_package(tmp_path / "model.cropmap", dataclasses.replace(package, record=record))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(PackageError, match="existing file"):
        read_package(tmp_path / "none.cropmap")


def test_a_folder_is_told(tmp_path):
    with pytest.raises(PackageError, match="cannot be read"):
        read_package(tmp_path)


def test_a_file_that_is_no_zip_is_refused(tmp_path):
    (tmp_path / "model.cropmap").write_bytes(b"not a zip")
    with pytest.raises(PackageError, match="not a whole zip"):
        read_package(tmp_path / "model.cropmap")


def test_no_cut_of_the_file_can_be_read(path):
    whole = path.read_bytes()
    for end in range(0, len(whole), 97):
        path.write_bytes(whole[:end])
        with pytest.raises(PackageError):
            read_package(path)


def test_a_changed_byte_is_an_error_or_changes_nothing(package, path):
    """Every byte of the file, turned over one at a time: never a crash, never other numbers."""
    whole = path.read_bytes()
    for position in range(0, len(whole), 3):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        try:
            found = read_package(path)
        except PackageError:
            continue
        assert all(found.arrays[name].tobytes() == array.tobytes() for name, array in package.arrays.items())
        assert (found.params, found.legend, found.record) == (package.params, package.legend, package.record)


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "a/../../b", "..\\evil", "C:\\evil", "C:evil", "\\\\server\\x", ".."]
)
def test_a_member_that_leads_outside_is_refused(path, name):
    held = members(path)
    with pytest.raises(PackageError, match="leads outside"):
        read_package(rewritten(path, [*held.items(), (name, b"x")]))


@pytest.mark.parametrize("name", ["extra.txt", "model.pkl", "sub/weights.safetensors", "manifest.json/"])
def test_an_extra_member_is_refused(path, name):
    held = members(path)
    with pytest.raises(PackageError, match="once each"):
        read_package(rewritten(path, [*held.items(), (name, b"x")]))


def test_a_missing_member_is_refused(path):
    held = members(path)
    for name in held:
        with pytest.raises(PackageError, match="once each"):
            read_package(rewritten(path, [(name, held[name])]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_stands_twice_is_refused(path):
    held = members(path)
    with pytest.raises(PackageError, match="once each"):
        read_package(rewritten(path, [*held.items(), ("manifest.json", held["manifest.json"])]))


@pytest.mark.parametrize("name", ["manifest.json", "weights.safetensors"])
def test_a_zip_bomb_is_refused_before_it_is_unpacked(path, name):
    held = members(path) | {name: bytes(60 * 2**20)}
    rewritten(path, held.items())
    assert path.stat().st_size < 2**20
    with pytest.raises(PackageError, match="would unpack to"):
        read_package(path)


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"a": NaN}', "\xff", "[" * 100_000, "{}"])
def test_a_manifest_that_is_not_ours_is_refused(path, text):
    held = members(path) | {"manifest.json": text.encode("latin-1")}
    with pytest.raises(PackageError, match=r"manifest\.json is not"):
        read_package(rewritten(path, held.items()))


def test_a_newer_format_asks_for_an_update(path):
    with pytest.raises(PackageError, match="Update cropmap"):
        read_package(with_manifest(path, cropmap_package=2))


@pytest.mark.parametrize("number", [0, "1", True, [1], 1.5])
def test_another_format_is_refused(path, number):
    with pytest.raises(PackageError, match="has format"):
        read_package(with_manifest(path, cropmap_package=number))


@pytest.mark.parametrize(
    "key", ["model", "params", "recipe", "days", "bands", "legend", "fingerprint", "record", "weights"]
)
def test_a_missing_or_mistyped_key_is_named(path, key):
    with pytest.raises(PackageError, match=f"lacks a valid {key}"):
        read_package(with_manifest(path, **{key: 7}))
    with pytest.raises(PackageError, match=f"lacks a valid {key}"):
        read_package(with_manifest(path, **{key: None}))


@pytest.mark.parametrize(
    "changes",
    [
        {"days": []},
        {"days": [0, 7, 7]},
        {"days": [0, 7, 3]},
        {"days": [0, 7, 14.5]},
        {"days": [0, 7, True]},
        {"days": [0, 7, 10**12]},
        {"bands": []},
        {"bands": ["red", "red"]},
        {"bands": ["red", 3]},
        {"bands": ["red", ["nir"]]},
        {"bands": ["red", "nir", "swir"]},
        {"legend": []},
        {"legend": [{"code": 300, "name": "x", "colour": "#000000"}]},
        {"legend": [{"code": 1}]},
        {"legend": ["corn"]},
        {"recipe": {"name": "weekly"}},
        {"recipe": {"name": "weekly", "season": ["2023-01-01"], "steps": []}},
        {"recipe": {"name": "weekly", "season": ["2023-09-01", "2023-01-01"], "steps": []}},
        {"fingerprint": "abc"},
        {"weights": {}},
        {"weights": {"sha256": "0" * 64, "bytes": 10}},
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(path, changes):
    with pytest.raises(PackageError):
        read_package(with_manifest(path, **changes))


def test_weights_that_are_not_those_of_the_manifest_are_refused(path):
    held = members(path)
    other = safetensors.numpy.save({"model.a": np.zeros(3, np.float32)})
    with pytest.raises(PackageError, match="SHA-256 differs"):
        read_package(rewritten(path, [("manifest.json", held["manifest.json"]), ("weights.safetensors", other)]))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(path, bad):
    arrays = arrays_of(path)
    arrays["model.head.weight"][1, 2] = bad
    with pytest.raises(PackageError, match="not finite"):
        read_package(with_arrays(path, arrays))


def test_arrays_of_no_known_part_are_refused(path):
    with pytest.raises(PackageError, match="unknown array"):
        read_package(with_arrays(path, arrays_of(path) | {"other": np.zeros(2)}))


@pytest.mark.parametrize(
    "changes",
    [
        {"scaling.mean": np.zeros(3, np.float32)},
        {"scaling.mean": np.zeros(3, np.float32), "scaling.deviation": np.ones(3, np.float32)},
        {"scaling.mean": np.zeros((2, 1), np.float32), "scaling.deviation": np.ones((2, 1), np.float32)},
        {"scaling.deviation": np.zeros(2, np.float32)},
        {"scaling.deviation": np.ones(2)},
        {"scaling.third": np.ones(2, np.float32)},
    ],
)
def test_a_scaling_that_does_not_fit_is_refused(path, changes):
    with pytest.raises(PackageError, match="scaling"):
        read_package(with_arrays(path, arrays_of(path) | changes))


def test_weights_that_are_no_safetensors_are_refused(path):
    held = members(path)
    fields = json.loads(held["manifest.json"])
    fields["weights"] = {"sha256": hashlib.sha256(b"junk").hexdigest(), "bytes": 4}
    with pytest.raises(PackageError, match="safetensors"):
        read_package(rewritten(path, [("manifest.json", json.dumps(fields)), ("weights.safetensors", b"junk")]))


def test_an_encrypted_or_oddly_packed_member_is_refused(path):
    whole = bytearray(path.read_bytes())
    directory = whole.index(b"PK\x01\x02")
    whole[directory + 8] |= 1  # the flag of encryption
    path.write_bytes(whole)
    with pytest.raises(PackageError, match="cannot be read"):
        read_package(path)
    whole[directory + 8] &= 0xFE
    whole[directory + 10] = 99  # an unknown compression
    path.write_bytes(whole)
    with pytest.raises(PackageError):
        read_package(path)


# ------------------------------------------------------------------------------------------------ area of applicability


@pytest.fixture
def area():
    """Of series of 3 steps and 2 bands."""
    rng = np.random.default_rng(1)
    numbers = {"mean_distance": 3.25, "threshold": 0.4, "beyond": 0.02}
    centre, factors = rng.random(6).astype(np.float32), rng.random(6).astype(np.float32)
    return Applicability("inputs", centre, factors, rng.normal(size=(9, 6)).astype(np.float32), **numbers)


@pytest.fixture
def area_path(package, area, tmp_path):
    return write_package(tmp_path / "area.cropmap", dataclasses.replace(package, applicability=area))


def test_the_area_of_applicability_survives_the_file(area_path, area):
    found = read_package(area_path).applicability
    for field in dataclasses.fields(Applicability):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(area, field.name))


def test_a_package_of_before_areas_is_still_read(path):
    assert read_package(with_manifest(path, applicability=None)).applicability is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"threshold": 0}, "threshold"),
        ({"mean_distance": -1.0}, "mean distance"),
        ({"beyond": 1.5}, "beyond"),
        ({"space": "pixels"}, "no space 'pixels'"),
        ({"threshold": "0.4"}, "not whole"),
        ({"threshold": True}, "not whole"),
        ({"threshold": 10**400}, "damaged"),
    ],
)
def test_a_damaged_description_of_the_area_is_refused(area_path, change, said):
    fields = json.loads(members(area_path)["manifest.json"])["applicability"]
    with pytest.raises(PackageError, match=said) as caught:
        read_package(with_manifest(area_path, applicability=fields | change))
    assert "train the model again" in str(caught.value)


@pytest.mark.parametrize("missing", ["centre", "factors", "reference"])
def test_an_area_that_lacks_an_array_is_refused(area_path, missing):
    arrays = arrays_of(area_path)
    del arrays[f"applicability.{missing}"]
    with pytest.raises(PackageError, match="not whole"):
        read_package(with_arrays(area_path, arrays))


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("centre", np.zeros(5, np.float32), "centre of shape"),
        ("factors", np.full(6, -1, np.float32), "below 0"),
        ("factors", np.zeros(6, np.float32), "all 0"),
        ("reference", np.zeros((0, 6), np.float32), "reference of shape"),
        ("reference", np.zeros((4, 6), np.float64), "float32"),
        ("reference", np.full((4, 6), np.nan, np.float32), "not finite"),
    ],
)
def test_an_area_with_a_damaged_array_is_refused(area_path, name, array, said):
    with pytest.raises(PackageError, match=said):
        read_package(with_arrays(area_path, {**arrays_of(area_path), f"applicability.{name}": array}))


def test_an_area_of_other_series_than_the_models_is_refused(package, area, tmp_path):
    other = dataclasses.replace(package, applicability=area, bands=("blue", "green", "red"))
    other = dataclasses.replace(other, scaling=NO_SCALING)
    path = write_package(tmp_path / "other.cropmap", other)
    with pytest.raises(PackageError, match="compares 6 numbers a series; the model is given 9"):
        read_package(path)


def test_arrays_of_an_area_that_nothing_describes_are_refused(area_path):
    with pytest.raises(PackageError, match="not whole"):
        read_package(with_manifest(area_path, applicability=None))
