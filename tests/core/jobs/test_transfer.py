"""The job that carries a model to another site, on simulated sites."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from cropmap.contract.errors import ModelError, OutputError, ParameterError, SampleError, TransferError
from cropmap.contract.job import Job
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.legend import Legend, LegendClass
from cropmap.io.packages import read_package, write_package
from cropmap.io.samples import read_samples, write_samples
from cropmap.io.vectors import read_labels
from cropmap.jobs import JOBS, advising
from cropmap.jobs.images import recipe_for
from cropmap.jobs.run import run_job
from cropmap.models import MODELS
from cropmap.models.predictor import Predictor
from cropmap.sampling.extract import extract
from cropmap.sampling.place import place
from cropmap.sources import SOURCES
from cropmap.testing.series import draw_series
from cropmap.testing.synthetic import SyntheticOptions
from cropmap.training.fit import fit
from cropmap.transfer import STRATEGIES
from cropmap.transfer.advice import advise

if TYPE_CHECKING:
    from cropmap.data.run import RunRecord
    from cropmap.data.samples import SampleSet
    from cropmap.testing.synthetic import SyntheticSite
    from cropmap.transfer.base import Transfer
    from cropmap.transfer.situation import Situation

FOREST = {"name": "random_forest", "trees": 15}
LATE = {"seed": 7, "season_shift_days": 21}


def grown(counts: dict[str, int], seed: int, **knobs: Any) -> SampleSet:
    return draw_series(counts, SyntheticOptions(seed=seed, size=512, **knobs))


def named(samples: SampleSet, names: dict[str, tuple[int, str]]) -> SampleSet:
    """The same samples under other codes and names."""
    classes = tuple(LegendClass(code, name, "#112233") for code, name in names.values())
    codes = {samples.legend.code_of(old): code for old, (code, _) in names.items()}
    made = np.array([codes[code] for code in samples.codes.tolist()], np.uint8)
    return dataclasses.replace(samples, codes=made, legend=Legend(classes))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A source of three crops and its forest; a late target of two of them under other names, and its series."""
    folder = tmp_path_factory.mktemp("files")
    source = grown({"Corn": 90, "Soybean": 90, "Alfalfa": 60}, 1)
    write_samples(folder / "source.gpkg", source)
    write_package(folder / "source.cropmap", fit(source, "random_forest", {"trees": 15}))
    late = named(grown({"Corn": 60, "Soybean": 60}, **LATE), {"Corn": (8, "kukuruz"), "Soybean": (3, "soja")})
    write_samples(folder / "late.gpkg", late)
    write_samples(folder / "series.gpkg", grown({"Corn": 120, "Soybean": 90}, **LATE))
    return {path.name: str(path) for path in folder.iterdir()}


def job_of(files: dict[str, str], out: Path, **changed: Any) -> Job:
    params = {
        "sample_set": files["source.gpkg"],
        "target_samples": files["late.gpkg"],
        "target_series": files["series.gpkg"],
        "strategies": ["shifted", "pooled"],
        "model": FOREST,
        "folds": 3,
        "block_km": 2,
        "gap_m": 0,
    }
    return Job("transfer", {name: value for name, value in (params | changed).items() if value is not None}, str(out))


