"""How accurate every model is on labelled series that nobody here made: the tables of docs/benchmarks.md.

    python benchmarks/model_accuracy.py [--models tempcnn ltae] [--sets arkansas] [--seeds 0 1]

One line of JSON is written for every finished fit, in benchmarks/results; what stands in the file already is not done
again, so a run may be stopped and go on. The tables at the end show all that the file holds.

`draw`: 240 samples a class for training and 60 for validation at random, the rest is the test, the design of Wang et
al. 2024 (doi:10.1016/j.compag.2024.109370); a class of 300 or fewer gives two fifths, a tenth, the rest. Networks and
ensembles stop on the validation samples; other models do not see them. `blocks`: five folds of whole blocks of land.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from harness import machine, say, table
from scipy.stats import t as student

from cropmap.contract.errors import CropMapError
from cropmap.contract.params import specs
from cropmap.data.accuracy import Accuracy, accuracy_of
from cropmap.data.probabilities import tempered
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.samples import FoldPlan, LabelledSeries, SampleSet
from cropmap.data.schemes import scheme_of
from cropmap.data.season import Season
from cropmap.io.projection import crs_wkt
from cropmap.io.series_table import read_series_table
from cropmap.models import MODELS
from cropmap.models.base import SelfFittingClassifier, model_class
from cropmap.models.predictor import Predictor
from cropmap.sampling.folds import FoldOptions, fold_samples
from cropmap.sampling.from_series import samples_from_series
from cropmap.training.fit import FitOptions, check_fit, cross_validate, fit
from cropmap.training.temperature import fit_temperature

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

RESULTS = Path(__file__).parent / "results" / "model_accuracy.jsonl"
TRAIN, VALIDATE, FOLDS, BLOCK_M = 240, 60, 5, 10_000.0
# Steps before the gaps are filled by straight lines. Ten usual indices, picked before any result was seen.
INDICES = ["NDVI", "EVI", "LSWI", "NDWI", "MNDWI", "NDTI", "NDRE", "RENDVI", "VRESTI", "PSRI"]
PREPARATIONS: dict[str, tuple[StepUse, ...]] = {
    "bands": (),
    "indices": (StepUse("indices", {"features": "listed", "names": INDICES}),),
    "paper_indices": (StepUse("indices", {"features": "unique42"}),),
}
# Samples of each class in both zones of a state, of which the files hold the northern one: the shares of the whole.
WHOLE = {
    "arkansas": {"Corn": 1520, "Cotton": 760, "Rice": 2420, "Soybeans": 4680, "Others": 620},
    "california": {"Grapes": 2060, "Rice": 2040, "Alfalfa": 980, "Almonds": 780, "Pears": 640, "Others": 3520},
}
CAWA_CLASSES = (
    "cotton = cotton; wheat = wheat; rice = rice; orchard = orchard, vineyard; "
    "wheat and another = wheat-other, wheat-maize, wheat-rice, wheat-vegetables, wheat-sorghum, wheat-broom; "
    "others = alfalfa, maize; rest = others"
)


@dataclass(frozen=True)
class Case:
    """One fit, or one cross-validation, that is asked for."""

    data: str
    preparation: str
    protocol: str
    model: str
    values: Mapping[str, Any]
    seed: int

    def key(self) -> str:
        """Return what tells it from every other."""
        return json.dumps(vars(self), sort_keys=True)


def main() -> None:
    """Do what is not done yet, and print the tables."""
    given = _arguments()
    torch.set_num_threads(given.threads)
    done = {line["case"] for line in _lines(given.out)}
    prepared: dict[tuple[str, str], SampleSet | None] = {}
    for case in _cases(given):
        if case.key() in done:
            continue
        place = case.data, case.preparation
        if place not in prepared:
            prepared[place] = _prepared(given.folder, *place)
        samples = prepared[place]
        # Where weights lie on this machine is no part of the case.
        values = {**case.values, **_weights(case.model, given.folder)}
        if samples is None or not _possible(case, values):
            continue
        start = time.perf_counter()
        found = PROTOCOLS[case.protocol](samples, case, values, given.threads)
        line = {"case": case.key(), **vars(case), **found, "seconds": round(time.perf_counter() - start, 1)}
        with given.out.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        said = "  ".join(f"{name} {value:.4f}" for name, value in found.items() if isinstance(value, float))
        say(f"{case.data} {case.preparation} {case.protocol} {case.model} seed {case.seed}: {said}")
    say(f"\n{machine()}; {given.threads} threads\n")
    for text in _tables(_lines(given.out), given.folder):
        say(text + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=RESULTS, help="file of results, one a line; goes on where it ends")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument("--models", nargs="*", default=None, help="registered names; every model where left out")
    parser.add_argument("--values", type=json.loads, default={}, help="parameter values of the models named, as JSON")
    parser.add_argument("--protocols", nargs="*", default=list(PROTOCOLS), choices=list(PROTOCOLS))
    parser.add_argument("--preparations", nargs="*", default=["bands"], choices=list(PREPARATIONS))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _cases(given: argparse.Namespace) -> Iterator[Case]:
    models = [entry.name for entry in MODELS.entries()] if given.models is None else given.models
    for data in given.sets:
        for preparation in given.preparations:
            for protocol in given.protocols:
                if protocol == "draw" and data not in WHOLE:
                    continue
                for model in models:
                    # Block folds cost five fits: they are drawn once.
                    for seed in given.seeds if protocol == "draw" else given.seeds[:1]:
                        yield Case(data, preparation, protocol, model, given.values, seed)


def _weights(model: str, folder: Path) -> dict[str, Any]:
    """Return where the published weights lie, for a model that needs them."""
    needs = any(spec.name == "weights" and spec.kind == "file" for spec in specs(MODELS.get(model).params))
    return {"weights": str(folder / "presto_weights" / "default_model.pt")} if needs else {}


def _possible(case: Case, values: Mapping[str, Any]) -> bool:
    try:
        check_fit(case.model, values, "cpu")
    except CropMapError as error:
        say(f"{case.model} is left out: {error}")
        return False
    return True


# ---------------------------------------------------------------- data


def _prepared(folder: Path, data: str, preparation: str) -> SampleSet | None:
    try:
        series = SETS[data](folder)
    except (FileNotFoundError, ImportError) as error:
        say(f"{data} is left out: {error}")
        return None
    dates = np.sort(series.dates[0])
    days = (dates - dates[0]).astype(int).tolist()
    steps = (*PREPARATIONS[preparation], StepUse("linear", {"days": days}))
    scheme = scheme_of(CAWA_CLASSES) if data.startswith("cawa") else None
    return samples_from_series(
        series, Recipe(preparation, Season(dates[0].item(), dates[-1].item()), steps), scheme=scheme
    )


def state(folder: Path, name: str) -> LabelledSeries:
    """Return a state's dekads; those that are missing are NaN."""
    with np.load(folder / "us_s2_cdl_2021" / f"us_{name}_2021_zone0.npz", allow_pickle=False) as held:
        values = held["X"].astype(np.float32) / 10_000
        values[held["missing"] | (held["X"] == 0).all(axis=2)] = np.nan
        ids = np.arange(len(values)).astype(str)
        return LabelledSeries(
            values=values,
            dates=np.tile(held["date_start"].astype("datetime64[D]"), (len(values), 1)),
            labels=held["class_names"][held["y"]],
            ids=ids,
            groups=np.char.add("#", ids),
            x=held["lon"],
            y=held["lat"],
            bands=tuple(held["bands"].tolist()),
            crs=crs_wkt("EPSG:4326"),
        )


