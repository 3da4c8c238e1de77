import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from scipy.special import erf
from sklearn.linear_model import LogisticRegression

from cropmap.contract.errors import ModelError, PackageError, ParameterError, SampleError
from cropmap.contract.progress import Progress
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.io.packages import read_package, write_package
from cropmap.models import MODELS
from cropmap.models.base import FitSettings, SeriesShape
from cropmap.models.predictor import Predictor
from cropmap.models.presto import Presto, PrestoParams
from cropmap.models.presto_encoder import MonthlyInput, PrestoEncoder, read_weights
from cropmap.training.fit import FitOptions, fit

DATA = Path(__file__).parents[4] / "shared" / "data"
PUBLISHED = DATA / "presto_weights" / "default_model.pt"
FINE_TUNED = DATA / "presto_weights" / "worldcereal_finetuned_presto_model.pt"
TOGO = DATA / "cropharvest_gee_tif" / "98-togo_2019-02-06_2020-02-01.tif"
US = DATA / "us_s2_cdl_2021" / "us_arkansas_2021_zone0.npz"

published = pytest.mark.skipif(not PUBLISHED.exists(), reason="shared/data/presto_weights is not here")

S2 = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
FIRST = dt.date(2021, 3, 11)
# Name of the group, its bands by position in S2, the code of the group.
GROUPS = (
    ("S2_RGB", (0, 1, 2), 1),
    ("S2_Red_Edge", (3, 4, 5), 2),
    ("S2_NIR_10m", (6,), 3),
    ("S2_NIR_20m", (7,), 4),
    ("S2_SWIR", (8, 9), 5),
)
RADAR, NDVI = 0, 8
WIDTHS = {"S1": 2, "S2_RGB": 3, "S2_Red_Edge": 3, "S2_NIR_10m": 1, "S2_NIR_20m": 1, "S2_SWIR": 2} | {
    "ERA5": 2,
    "SRTM": 2,
    "NDVI": 1,
}