def rows_of(record: RunRecord, name: str) -> list[dict[str, str]]:
    with Path(record.result["outputs"][name]).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def outcome(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    return run_job(job_of(files, tmp_path_factory.mktemp("run")))


def test_a_late_season_is_best_met_by_moving_the_calendar_or_by_labels(outcome: RunRecord) -> None:
    figures = outcome.result["figures"]
    own = figures["strategies"]
    assert list(own) == sorted(own, key=lambda name: -own[name]["macro_f1"])
    assert figures["best"] == next(iter(own)) != "direct"
    assert own["shifted"]["macro_f1"] > own["direct"]["macro_f1"] + 0.05
    value, low, high = own["shifted"]["over_direct"]
    assert value == pytest.approx(own["shifted"]["macro_f1"] - own["direct"]["macro_f1"], abs=2e-4)
    assert low <= value <= high
    assert set(own) == {"shifted", "pooled", "direct", "scratch"}
    assert figures["verdict"] == "high"
    assert figures["lag_days"] == pytest.approx(21, abs=4)


def test_figures_are_those_of_the_predictions_of_models_that_had_not_seen_the_fold(outcome: RunRecord) -> None:
    predictions = rows_of(outcome, "predictions")
    assert len(predictions) == 120
    for name, own in outcome.result["figures"]["strategies"].items():
        right = np.mean([row["reference"] == row[name] for row in predictions])
        assert own["overall_accuracy"] == pytest.approx(right, abs=5e-5)
    strategies = {row["name"]: row for row in rows_of(outcome, "strategies")}
    differing = [
        row for row in predictions if (row["shifted"] == row["reference"]) != (row["direct"] == row["reference"])
    ]
    pair = next(row for row in rows_of(outcome, "pairs") if {row["model"], row["other"]} == {"shifted", "direct"})
    assert int(pair["only_model_right"]) + int(pair["only_other_right"]) == len(differing)
    assert float(strategies["shifted"]["p_holm_direct"]) == pytest.approx(float(pair["p_holm"]))
    assert strategies["direct"]["p_holm_direct"] == ""


def test_classes_are_matched_by_meaning_and_those_of_the_source_alone_are_not_answered(
    outcome: RunRecord, files: dict[str, str]
) -> None:
    figures = outcome.result["figures"]
    assert figures["classes"] == {"shared": ["soja", "kukuruz"], "source_only": ["Alfalfa"], "target_only": []}
    late = read_samples(files["series.gpkg"]).values
    for name in ("direct", "shifted", "pooled"):
        package = read_package(outcome.result["outputs"][f"package_{name}"])
        predictor = Predictor(package)
        answered = {package.legend.names_by_code[code] for code in np.unique(predictor.codes(late)).tolist()}
        assert answered <= {"kukuruz", "soja"}
        assert package.record["masked_classes"] == ["Alfalfa"]
    # The share that a model without the mask gives to alfalfa.
    before = dataclasses.replace(read_package(outcome.result["outputs"]["package_direct"]), class_weights=())
    likeliest = Predictor(before).probabilities(late).argmax(axis=1)
    share = np.mean(likeliest == before.legend.names.index("Alfalfa"))
    assert share > 0
    assert figures["open_set_share"] == pytest.approx(share, abs=5e-5)


def test_classes_that_are_named_are_answered_though_no_label_has_them(files: dict[str, str], tmp_path: Path) -> None:
    named_ = run_job(job_of(files, tmp_path / "run", strategies=["direct"], classes=["corn", "soybean", "alfalfa"]))
    assert named_.result["figures"]["open_set_share"] == 0
    assert "masked_classes" not in read_package(named_.result["outputs"]["package_direct"]).record
    with pytest.raises(ParameterError, match="leaves out soja"):
        run_job(job_of(files, tmp_path / "other", classes=["corn"]))


def test_the_best_package_is_an_output_and_its_record_says_how_it_was_judged(outcome: RunRecord) -> None:
    best = outcome.result["figures"]["best"]
    outputs = outcome.result["outputs"]
    assert outputs["package"] == outputs[f"package_{best}"]
    assert Path(outputs["package"]).parent.name == "packages"
    record = read_package(outputs["package"]).record
    assert record["strategy"] == best
    told = record["cross_validation"]
    assert told["macro_f1"] == pytest.approx(outcome.result["figures"]["strategies"][best]["macro_f1"], abs=5e-5)
    assert told["folds"] == 3
    assert not (Path(outcome.result["run_folder"]) / "checkpoints").exists()
    assert "Transfer from corn_belt 1 to corn_belt 7" in Path(outputs["report"]).read_text(encoding="utf-8")


def test_no_strategy_sees_labels_or_land_of_the_fold_that_it_is_judged_on(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, tasks = STRATEGIES.get("pooled"), []

    def watched(params: Any, task: Transfer) -> Any:
        tasks.append(task)
        return make(params, task)

    make = entry.make
    monkeypatch.setitem(STRATEGIES._entries, "pooled", dataclasses.replace(entry, make=watched))
    found = run_job(job_of(files, tmp_path / "run", strategies=["pooled"], gap_m=100))
    predictions = rows_of(found, "predictions")
    target, series = read_samples(files["late.gpkg"]), read_samples(files["series.gpkg"])
    whole, *folds = tasks
    assert (len(whole.target), len(whole.series)) == (len(target), len(series))
    assert len(folds) == 3
    for number, task in enumerate(folds, start=1):
        tested = {row["id"] for row in predictions if row["fold"] == str(number)}
        assert tested
        assert not tested & set(task.target.ids.tolist())
        kept = np.array([(row == task.series).all(axis=(1, 2)).any() for row in series.values])
        assert 0 < kept.sum() < len(series)
        inside = np.isin(target.ids, list(tested))
        to_tested, to_others = (
            np.hypot(series.x[:, None] - target.x[own], series.y[:, None] - target.y[own]).min(axis=1)
            for own in (inside, ~inside)
        )
        np.testing.assert_array_equal(kept, (to_tested > to_others) & (to_tested >= 100))


def test_the_same_job_gives_the_same_bytes(files: dict[str, str], tmp_path: Path, outcome: RunRecord) -> None:
    again = run_job(job_of(files, tmp_path / "run"))
    for name in ("predictions", "pairs", "package_pooled", "package_shifted", "package_scratch"):
        one, other = (Path(run.result["outputs"][name]).read_bytes() for run in (outcome, again))
        assert one == other, name


def test_a_cancelled_job_keeps_its_packages_and_goes_on_with_the_same_result(
    files: dict[str, str], tmp_path: Path, outcome: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"

    def stopped() -> bool:
        return any((folder / "checkpoints" / "pooled" / "fold 2").rglob("*.cropmap"))

    with pytest.raises(Cancelled):
        run_job(job_of(files, folder), progress=Progress(cancelled=stopped))
    assert {path.stem for path in (folder / "packages").iterdir()} == {"direct", "pooled", "scratch", "shifted"}
    forest, fitted = MODELS.get("random_forest").make, []
    real = forest.fit.__func__

    def counted(cls: Any, params: Any, *rest: Any) -> Any:
        fitted.append(params)
        return real(cls, params, *rest)

    monkeypatch.setattr(forest, "fit", classmethod(counted))
    again = run_job(job_of(files, folder))
    # What was left: the third fold of pooled, and the three of scratch.
    assert len(fitted) == 4
    for name in ("predictions", "pairs", "classes", "package_pooled"):
        one, other = (Path(run.result["outputs"][name]).read_bytes() for run in (outcome, again))
        assert one == other


def test_without_labels_candidates_are_scored_and_the_first_asked_for_is_kept(
    files: dict[str, str], tmp_path: Path
) -> None:
    found = run_job(job_of(files, tmp_path / "run", target_samples=None, strategies=["direct", "shifted"]))
    figures = found.result["figures"]
    assert list(figures["strategies"]) == ["direct", "shifted"]
    assert figures["best"] == "direct"
    # The calendar was found where the answers carry most information.
    scores = {name: own["scores"]["information"] for name, own in figures["strategies"].items()}
    assert scores["shifted"] > scores["direct"]
    assert figures["strategies"]["shifted"]["score"] == scores["shifted"]
    assert "macro_f1" not in figures["strategies"]["direct"]
    assert figures["classes"]["source_only"] == []
    assert "predictions" not in found.result["outputs"]
    assert {"accuracy", "risk", "dev", "density"} <= set(figures["strategies"]["direct"]["scores"])


def test_the_advice_that_is_left_hears_the_scores_of_what_was_run(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Situation] = []
    monkeypatch.setattr(advising, "advise", lambda situation: asked.append(situation) or advise(situation))
    strategies = ["direct", {"name": "shifted", "how": "entropy"}]
    found = run_job(job_of(files, tmp_path / "run", target_samples=None, strategies=strategies)).result["figures"]
    scores = {name: own["scores"]["information"] for name, own in found["strategies"].items()}
    told = {"direct, random_forest": scores["direct"], "shifted how entropy, random_forest": scores["shifted"]}
    assert asked[-1].information == pytest.approx(told, abs=1e-3)
    assert len(told) == 2


def test_a_package_alone_is_enough(files: dict[str, str], tmp_path: Path) -> None:
    given = {"sample_set": None, "package": files["source.cropmap"], "model": None, "strategies": ["direct", "shifted"]}
    alone = run_job(job_of(files, tmp_path / "a", **given, target_samples=None))
    assert set(alone.result["figures"]["strategies"]["shifted"]["scores"]) == {"entropy", "information", "density"}
    assert "verdict" not in alone.result["figures"]
    labelled = run_job(job_of(files, tmp_path / "b", **given))
    own = labelled.result["figures"]["strategies"]
    assert own["scratch"]["model"] == "random_forest"
    assert own["shifted"]["macro_f1"] > own["direct"]["macro_f1"]


def test_where_no_strategy_is_named_the_advice_chooses(files: dict[str, str], tmp_path: Path) -> None:
    found = run_job(job_of(files, tmp_path / "run", strategies=None)).result["figures"]
    advised = [own["strategy"] for own in found["advice"]]
    asked = set(found["strategies"]) - {"direct", "scratch"}
    assert advised
    # Of what a forest can do with labels and series.
    assert asked
    assert asked <= {"pooled", "shifted", "coral"}
    assert all(own["model"] == "random_forest" for own in found["strategies"].values())


def test_labelled_series_stand_in_where_there_are_no_others(files: dict[str, str], tmp_path: Path) -> None:
    found = run_job(job_of(files, tmp_path / "run", target_series=None, strategies=["shifted"]))
    assert found.result["figures"]["strategies"]["shifted"]["macro_f1"] > 0.5
    assert found.result["figures"]["target_series"] == 0


def test_a_strategy_that_refuses_is_left_out_and_told(files: dict[str, str], tmp_path: Path) -> None:
    series = read_samples(files["series.gpkg"])
    write_samples(tmp_path / "few.gpkg", series.subset(np.arange(len(series)) < 5))  # too few to tell a calendar
    few = str(tmp_path / "few.gpkg")
    found = run_job(job_of(files, tmp_path / "run", target_series=few, strategies=["shifted", "pooled"]))
    assert "do not tell how a calendar" in found.result["figures"]["left_out"]["shifted"]
    assert "shifted" not in found.result["figures"]["strategies"]
    assert any("is not run" in text for text in found.result["warnings"])
    with pytest.raises(TransferError, match="None of the strategies"):
        run_job(job_of(files, tmp_path / "none", target_series=few, strategies=["shifted"], target_samples=None))


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"sample_set": None, "model": None}, TransferError, "nothing to transfer from"),
        ({"target_samples": None, "target_series": None}, TransferError, "Nothing of the target"),
        ({"target_samples": None, "strategies": ["scratch"]}, TransferError, "needs labelled samples of the target"),
        ({"strategies": ["fine_tune"]}, TransferError, "gradients, which the model random_forest does not have"),
        ({"strategies": [{"name": "shifted", "most": -1}]}, ParameterError, r"strategies\[0\]\.most"),
        ({"strategies": ["pooled", {"name": "known_shares", "shares": "corn"}]}, TransferError, "Write them like"),
        ({"strategies": [{"name": "known_shares", "shares": "banana 1"}]}, TransferError, "no class 'banana'.*Alfalfa"),
        (
            {"strategies": [{"name": "known_shares", "shares": "corn 40, soy 60"}]},
            TransferError,
            "Give shares of the w",
        ),
        (
            {"sample_set": None, "package": "PACKAGE", "strategies": [{"name": "known_shares", "shares": "rye 1"}]},
            TransferError,
            "no class 'rye'",
        ),
        ({"strategies": ["magic"]}, ParameterError, "no 'magic' in strategies"),
        ({"model": "magic"}, ParameterError, "no 'magic' in models"),
        ({"sample_set": None, "package": "PACKAGE", "strategies": ["pooled"]}, TransferError, "needs labelled samples"),
        ({"target_samples": "SERIES_ALONE"}, SampleError, "unlabelled"),
        ({"device": "cuda", "model": "tempcnn"}, ModelError, "cuda|CUDA|GPU"),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_work(
    files: dict[str, str],
    tmp_path: Path,
    changed: dict[str, Any],
    error: type[Exception],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if changed.get("device") == "cuda":
        torch = pytest.importorskip("torch")
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    if "package" in changed:
        changed = changed | {"package": files["source.cropmap"]}
    if changed.get("target_samples") == "SERIES_ALONE":
        own = read_samples(files["series.gpkg"])
        legend = Legend((LegendClass(0, "unlabelled", "#9aa0a6"),))
        alone = dataclasses.replace(own, codes=np.zeros(len(own), np.uint8), legend=legend)
        write_samples(tmp_path / "alone.gpkg", alone)
        changed = changed | {"target_samples": str(tmp_path / "alone.gpkg")}

    def fits(*_: Any) -> None:
        pytest.fail("something was trained")

    monkeypatch.setattr(MODELS.get("random_forest").make, "fit", fits)
    with pytest.raises(error, match=words):
        run_job(job_of(files, tmp_path / "run", **changed))


def test_another_preparation_is_refused_with_the_way_to_mend_it(files: dict[str, str], tmp_path: Path) -> None:
    late = read_samples(files["late.gpkg"])
    steps = (dataclasses.replace(late.recipe.steps[0], name="whittaker"),)
    write_samples(tmp_path / "o.gpkg", dataclasses.replace(late, recipe=dataclasses.replace(late.recipe, steps=steps)))
    with pytest.raises(TransferError, match=r"its steps are whittaker, not linear.*with the recipe 'own'"):
        run_job(job_of(files, tmp_path / "run", target_samples=str(tmp_path / "o.gpkg")))


def test_samples_and_model_of_the_source_that_do_not_belong_together_are_told(
    files: dict[str, str], tmp_path: Path
) -> None:
    source = read_samples(files["source.gpkg"])
    write_samples(tmp_path / "o.gpkg", dataclasses.replace(source, bands=("x", *source.bands[1:])))
    given = {"sample_set": str(tmp_path / "o.gpkg"), "package": files["source.cropmap"]}
    with pytest.raises(TransferError, match="source's samples were not prepared like the source's model: the band"):
        run_job(job_of(files, tmp_path / "run", **given))


def test_a_network_is_trained_where_the_package_that_is_given_has_no_gradients(
    files: dict[str, str], tmp_path: Path
) -> None:
    network = {"name": "tempcnn", "width": 8, "dense": 16, "epochs": 3, "batch_size": 32}
    asked = [{"name": "fine_tune", "preset": "head", "epochs": 2}]
    given = {"package": files["source.cropmap"], "model": network, "strategies": asked, "device": "cpu"}
    own = run_job(job_of(files, tmp_path / "run", **given)).result["figures"]["strategies"]
    assert own["fine_tune"]["model"] == "tempcnn"
    assert own["direct"]["model"] == "random_forest"


def test_values_of_other_units_are_refused_whichever_file_holds_them(files: dict[str, str], tmp_path: Path) -> None:
    for given in ("target_samples", "target_series"):
        own = read_samples(files["late.gpkg"])
        path = tmp_path / f"{given}.gpkg"
        write_samples(path, dataclasses.replace(own, values=own.values * np.float32(10_000)))
        with pytest.raises(TransferError, match="are of other units: The source holds blue of") as error:
            run_job(job_of(files, tmp_path / f"run {given}", **{given: str(path)}))
        assert str(path) in error.value.where


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        (["Mais", "soja", "maize"], "'Mais' and 'maize' mean the same class"),
        (["banana"], "none of the source's classes: Alfalfa, Corn"),
    ],
)
def test_classes_that_cannot_be_are_refused_before_any_work(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, classes: list[str], words: str
) -> None:
    monkeypatch.setattr(MODELS.get("random_forest").make, "fit", lambda *_: pytest.fail("something was trained"))
    with pytest.raises(ParameterError, match=words):
        run_job(job_of(files, tmp_path / "run", target_samples=None, classes=classes))