def cawa(folder: Path, region: str, year: int) -> LabelledSeries:
    """Return the fields of a region in a year, 23 dates of NDVI with gaps."""
    import pyarrow.parquet  # noqa: PLC0415 - for this data alone

    rows = pyarrow.parquet.read_table(folder / "cawa_central_asia" / "cawa_fergana_samarkand.parquet").to_pydict()
    kept = np.flatnonzero((np.array(rows["region"]) == region) & (np.array(rows["year"]) == year))
    columns = sorted(name for name in rows if name.startswith("ndvi_"))
    ndvi = np.array([rows[name] for name in columns], np.float32).T[kept]
    days = np.array([int(name.removeprefix("ndvi_")) - 1 for name in columns])
    dates = np.datetime64(f"{year}-01-01") + days
    return LabelledSeries(
        values=ndvi[:, :, np.newaxis],
        dates=np.tile(dates, (len(kept), 1)),
        labels=np.array(rows["label_1"])[kept],
        ids=kept.astype(str),
        groups=np.char.add("#", kept.astype(str)),
        x=np.array(rows["lon"])[kept],
        y=np.array(rows["lat"])[kept],
        bands=("NDVI",),
        crs=crs_wkt("EPSG:4326"),
    )


SETS: dict[str, Callable[[Path], LabelledSeries]] = {
    "arkansas": lambda folder: state(folder, "arkansas"),
    "california": lambda folder: state(folder, "california"),
    "cawa_fergana_2016": lambda folder: cawa(folder, "Fergana", 2016),
    "cawa_samarkand_2016": lambda folder: cawa(folder, "Samarkand", 2016),
    "cbers": lambda folder: read_series_table(folder / "cbers_w_bahia" / "cbers_samples_922.npz"),
    "sinop": lambda folder: read_series_table(folder / "sits_sinop" / "samples_modis_ndvi_1218.npz"),
}


# ---------------------------------------------------------------- protocols