def random_weights(width=32, inner=24, depth=2, longest=24, seed=0):
    """An encoder's arrays by their published names."""
    rng = np.random.default_rng(seed)
    shapes = {"pos_embed": (1, longest, width // 2), "month_embed.weight": (12, width // 4)}
    shapes |= {"channel_embed.weight": (10, width // 4), "dw_embed.weight": (10, width)}
    for name, bands in {
        **{f"eo_patch_embed.{name}": bands for name, bands in WIDTHS.items()},
        "latlon_embed": 3,
    }.items():
        shapes |= {f"{name}.weight": (width, bands), f"{name}.bias": (width,)}
    for block in range(depth):
        layers = {"attn.qkv": (3 * width, width), "attn.proj": (width, width)}
        layers |= {"mlp.fc1": (inner, width), "mlp.fc2": (width, inner), "norm1": (width,), "norm2": (width,)}
        for name, shape in layers.items():
            shapes |= {f"blocks.{block}.{name}.weight": shape, f"blocks.{block}.{name}.bias": shape[:1]}
    shapes |= {"norm.weight": (width,), "norm.bias": (width,)}
    return {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture
def weights_file(tmp_path):
    def written(**sizes):
        path = tmp_path / "weights.pt"
        torch.save(
            {f"encoder.{name}": torch.from_numpy(array) for name, array in random_weights(**sizes).items()}, path
        )
        return str(path)

    return written


def shape_of(steps=9, *, bands=S2, classes=3, gap=10):
    return SeriesShape(steps, len(bands), classes, bands, tuple(range(0, gap * steps, gap)), FIRST)


def reflectances(count, shape, seed=0):
    values = np.random.default_rng(seed).uniform(0.02, 0.6, (count, shape.steps, shape.bands)).astype(np.float32)
    for place, name in enumerate(shape.names):
        if name in ("VV", "VH"):
            values[:, :, place] = -20 * values[:, :, place]
    return values


# ---------------------------------------------------------------- the encoder, by hand


def layer_norm(x, a, name):
    mean, deviation = x.mean(-1, keepdims=True), np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return (x - mean) / deviation * a[f"{name}.weight"] + a[f"{name}.bias"]


def dense(x, a, name):
    return x @ a[f"{name}.weight"].T + a[f"{name}.bias"]


def block_by_hand(x, a, at):
    """One block on the tokens of one series, (token, width), one head at a time."""
    width = x.shape[1]
    query, key, value = np.split(dense(layer_norm(x, a, f"{at}.norm1"), a, f"{at}.attn.qkv"), 3, axis=1)
    heads, size = [], width // 8
    for head in range(8):
        part = slice(head * size, (head + 1) * size)
        score = query[:, part] @ key[:, part].T / np.sqrt(size)
        share = np.exp(score - score.max(axis=1, keepdims=True))
        heads.append(share / share.sum(axis=1, keepdims=True) @ value[:, part])
    x = x + dense(np.concatenate(heads, axis=1), a, f"{at}.attn.proj")
    inner = dense(layer_norm(x, a, f"{at}.norm2"), a, f"{at}.mlp.fc1")
    return x + dense(inner * 0.5 * (1 + erf(inner / np.sqrt(2))), a, f"{at}.mlp.fc2")


def monthly_by_hand(one, days, seen):
    """Return (months since the first step, calendar month from 0, mean) of each month with a step that was seen."""
    dates = [FIRST + dt.timedelta(days=int(day)) for day in days]
    found = []
    for year in (2021, 2022, 2023):
        for month in range(1, 13):
            steps = [k for k, date in enumerate(dates) if (date.year, date.month) == (year, month) and seen[k]]
            if steps:
                after = 12 * (year - dates[0].year) + month - dates[0].month
                found.append((after, month - 1, np.mean([one[k] for k in steps], axis=0)))
    return found


def tokens_by_hand(a, months, groups):
    """Return the tokens of one series: the place's, then each group's months; groups are (name, code, values of)."""
    tokens = [dense(np.array([1.0, 0.0, 0.0]), a, "latlon_embed")]
    for name, code, values_of in groups:
        for position, calendar, mean in months:
            codes = [a["month_embed.weight"][calendar], a["channel_embed.weight"][code], a["pos_embed"][0, position]]
            tokens.append(dense(values_of(mean), a, f"eo_patch_embed.{name}") + np.concatenate(codes))
    return np.array(tokens)


def optical_groups():
    found = [(name, code, lambda mean, places=places: mean[list(places)]) for name, places, code in GROUPS]
    return [*found, ("NDVI", NDVI, lambda mean: np.array([(mean[6] - mean[2]) / (mean[6] + mean[2])]))]


def features_by_hand(weights, values, shape, *, groups=None, mask=None):
    a = {name: array.astype(float) for name, array in weights.items()}
    depth = sum(name.endswith("norm1.weight") for name in a)
    found = []
    for one in values.astype(float):
        seen = np.ones(shape.steps, bool) if mask is None else one[:, mask] == 1
        months = monthly_by_hand(one, shape.days, seen if seen.any() else ~seen)
        x = tokens_by_hand(a, months, groups or optical_groups())
        for block in range(depth):
            x = block_by_hand(x, a, f"blocks.{block}")
        found.append(layer_norm(x.mean(axis=0), a, "norm"))
    return np.array(found)


def encoded(weights, values, shape):
    head = {
        "linear.weight": np.zeros((shape.classes, len(weights["norm.weight"]))),
        "linear.bias": np.zeros(shape.classes),
    }
    arrays = {f"encoder.{name}": array for name, array in weights.items()} | head
    return Presto(PrestoParams(weights=""), shape, arrays).encode(values)


@pytest.mark.parametrize(("steps", "gap"), [(1, 10), (9, 10), (30, 10), (5, 45), (24, 30)])
def test_the_encoder_is_the_one_written_by_hand(steps, gap):
    shape, weights = shape_of(steps, gap=gap), random_weights()
    values = reflectances(4, shape)
    np.testing.assert_allclose(encoded(weights, values, shape), features_by_hand(weights, values, shape), atol=2e-5)


def test_steps_and_months_that_were_not_seen_take_no_part():
    shape, weights = shape_of(12, bands=(*S2, "clear")), random_weights(seed=1)
    values = reflectances(6, shape)
    values[:, :, 10] = np.random.default_rng(3).random((6, 12)) < 0.3
    values[0, 3:, 10], values[0, 1, 10] = 0, 1
    values[5, :, 10] = 0
    expected = features_by_hand(weights, values, shape, mask=10)
    np.testing.assert_allclose(encoded(weights, values, shape), expected, atol=2e-5)
    blind = values[:, :, 10:] == 0
    blind[5] = False
    np.testing.assert_allclose(
        encoded(weights, np.where(blind, values * 3, values), shape)[:5], expected[:5], atol=2e-5
    )


def test_radar_in_decibels_is_read_too():
    shape, weights = shape_of(4, bands=("VV", "VH", "red")), random_weights()
    values = reflectances(3, shape)
    groups = [("S1", RADAR, lambda mean: (mean[:2] + 25) / 25)]
    expected = features_by_hand(weights, values, shape, groups=groups)
    np.testing.assert_allclose(encoded(weights, values, shape), expected, atol=2e-5)


def test_bands_that_are_missing_leave_their_groups_out():
    bands = ("B02", "B04", "B08")
    shape, weights = shape_of(4, bands=bands), random_weights()
    values = reflectances(3, shape)
    groups = [
        ("S2_NIR_10m", 3, lambda mean: mean[2:]),
        ("NDVI", NDVI, lambda mean: np.array([(mean[2] - mean[1]) / (mean[2] + mean[1])])),
    ]
    wanted = SeriesShape(4, 3, 3, ("blue", "red", "nir"), shape.days, FIRST)
    expected = features_by_hand(weights, values, wanted, groups=groups)
    np.testing.assert_allclose(encoded(weights, values, wanted), expected, atol=2e-5)


def test_series_of_an_index_alone_are_read():
    shape, weights = shape_of(4, bands=("NDVI",)), random_weights()
    values = reflectances(3, shape)
    expected = features_by_hand(weights, values, shape, groups=[("NDVI", NDVI, lambda mean: mean)])
    np.testing.assert_allclose(encoded(weights, values, shape), expected, atol=2e-5)


def test_an_index_beside_its_bands_is_ignored():
    weights, wanted = random_weights(), shape_of(4, bands=("B04", "B08"))
    values = reflectances(3, wanted)
    given = np.concatenate([values, np.full_like(values[:, :, :1], 0.3)], axis=2)
    with_index = SeriesShape(4, 3, 3, (*wanted.names, "NDVI"), wanted.days, FIRST)
    np.testing.assert_allclose(encoded(weights, given, with_index), encoded(weights, values, wanted), atol=1e-6)


def test_bands_without_light_have_an_index_of_0_and_not_nan():
    shape = shape_of(2)
    assert np.isfinite(encoded(random_weights(), np.zeros((1, 2, 10), np.float32), shape)).all()


def test_a_row_does_not_depend_on_the_others():
    shape, weights = shape_of(12, bands=(*S2, "clear")), random_weights()
    values = reflectances(130, shape)
    values[:, :, 10] = np.random.default_rng(3).random((130, 12)) < 0.3
    whole = encoded(weights, values, shape)
    np.testing.assert_allclose(encoded(weights, values[:1], shape), whole[:1], atol=1e-5)
    assert encoded(weights, values[:0], shape).shape == (0, 32)


# ---------------------------------------------------------------- published weights


def stored(path):
    """The tensors of a file as PyTorch reads them, past our own reader."""
    return torch.load(path, map_location="cpu", weights_only=True)  # noqa: TID251 - what our reader is compared with


def decoder_names(depth=2):
    layers = [
        f"{name}.{part}"
        for name in ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
        for part in ("weight", "bias")
    ]
    found = {f"decoder_blocks.{block}.{name}" for block in range(depth) for name in layers}
    ends = ["decoder_embed", "decoder_norm", "dw_decoder_pred", *[f"eo_decoder_pred.{name}" for name in WIDTHS]]
    found |= {f"{name}.{part}" for name in ends for part in ("weight", "bias")}
    return found | {"mask_token", "pos_embed", "month_embed.weight", "channel_embeddings.weight"}


@published
def test_the_published_file_is_the_encoder_and_the_decoder_to_the_last_tensor():
    names = set(stored(PUBLISHED))
    encoder = PrestoEncoder.of(read_weights(str(PUBLISHED)))
    assert names == {f"encoder.{name}" for name in encoder.state_dict()} | {
        f"decoder.{name}" for name in decoder_names()
    }
    assert len(names) == 102


@published
@pytest.mark.parametrize("path", [PUBLISHED, FINE_TUNED])
def test_every_tensor_of_the_encoder_is_taken_as_it_is(path):
    tensors = stored(path)
    held = PrestoEncoder.of(read_weights(str(path))).state_dict()
    assert set(held) == {name.removeprefix("encoder.") for name in tensors if name.startswith("encoder.")}
    for name, tensor in held.items():
        assert torch.equal(tensor, tensors[f"encoder.{name}"]), name


@published
def test_the_codes_of_the_published_weights_are_those_of_the_paper():
    weights = read_weights(str(PUBLISHED))
    angle = 2 * np.pi * np.arange(12) / 12
    month = np.repeat([np.sin(angle), np.cos(angle)], 16, axis=0).T
    np.testing.assert_allclose(weights["month_embed.weight"], month, atol=1e-6)
    pair = np.arange(64) // 2
    angle = np.arange(24)[:, None] / 1000 ** (2 * pair / 64)
    position = np.where(np.arange(64) % 2 == 0, np.sin(angle), np.cos(angle))
    np.testing.assert_allclose(weights["pos_embed"][0], position, atol=1e-6)


def real_series(count):
    """Monthly mean reflectances of real pixels, (pixel, month, band), of which every month was seen."""
    data = np.load(US)
    values, seen = data["X"].astype(np.float32) / 1e4, ~data["missing"]
    monthly = seen.reshape(len(seen), 12, 3)
    complete = np.flatnonzero(monthly.any(axis=2).all(axis=1))[:: max(1, 500 // count)][:count]
    weight = monthly[complete].astype(np.float32)[..., None]
    return (values[complete].reshape(-1, 12, 3, 10) * weight).sum(axis=2) / weight.sum(axis=2)


def makers_series():
    """Monthly reflectances that the encoder's makers exported themselves, February to January, (pixel, month, band)."""
    with rasterio.open(TOGO) as image:
        cube = image.read()[:, ::6, ::6]
        names = image.descriptions
    optical = [names.index(name) for name in ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")]
    monthly = cube[:-2].reshape(12, 17, -1)[:, optical]
    return monthly.transpose(2, 0, 1) / 1e4


@published
@pytest.mark.skipif(not TOGO.exists(), reason="shared/data/cropharvest_gee_tif is not here")
def test_from_what_the_encoder_tells_the_published_decoder_restores_a_hidden_index():
    """The encoder's reading of bands, months and groups is that of its makers: else their decoder would be lost."""
    weights = {name: tensor.numpy().astype(float) for name, tensor in stored(PUBLISHED).items()}
    a = {name.removeprefix("encoder."): array for name, array in weights.items() if name.startswith("encoder.")}
    d = {name.removeprefix("decoder."): array for name, array in weights.items() if name.startswith("decoder.")}
    *shown, (_, _, index_of) = optical_groups()
    places = {name: place for place, (name, _, _) in enumerate(shown)}
    true, found = [], []
    for one in makers_series():
        x = tokens_by_hand(a, [(month, (month + 1) % 12, one[month]) for month in range(12)], shown)
        for block in range(2):
            x = block_by_hand(x, a, f"blocks.{block}")
        told = dense(layer_norm(x, a, "norm"), d, "decoder_embed")
        y = [told[0]]
        for code, name in enumerate([*WIDTHS, "land cover"]):
            # Terrain has one token, without a time.
            for month in range(1 if name == "SRTM" else 12):
                token = told[1 + 12 * places[name] + month] if name in places else d["mask_token"]
                timed = np.concatenate(
                    [d["month_embed.weight"][(month + 1) % 12], np.zeros(32), d["pos_embed"][0, month]]
                )
                own = np.pad(a["channel_embed.weight"][code], 48)
                y.append(token + own + (0 if name == "SRTM" else timed))
        y = np.array(y)
        for block in range(2):
            y = block_by_hand(y, d, f"decoder_blocks.{block}")
        first = 1 + 12 * (len(WIDTHS) - 2) + 1
        found.append(dense(layer_norm(y[first : first + 12], d, "decoder_norm"), d, "eo_decoder_pred.NDVI")[:, 0])
        true.append([index_of(mean)[0] for mean in one])
    true, found = np.array(true), np.array(found)
    assert np.corrcoef(true.ravel(), found.ravel())[0, 1] > 0.94
    assert np.abs(true - found).mean() < 0.06


@published
@pytest.mark.skipif(not US.exists(), reason="shared/data/us_s2_cdl_2021 is not here")
@pytest.mark.parametrize("path", [PUBLISHED, FINE_TUNED])
def test_published_weights_give_the_features_computed_by_hand_on_real_series(path):
    values = real_series(5)
    days = tuple(int((dt.date(2021 + (m + 2) // 12, (m + 2) % 12 + 1, 15) - FIRST).days) for m in range(12))
    shape = SeriesShape(12, 10, 3, S2, days, FIRST)
    weights = read_weights(str(path))
    found = encoded(weights, values, shape)
    np.testing.assert_allclose(found, features_by_hand(weights, values, shape), atol=2e-4)
    assert found.std(axis=0).max() > 0.1
    assert encoded(weights, values, shape).tobytes() == found.tobytes()


# ---------------------------------------------------------------- fit, package, refusals


def easy(count=90, seed=0, *, classes=3, bands=S2):
    rng = np.random.default_rng(seed)
    columns = np.arange(count) % classes
    values = rng.uniform(0.1, 0.12, (count, 9, len(bands))).astype(np.float32)
    values[:, 3:6, 6] += (columns * 0.2)[:, None].astype(np.float32)
    return SampleSet(
        values=values,
        codes=(columns + 1).astype(np.uint8),
        ids=np.arange(count).astype(str),
        x=np.zeros(count),
        y=np.zeros(count),
        groups=np.arange(count).astype(str),
        days=np.arange(0, 90, 10, dtype=np.int32),
        bands=bands,
        legend=Legend(tuple(LegendClass(code + 1, f"class {code}", "#112233") for code in range(classes))),
        recipe=Recipe("weekly", Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30)), (StepUse("linear", {}),)),
        crs="",
    )


@pytest.mark.parametrize(("head", "classes"), [("linear", 3), ("linear", 2), ("forest", 3)])
def test_a_fitted_package_needs_the_file_of_weights_no_more(weights_file, tmp_path, head, classes):
    path = weights_file()
    options = FitOptions(seed=5, device="cpu", threads=1)
    package = fit(easy(classes=classes), "presto", {"weights": path, "head": head, "trees": 20}, options)
    write_package(tmp_path / "model.cropmap", package)
    Path(path).unlink()
    again = read_package(tmp_path / "model.cropmap")
    fresh = easy(seed=1, classes=classes)
    found = Predictor(again).probabilities(fresh.values)
    assert (Predictor(again).codes(fresh.values) == fresh.codes).mean() >= 0.95
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert found.tobytes() == Predictor(package).probabilities(fresh.values).tobytes()


@pytest.mark.parametrize("classes", [2, 3])
def test_the_linear_head_is_scikit_learn_s_regression_on_standardised_features(weights_file, classes):
    shape, columns = shape_of(classes=classes), np.arange(60) % classes
    values = reflectances(60, shape)
    params = PrestoParams(weights=weights_file(), strength=0.3)
    model = Presto.fit(params, shape, (values, columns), FitSettings(0, 1), Progress())
    features = model.encode(values).astype(float)
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    expected = LogisticRegression(C=0.3, max_iter=5000).fit(standard, columns).predict_proba(standard)
    np.testing.assert_allclose(model.predict_proba(values), expected, atol=1e-6)
    np.testing.assert_allclose(model.head(model.encode(values)), model.predict_proba(values), atol=1e-7)


def test_the_encoder_stays_as_it_was_read(weights_file):
    path = weights_file()
    model = Presto.fit(
        PrestoParams(weights=path),
        shape_of(),
        (reflectances(30, shape_of()), np.arange(30) % 3),
        FitSettings(0, 1),
        Progress(),
    )
    for name, array in read_weights(path).items():
        np.testing.assert_array_equal(model.arrays()[f"encoder.{name}"], array)


def test_weights_are_required():
    with pytest.raises(ParameterError, match="weights: is missing"):
        MODELS.get("presto").parse({})


def test_wrong_weights_are_refused_before_the_run(weights_file, tmp_path):
    Presto.check(PrestoParams(weights=weights_file()))
    with pytest.raises(PackageError, match="no such file"):
        Presto.check(PrestoParams(weights=str(tmp_path / "none.pt")))
    torch.save({"layer.weight": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(PackageError, match=r"not Presto's: layer\.weight"):
        Presto.check(PrestoParams(weights=str(tmp_path / "other.pt")))
    torch.save({"encoder.norm.weight": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(PackageError, match="not those of a Presto encoder"):
        Presto.check(PrestoParams(weights=str(tmp_path / "other.pt")))
    state = stored(weights_file())
    del state["encoder.latlon_embed.bias"]
    torch.save(state, tmp_path / "other.pt")
    with pytest.raises(PackageError, match=r"latlon_embed\.bias"):
        Presto.check(PrestoParams(weights=str(tmp_path / "other.pt")))


def test_a_package_with_arrays_of_another_head_is_refused(weights_file):
    shape = shape_of()
    samples = (reflectances(30, shape), np.arange(30) % 3)
    model = Presto.fit(PrestoParams(weights=weights_file()), shape, samples, FitSettings(0, 1), Progress())
    with pytest.raises(PackageError, match="not the ones it needs"):
        Presto.from_arrays(PrestoParams(weights="", head="forest"), shape, model.arrays())
    with pytest.raises(PackageError, match="has shape"):
        Presto.from_arrays(PrestoParams(weights=""), shape_of(classes=4), model.arrays())


def test_whole_numbers_are_refused(weights_file):
    shape = shape_of()
    samples = (reflectances(30, shape) * 10_000, np.arange(30) % 3)
    with pytest.raises(SampleError, match="reflectances from 0 to 1"):
        Presto.fit(PrestoParams(weights=weights_file()), shape, samples, FitSettings(0, 1), Progress())


@pytest.mark.parametrize(
    ("shape", "what"),
    [
        (SeriesShape(3, 2, 2, ("b1", "b2"), (0, 10, 20), FIRST), "none of the bands"),
        (SeriesShape(3, 10, 2), "dates"),
        (SeriesShape(2, 10, 2, S2, (0, 750), FIRST), "25 months"),
    ],
)
def test_series_that_it_cannot_read_are_refused(shape, what):
    with pytest.raises(ModelError, match=what):
        MonthlyInput.of(shape, 24)