def test_what_is_wrong_with_the_targets_labels_is_told_of_their_file(files: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "corn.gpkg"
    write_samples(path, grown({"Corn": 30}, **LATE))
    with pytest.raises(SampleError, match="All 30 samples are of class 'Corn'") as error:
        run_job(job_of(files, tmp_path / "run", target_samples=str(path)))
    assert str(path) in error.value.where


def test_samples_that_stand_on_both_sides_are_told_of(files: dict[str, str], tmp_path: Path) -> None:
    source, late = read_samples(files["source.gpkg"]), read_samples(files["late.gpkg"])
    values = late.values.copy()
    values[:7] = source.values[:7]
    write_samples(tmp_path / "both.gpkg", dataclasses.replace(late, values=values))
    asked = job_of(files, tmp_path / "run", target_samples=str(tmp_path / "both.gpkg"), strategies=["direct"])
    told = [text for text in run_job(asked).result["warnings"] if "among the source's samples too" in text]
    assert len(told) == 1
    assert told[0].startswith("7 of 120")


def test_packages_that_the_job_did_not_write_are_left_alone(files: dict[str, str], tmp_path: Path) -> None:
    own = tmp_path / "run" / "packages" / "mine.cropmap"
    own.parent.mkdir(parents=True)
    own.write_text("years of work", encoding="utf-8")
    # Packages of an interrupted try with another strategy are the job's own, and go.
    ledger = tmp_path / "run" / "checkpoints" / "packages.txt"
    ledger.parent.mkdir()
    ledger.write_text("dann.cropmap\n", encoding="utf-8")
    (own.parent / "dann.cropmap").write_text("half a run", encoding="utf-8")
    run_job(job_of(files, tmp_path / "run", target_samples=None, strategies=["direct"]))
    assert own.read_text(encoding="utf-8") == "years of work"
    assert {path.name for path in own.parent.iterdir()} == {"mine.cropmap", "direct.cropmap"}


def test_a_file_where_the_packages_go_is_told_before_any_work(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODELS.get("random_forest").make, "fit", lambda *_: pytest.fail("something was trained"))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "packages").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="packages"):
        run_job(job_of(files, tmp_path / "run"))