def drawn(samples: SampleSet, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which samples train and which validate, drawn by class."""
    rng = np.random.default_rng(seed)
    train, validation = np.zeros(len(samples), np.bool_), np.zeros(len(samples), np.bool_)
    for code in samples.legend.codes:
        members = rng.permutation(np.flatnonzero(samples.codes == code))
        few = len(members) <= TRAIN + VALIDATE
        first, second = (2 * len(members) // 5, len(members) // 10) if few else (TRAIN, VALIDATE)
        train[members[:first]] = True
        validation[members[first : first + second]] = True
    return train, validation


def _by_draw(samples: SampleSet, case: Case, values: Mapping[str, Any], threads: int) -> dict[str, Any]:
    train, validation = drawn(samples, case.seed)
    alone = issubclass(model_class(case.model), SelfFittingClassifier)
    used = train if alone else train | validation
    options = FitOptions(case.seed, device="cpu", threads=threads)
    package = fit(samples.subset(used), case.model, values, options, validation=None if alone else validation[used])
    probabilities = Predictor(package, "cpu").probabilities(samples.values)
    columns = np.searchsorted(samples.legend.codes, samples.codes)
    test = ~train & ~validation
    judged = _accuracy(samples, columns, probabilities, test)
    # An ensemble's forests have learnt from the validation samples.
    unseen = case.model != "ensemble"
    temperature = fit_temperature(probabilities[validation], columns[validation]) if unseen else 1.0
    known = _with_shares(tempered(probabilities, temperature), WHOLE[case.data], samples)
    return {
        "validation": _accuracy(samples, columns, probabilities, validation).overall if unseen else None,
        **_figures(judged),
        "at_whole_shares": _at_shares(judged, WHOLE[case.data]),
        "known_shares": _accuracy(samples, columns, known, test).overall,
        "known_shares_at_whole_shares": _at_shares(_accuracy(samples, columns, known, test), WHOLE[case.data]),
        "confusion": judged.confusion.tolist(),
    }


def _by_blocks(samples: SampleSet, case: Case, values: Mapping[str, Any], threads: int) -> dict[str, Any]:
    plan = _plan(samples, case.seed)
    options = FitOptions(case.seed, device="cpu", threads=threads)
    found = cross_validate(samples, plan, case.model, values, options)
    tested = plan.fold >= 0
    judged = accuracy_of(samples.codes[tested], found.codes[tested], samples.legend)
    low, high = judged.overall_interval
    right = samples.codes[tested] == found.codes[tested]
    return {
        **_figures(judged),
        "low": low,
        "high": high,
        "confusion": judged.confusion.tolist(),
        "right": np.packbits(right).tobytes().hex(),
    }


def _plan(samples: SampleSet, seed: int) -> FoldPlan:
    return fold_samples(samples, FoldOptions(FOLDS, BLOCK_M, samples.crs), np.random.default_rng(seed))


PROTOCOLS: dict[str, Callable[[SampleSet, Case, Mapping[str, Any], int], dict[str, Any]]] = {
    "draw": _by_draw,
    "blocks": _by_blocks,
}


def _accuracy(
    samples: SampleSet, columns: NDArray[np.intp], probabilities: NDArray[np.float32], chosen: NDArray[np.bool_]
) -> Accuracy:
    codes = np.array(samples.legend.codes, np.uint8)
    return accuracy_of(codes[columns[chosen]], codes[probabilities[chosen].argmax(axis=1)], samples.legend)


def _figures(judged: Accuracy) -> dict[str, float]:
    return {"overall": judged.overall, "kappa": judged.kappa, "macro_f1": judged.macro_f1}


def _at_shares(judged: Accuracy, whole: Mapping[str, int]) -> float:
    """Return the overall accuracy that the classes' recalls give where the test is drawn from the whole design."""
    left = np.array([whole[name] - TRAIN - VALIDATE for name in judged.legend.names])
    return float((judged.producers * left).sum() / left.sum())


def _with_shares(
    probabilities: NDArray[np.float32], whole: Mapping[str, int], samples: SampleSet
) -> NDArray[np.float32]:
    """Return the probabilities under the classes' known shares, where the model has learnt from equal ones."""
    train, _ = drawn(samples, 0)
    learnt = np.array([(samples.codes[train] == code).mean() for code in samples.legend.codes])
    shares = np.array([whole[name] for name in samples.legend.names], np.float64)
    found = probabilities * (shares / shares.sum() / learnt)
    return (found / found.sum(axis=1, keepdims=True)).astype(np.float32)


# ---------------------------------------------------------------- tables


def _tables(lines: Sequence[Mapping[str, Any]], folder: Path) -> Iterator[str]:
    """Yield a table for each set and protocol, the best first, each with how far the best is ahead of the next."""
    groups: dict[tuple[str, str], dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        groups[line["data"], line["protocol"]][_name(line)].append(line)
    for (data, protocol), by_name in sorted(groups.items(), key=lambda item: (item[0][1] != "draw", item[0])):
        ranked = sorted(by_name.items(), key=lambda item: -statistics.mean(line["overall"] for line in item[1]))
        yield f"### {data}, {protocol}"
        if protocol == "draw":
            yield _drawn_table(ranked)
            yield f"{_ahead_by_seeds(ranked)}"
        else:
            yield _blocked_table(ranked)
            yield f"{_ahead_by_units(ranked, _prepared(folder, data, 'bands'))}"


def _name(line: Mapping[str, Any]) -> str:
    said = ", ".join(
        f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}" for key, value in line["values"].items()
    )
    extra = "" if line["preparation"] == "bands" else f", {line['preparation']}"
    return f"`{line['model']}`" + (f" ({said})" if said else "") + extra


def _drawn_table(ranked: Sequence[tuple[str, list[Mapping[str, Any]]]]) -> str:
    rows = []
    for name, own in ranked:
        by_seed = " ".join(f"{line['overall']:.3f}" for line in sorted(own, key=lambda line: int(line["seed"])))
        rows.append((name, by_seed, *(_cell(own, key) for key in DRAWN)))
    return table(("model", "OA of each seed", *DRAWN.values()), rows)


def _blocked_table(ranked: Sequence[tuple[str, list[Mapping[str, Any]]]]) -> str:
    rows = [
        (
            name,
            f"{own[0]['overall']:.3f}",
            f"{own[0]['low']:.3f} to {own[0]['high']:.3f}",
            *(f"{own[0][key]:.3f}" for key in BLOCKED),
        )
        for name, own in ranked
    ]
    return table(("model", "OA", "95 % (Wilson)", *BLOCKED.values()), rows)


def _ahead_by_seeds(ranked: Sequence[tuple[str, list[Mapping[str, Any]]]]) -> str:
    """Say by how much the best is ahead of the next on the same draws; Student's interval over the seeds of both."""
    if len(ranked) < 2:
        return ""
    (best, first), (following, second) = ranked[:2]
    others = {int(line["seed"]): line["overall"] for line in second}
    gains = [line["overall"] - others[int(line["seed"])] for line in first if int(line["seed"]) in others]
    if len(gains) < 2:
        return ""
    half = student.ppf(0.975, len(gains) - 1) * statistics.stdev(gains) / len(gains) ** 0.5
    mean = statistics.mean(gains)
    return (
        f"{best} is ahead of {following} by {100 * mean:.2f} points, {100 * (mean - half):.2f} to "
        f"{100 * (mean + half):.2f} (95 %, paired over {len(gains)} seeds)."
    )


def _ahead_by_units(ranked: Sequence[tuple[str, list[Mapping[str, Any]]]], samples: SampleSet | None) -> str:
    """Say by how much the best is ahead of the next on the same folds; units of land drawn 5,000 times anew."""
    if len(ranked) < 2 or samples is None:
        return ""
    (best, first), (following, second) = ranked[:2]
    plan = _plan(samples, int(first[0]["seed"]))
    tested = plan.fold >= 0
    gains = _right(first[0], int(tested.sum())) - _right(second[0], int(tested.sum()))
    units = np.unique(plan.units[tested], return_inverse=True)[1]
    sums, sizes = np.bincount(units, gains), np.bincount(units)
    drawn_units = np.random.default_rng(0).integers(0, len(sums), (5_000, len(sums)))
    found = sums[drawn_units].sum(axis=1) / sizes[drawn_units].sum(axis=1)
    low, high = np.quantile(found, [0.025, 0.975])
    return (
        f"{best} is ahead of {following} by {100 * gains.mean():.2f} points, {100 * low:.2f} to {100 * high:.2f} "
        f"(95 %, {len(sums)} units of land drawn anew)."
    )


def _right(line: Mapping[str, Any], count: int) -> NDArray[np.int64]:
    return np.unpackbits(np.frombuffer(bytes.fromhex(line["right"]), np.uint8))[:count].astype(np.int64)


DRAWN = {
    "overall": "OA",
    "kappa": "kappa",
    "macro_f1": "macro F1",
    "at_whole_shares": "OA at the whole design's shares",
    "known_shares": "OA, shares known",
}
BLOCKED = {"kappa": "kappa", "macro_f1": "macro F1"}


def _cell(lines: Sequence[Mapping[str, Any]], key: str) -> str:
    found = [line[key] for line in lines]
    spread = f" ± {statistics.stdev(found):.3f}" if len(found) > 1 else ""
    return f"{statistics.mean(found):.3f}{spread}"


if __name__ == "__main__":
    sys.exit(main())