def test_the_open_set_share_is_that_of_the_whole_file_however_it_is_sorted(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = grown({"Corn": 150, "Alfalfa": 150}, 1)  # sorted by class: alfalfa, which the target lacks, comes last
    write_samples(tmp_path / "sorted.gpkg", own)
    monkeypatch.setattr("cropmap.jobs.candidates._MOST", 150)
    given = {"target_series": str(tmp_path / "sorted.gpkg"), "target_samples": None, "classes": ["corn", "soybean"]}
    found = run_job(job_of(files, tmp_path / "run", **given, strategies=["direct"])).result["figures"]
    assert found["open_set_share"] == pytest.approx(0.5, abs=0.12)


def test_a_source_that_teaches_no_model_stops_no_strategy_that_does_without(
    files: dict[str, str], tmp_path: Path
) -> None:
    write_samples(tmp_path / "corn.gpkg", grown({"Corn": 60}, 1))
    asked = job_of(files, tmp_path / "run", sample_set=str(tmp_path / "corn.gpkg"), strategies=["pooled", "scratch"])
    found = run_job(asked).result
    assert set(found["figures"]["strategies"]) == {"pooled", "scratch"}
    assert any("The source's samples teach no model" in text for text in found["warnings"])


def test_a_forest_is_trained_where_the_sources_kind_of_model_cannot_be(files: dict[str, str], tmp_path: Path) -> None:
    source = read_samples(files["source.gpkg"])
    network = fit(source, "tempcnn", {"width": 8, "dense": 16, "epochs": 2, "batch_size": 32})
    write_package(tmp_path / "network.cropmap", network)
    forest = fit(source, "feature_forest", {"package": str(tmp_path / "network.cropmap"), "trees": 10})
    write_package(tmp_path / "features.cropmap", forest)
    asked = {"package": str(tmp_path / "features.cropmap"), "model": None, "strategies": ["pooled"]}
    found = run_job(job_of(files, tmp_path / "run", **asked)).result
    models = {name: own["model"] for name, own in found["figures"]["strategies"].items()}
    assert models == {"pooled": "random_forest", "scratch": "random_forest", "direct": "feature_forest"}
    assert any("(feature_forest) cannot be trained from samples alone" in text for text in found["warnings"])


def test_nothing_must_be_given_but_the_sites() -> None:
    schema = JOBS.get("transfer").catalogued().schema
    assert schema["required"] == []
    assert schema["properties"]["images"]["default"] == ""
    assert schema["properties"]["strategies"]["default"] == []


def test_series_are_drawn_from_the_targets_images_and_kept(
    site: SyntheticSite, images: dict[str, Any], tmp_path: Path
) -> None:
    entry = SOURCES.get("folder")
    series = entry.make(entry.parse({"path": str(site.images), "masks": ["QA_PIXEL"]}))
    recipe = recipe_for({"name": "weekly_linear", "min_clear": 3, "max_gap_days": 0}, series)
    samples, _ = extract(series, place(read_labels(site.points), series.grid), recipe)
    write_package(tmp_path / "model.cropmap", fit(samples, "random_forest", {"trees": 15}))
    asked = {"package": str(tmp_path / "model.cropmap"), "images": images, "pixels": 200, "strategies": ["shifted"]}
    found = run_job(Job("transfer", asked, str(tmp_path / "run"))).result
    drawn = read_samples(found["outputs"]["target_series"])
    assert found["figures"]["target_series"] == len(drawn) > 150
    # A site carried to itself keeps its calendar, and the package says of which values it is.
    package = read_package(found["outputs"]["package"])
    assert package.shift_days == 0
    assert package.record["ranges"].keys() == set(samples.bands)
    assert package.record["masked"]
