"""How strategies of transfer fare on real and simulated pairs of sites: the tables of docs/transfer_results.md.

    python benchmarks/transfer.py [--pairs arkansas_california] [--strategies direct pooled] [--labels 50 250]
    python benchmarks/transfer.py --pairs belt_vojvodina_many --strategies direct scratch pooled fine_tune ...
    python benchmarks/transfer.py --pairs lag_0 lag_7 ... --strategies direct shifted ... --labels 250
    python benchmarks/transfer.py --table core/cropmap/transfer/advice.csv

One line of JSON is written for every model that a strategy made, in benchmarks/results; what stands in the file is not
done again, so a run may be stopped and go on. With --table nothing is trained but a forest a pair, to measure its
shift: all that the file of results holds is written as the table that advice rests on. benchmarks/transfer_tables.py
judges advice by it and writes docs/transfer_results.md.

For each pair and seed the target is cut into blocks of land. Half of the blocks are the test: no strategy sees them,
every strategy is judged on all of them. The other half are the pool: its series, without labels, are what adaptations
learn from; the first k of a stratified random order of them are the labels, so that more labels hold the fewer. Classes
are the same on both sides. Seconds are those of the strategy alone; the source's model, where there is need of one, has
its own.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import sys
import time
import zlib
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from harness import machine, say
from model_accuracy import CAWA_CLASSES, cawa, state
from transfer_worlds import KNOBS
from transfer_worlds import PAIRS as WORLDS

from cropmap.contract.errors import CropMapError
from cropmap.data.accuracy import accuracy_of
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.samples import LabelledSeries, SampleSet
from cropmap.data.schemes import scheme_of
from cropmap.data.season import Season
from cropmap.models.predictor import Predictor
from cropmap.sampling.blocks import blocks_of, land_of
from cropmap.sampling.folds import FoldOptions, fold_samples
from cropmap.sampling.from_series import samples_from_series
from cropmap.sampling.merge import merge_samples
from cropmap.sampling.subsets import draw_order
from cropmap.training.fit import FitOptions
from cropmap.transfer import advice_table
from cropmap.transfer.advice_table import Measures, Pair, Row, Table, table_text
from cropmap.transfer.base import Transfer, run_strategy
from cropmap.transfer.classes import codes_in
from cropmap.transfer.scores import information, mean_entropy, neighbourhood_density
from cropmap.transfer.shift import measure_shift

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cropmap.data.package import ModelPackage

RESULTS = Path(__file__).parent / "results" / "transfer.jsonl"
LABELS = (0, 50, 100, 250, 500, 1000, 2000, 4000, 8000)
SOURCE_MOST, BLOCK_M, FOLDS = 2000, 10_000.0, 4
# Classes with fewer samples in the test are not judged by themselves: one sample would move their F1 by points.
LEAST = 20
# A network of a size that a CPU trains in seconds; from state to state it went no worse than the whole one.
TEMPCNN = ("tempcnn", {"width": 32, "dense": 128, "epochs": 25})
# The same where labels are few: as many steps as fine-tuning makes, and more.
TEMPCNN_ALONE = ("tempcnn", {"width": 32, "dense": 128, "epochs": 60, "batch_size": 32})
FOREST = ("random_forest", {})
# What statistics of planted area would tell: the shares of the pool.
TRUE = "as at the target"
# They train on samples whatever package there is: none is made for them.
WITHOUT_PACKAGE = ("scratch", "pooled", "coral")


@dataclass(frozen=True)
class Way(advice_table.Way):
    """A strategy with its parameter values, the model that it carries or trains, and whether it is given labels."""

    labels: bool = False


def _ways() -> tuple[Way, ...]:
    carried = [Way(strategy, {}, *model) for model in (FOREST, TEMPCNN) for strategy in ("direct", "shifted", "coral")]
    carried += [Way("known_shares", {"shares": TRUE}, *model) for model in (FOREST, TEMPCNN)]
    adaptations = (
        "target_statistics", "adabn", "dann", "cdan", "deep_coral", "mmd", "class_mmd", "timematch", "source_free",
    )  # fmt: skip
    # With weight 0: what the target's own statistics and the longer training do without any pull.
    adapted = [*(Way(strategy, {}, *TEMPCNN) for strategy in adaptations), Way("mmd", {"weight": 0.0}, *TEMPCNN)]
    taught = [
        Way(strategy, {}, *model, labels=True)
        for strategy, model in (
            ("scratch", FOREST), ("pooled", FOREST), ("scratch", TEMPCNN_ALONE), ("pooled", TEMPCNN)
        )
    ]  # fmt: skip
    tuned = [
        Way("fine_tune", {"preset": preset}, *TEMPCNN, labels=True)
        for preset in ("full", "balanced", "head", "two_stage", "partial")
    ]
    return (*carried, *adapted, *taught, *tuned, Way("feature_forest", {}, *TEMPCNN, labels=True))


@dataclass(frozen=True)
class Sides:
    """A pair of sites, with the same classes."""

    source: SampleSet
    target: SampleSet


@dataclass(frozen=True)
class Case:
    """One model that is asked for."""

    pair: str
    way: Way
    labels: int
    seed: int

    def key(self) -> str:
        """Return what tells it from every other."""
        about = {**vars(self.way), "pair": self.pair, "labels": self.labels, "seed": self.seed}
        return json.dumps(about, sort_keys=True)


def main() -> None:
    """Do what is not done yet."""
    given = _arguments()
    torch.set_num_threads(1)
    if given.table:
        _write_table(given.out, given.folder, given.table)
        return
    done = {line.get("case") for line in lines(given.out)}
    ways = [way for way in _ways() if not given.strategies or way.strategy in given.strategies]
    ways = [way for way in ways if not given.models or way.model in given.models]
    for seed in given.seeds:
        for pair in given.pairs:
            cases = [
                Case(pair, way, count, seed)
                for way in ways
                for count in (given.labels if way.labels else [0])
                if count or not way.labels
            ]
            left = [case for case in cases if case.key() not in done]
            sides = sides_of(pair, given.folder) if left else None
            if sides is not None:
                _run(left, sides, given.out)
    say(machine())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--table", type=Path, help="write the table of advice here, of what the results hold")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--pairs", nargs="*", default=list(PLACES), choices=list(PAIRS))
    parser.add_argument("--strategies", nargs="*", default=[])
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--labels", nargs="*", type=int, default=list(LABELS[1:]))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2, 3, 4])
    return parser.parse_args()


def sides_of(pair: str, folder: Path) -> Sides | None:
    """Return a pair's sites; None, said, where its data or the package that reads it are not there."""
    try:
        return PAIRS[pair](folder)
    except (FileNotFoundError, ImportError) as error:
        say(f"{pair} is left out: {error}")
        return None


def lines(path: Path) -> list[dict[str, Any]]:
    """Return what has been measured."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


# ---------------------------------------------------------------- one seed of a pair


def _run(cases: Sequence[Case], sides: Sides, out: Path) -> None:
    seed = cases[0].seed
    pool, test = split(sides.target, seed)
    order = draw_order(pool.codes, pool.ids, seed)
    source = _at_most(sides.source, SOURCE_MOST, seed)
    options = FitOptions(seed=seed, device="cpu", threads=1)

    @cache
    def package(model: str, values: str) -> tuple[ModelPackage, float]:
        start = time.perf_counter()
        task = Transfer(source=source, model=model, values=json.loads(values), options=options)
        return task.source_package(), time.perf_counter() - start

    for case in cases:
        if case.labels > len(pool):
            continue
        own, before, start = None, 0.0, time.perf_counter()
        try:
            if case.way.strategy not in WITHOUT_PACKAGE:
                own, before = package(case.way.model, json.dumps(case.way.model_values, sort_keys=True))
            start = time.perf_counter()
            target = pool.subset(order[: case.labels]) if case.labels else None
            task = Transfer(source, own, pool.values, target, case.way.model, case.way.model_values, options)
            found = run_strategy(case.way.strategy, _values(case.way.values, pool), task)
        except CropMapError as error:
            say(f"{case.pair} {case.way.name} {case.labels} seed {seed}: left out: {error}")
            continue
        seconds = round(time.perf_counter() - start, 1)
        line = {"case": case.key(), "pair": case.pair, "way": case.way.name, "labels": case.labels, "seed": seed}
        line |= judged(found, test) | {"seconds": seconds, "source_seconds": round(before, 1)}
        if not case.labels:
            line |= unlabelled_scores(found, pool)
        with out.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(rounded(line)) + "\n")
        told = f"OA {line['overall']:.3f}, macro F1 {line['macro_f1']:.3f}, {seconds} s"
        say(f"{case.pair} {case.way.name} {case.labels} seed {seed}: {told}")


def rounded(value: Any) -> Any:
    """Return the same with six digits behind the point."""
    if isinstance(value, dict):
        return {key: rounded(own) for key, own in value.items()}
    return round(value, 6) if isinstance(value, float) else value


def split(target: SampleSet, seed: int) -> tuple[SampleSet, SampleSet]:
    """Return the pool and the test: halves of the target's blocks of land."""
    pooled, tested = halves(target, seed)
    return target.subset(pooled), target.subset(tested)


def halves(target: SampleSet, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which samples are the pool's, and which the test's."""
    plan = fold_samples(target, FoldOptions(FOLDS, BLOCK_M, target.crs), np.random.default_rng(seed))
    return plan.fold >= FOLDS // 2, (plan.fold >= 0) & (plan.fold < FOLDS // 2)


def judged(package: ModelPackage, test: SampleSet) -> dict[str, Any]:
    """Return a model's figures on the test, and what it says of every sample."""
    columns = Predictor(package, "cpu").probabilities(test.values).argmax(axis=1)
    codes = codes_in(package, test.legend)[columns]
    found = accuracy_of(test.codes, codes, test.legend)
    return {
        "overall": found.overall,
        "kappa": found.kappa,
        "macro_f1": float(found.f1[found.support >= LEAST].mean()),
        "f1": dict(zip(found.legend.names, found.f1.tolist(), strict=True)),
        "codes": packed(codes, test.codes),
    }


def _values(values: Mapping[str, Any], pool: SampleSet) -> dict[str, Any]:
    """Return a way's values, true shares told as areas are."""
    told = ", ".join(f"{own.name} {(pool.codes == own.code).sum()}" for own in pool.legend.classes)
    return {name: told if value == TRUE else value for name, value in values.items()}


def unlabelled_scores(package: ModelPackage, pool: SampleSet) -> dict[str, Any]:
    """Return what a model's answers to the pool tell of it without any label."""
    found = Predictor(package, "cpu").probabilities(pool.values)
    return {
        "information": information(found),
        "density": neighbourhood_density(found),
        "entropy": mean_entropy(found),
        "answers": np.round(found.mean(axis=0), 5).tolist(),
    }


def packed(codes: NDArray[np.uint8], reference: NDArray[np.uint8]) -> str:
    """Return what a model said as text, little where it is right."""
    return base64.b85encode(zlib.compress((codes ^ reference).tobytes(), 9)).decode("ascii")


def unpacked(text: str, reference: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what `packed` was given."""
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), np.uint8) ^ reference


def _at_most(samples: SampleSet, most: int, seed: int) -> SampleSet:
    """Return so many samples, drawn at random; classes too rare to be judged are kept whole, and come on top."""
    if len(samples) <= most:
        return samples
    kept = np.isin(samples.codes, [code for code in samples.legend.codes if (samples.codes == code).sum() < LEAST])
    kept[np.random.default_rng(seed).permutation(len(samples))[:most]] = True
    return samples.subset(kept)


# ---------------------------------------------------------------- the table of advice


def _write_table(results: Path, folder: Path, out: Path) -> None:
    """Write what the results hold as the table of advice; measure the shift of pairs that were not measured yet."""
    held = lines(results)
    measured = {line["pair"] for line in held if "measures" in line}
    for pair in dict.fromkeys(line["pair"] for line in held if "case" in line):
        sides = sides_of(pair, folder) if pair not in measured else None
        if sides is not None:
            held.append({"pair": pair, "measures": vars(measures(sides))})
            with results.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(held[-1]) + "\n")
    found = table_of(held)
    out.write_text(table_text(found), encoding="utf-8")
    say(f"{len(found.rows)} rows of {len(found.pairs)} pairs: {out}")


def table_of(held: Sequence[Mapping[str, Any]]) -> Table:
    """Return the table of what was measured; knobs of the simulated world are left to their own curves."""
    pairs = {
        line["pair"]: Pair(*PLACES[line["pair"]], Measures(**line["measures"]))
        for line in held
        if "measures" in line and line["pair"] in PLACES
    }
    return Table(tuple(_rows([line for line in held if _advisable(line) and line["pair"] in pairs], pairs)))


def _advisable(line: Mapping[str, Any]) -> bool:
    """Return whether a line is of something that nobody needs to be told shares for."""
    return "case" in line and json.loads(line["case"])["strategy"] != "known_shares"


def _rows(held: Sequence[Mapping[str, Any]], pairs: Mapping[str, Pair]) -> list[Row]:
    alike: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for line in held:
        alike[case_without_seed(line)].append(line)
    rows = []
    for key, same in alike.items():
        case = json.loads(key)
        scores = [line["macro_f1"] for line in same]
        rows.append(
            Row(
                pair=pairs[case["pair"]],
                way=advice_table.Way(*(case[name] for name in ("strategy", "values", "model", "model_values"))),
                labels=case["labels"],
                overall=statistics.fmean(line["overall"] for line in same),
                macro_f1=statistics.fmean(scores),
                spread=statistics.stdev(scores) if len(scores) > 1 else float("nan"),
                runs=len(same),
                seconds=statistics.median(line["seconds"] for line in same),
                source_seconds=statistics.median(line["source_seconds"] for line in same),
            )
        )
    return rows


def case_without_seed(line: Mapping[str, Any]) -> str:
    """Return what the runs of all seeds share."""
    return json.dumps({**json.loads(line["case"]), "seed": 0})


def measures(sides: Sides) -> Measures:
    """Return how far a pair's pool lies from its source, a forest of the source telling classes."""
    pool, _ = split(sides.target, 0)
    source = _at_most(sides.source, SOURCE_MOST, 0)
    options = FitOptions(seed=0, device="cpu", threads=1)
    package = Transfer(source=source, model=FOREST[0], values=FOREST[1], options=options).source_package()
    return Measures.of(measure_shift(source, pool.values, (blocks(source), blocks(pool)), package))


def blocks(samples: SampleSet) -> NDArray[np.intp]:
    """Return the block of land that each sample stands in."""
    land = land_of(samples.x, samples.y, samples.groups, samples.codes, samples.crs)
    return blocks_of(land, BLOCK_M, np.zeros(2))


# ---------------------------------------------------------------- pairs


def _prepared(series: LabelledSeries, scheme: str) -> SampleSet:
    dates = np.sort(series.dates[0])
    days = (dates - dates[0]).astype(int).tolist()
    recipe = Recipe("own", Season(dates[0].item(), dates[-1].item()), (StepUse("linear", {"days": days}),))
    return samples_from_series(series, recipe, scheme=scheme_of(scheme))


@lru_cache(maxsize=4)
def _state(folder: Path, name: str) -> SampleSet:
    with np.load(folder / "us_s2_cdl_2021" / f"us_{name}_2021_zone0.npz", allow_pickle=False) as held:
        # These grow in both states; all else is one class, as in the data's own description.
        crops = {1: "Corn", 2: "Cotton", 3: "Rice"}
        labels = np.array([crops.get(code, "Other") for code in held["cdl_code"].tolist()])
    return _prepared(
        replace(state(folder, name), labels=labels), "corn = Corn; cotton = Cotton; rice = Rice; other = Other"
    )


@lru_cache(maxsize=8)
def _cawa(folder: Path, region: str, year: int) -> SampleSet:
    return _prepared(cawa(folder, region, year), CAWA_CLASSES)


def _cawa_years(folder: Path, region: str, *years: int) -> SampleSet:
    return merge_samples([_cawa(folder, region, year) for year in years], [region] * len(years))


def _world(made: Callable[[Path], tuple[SampleSet, SampleSet]]) -> Callable[[Path], Sides]:
    return lambda folder: Sides(*made(folder))


def _pair(source: Callable[[Path], SampleSet], target: Callable[[Path], SampleSet]) -> Callable[[Path], Sides]:
    return lambda folder: Sides(source(folder), target(folder))


PAIRS: dict[str, Callable[[Path], Sides]] = {
    "arkansas_california": _pair(lambda f: _state(f, "arkansas"), lambda f: _state(f, "california")),
    "california_arkansas": _pair(lambda f: _state(f, "california"), lambda f: _state(f, "arkansas")),
    "fergana_samarkand_2016": _pair(lambda f: _cawa(f, "Fergana", 2016), lambda f: _cawa(f, "Samarkand", 2016)),
    "samarkand_fergana_2016": _pair(lambda f: _cawa(f, "Samarkand", 2016), lambda f: _cawa(f, "Fergana", 2016)),
    "fergana_2016_2015": _pair(lambda f: _cawa(f, "Fergana", 2016), lambda f: _cawa(f, "Fergana", 2015)),
    "fergana_2016_2017": _pair(lambda f: _cawa(f, "Fergana", 2016), lambda f: _cawa(f, "Fergana", 2017)),
    "fergana_2016_2018": _pair(lambda f: _cawa(f, "Fergana", 2016), lambda f: _cawa(f, "Fergana", 2018)),
    "fergana_2016_2011": _pair(lambda f: _cawa(f, "Fergana", 2016), lambda f: _cawa(f, "Fergana", 2011)),
    "fergana_years_2016": _pair(
        lambda f: _cawa_years(f, "Fergana", 2015, 2017, 2018), lambda f: _cawa(f, "Fergana", 2016)
    ),
    **{name: _world(made) for name, made in {**WORLDS, **KNOBS}.items()},
}
# What a pair is called, and of what land its target is: pairs of the same are left out together where advice is judged.
# (The simulated ones have sources of the same land.) What is not named here is one knob of the simulated world, turned
# step by step: drawn as curves, and no part of the table of advice.
PLACES: dict[str, tuple[str, str]] = {
    "arkansas_california": ("Arkansas to California", "Arkansas and California"),
    "california_arkansas": ("California to Arkansas", "Arkansas and California"),
    "fergana_samarkand_2016": ("Fergana to Samarkand, 2016", "Fergana and Samarkand"),
    "samarkand_fergana_2016": ("Samarkand to Fergana, 2016", "Fergana and Samarkand"),
    "fergana_2016_2015": ("Fergana, 2016 to 2015", "Fergana and Samarkand"),
    "fergana_2016_2017": ("Fergana, 2016 to 2017", "Fergana and Samarkand"),
    "fergana_2016_2018": ("Fergana, 2016 to 2018", "Fergana and Samarkand"),
    "fergana_2016_2011": ("Fergana, 2016 to 2011", "Fergana and Samarkand"),
    "fergana_years_2016": ("Fergana, three years to 2016", "Fergana and Samarkand"),
    "belt_belt": ("simulated corn belt to other land of it", "simulated corn belt"),
    "belt_late_year": ("simulated corn belt to a late year", "simulated corn belt"),
    "landsat8_landsat7": ("simulated, Landsat 8 to Landsat 7 with gaps", "simulated corn belt"),
    "belt_vojvodina": ("simulated corn belt to Vojvodina", "simulated corn belt and Vojvodina"),
    "belts_vojvodina": ("two simulated corn belts to Vojvodina", "simulated corn belt and Vojvodina"),
    "belt_vojvodina_many": ("simulated corn belt to Vojvodina, many labels", "simulated corn belt and Vojvodina"),
}


if __name__ == "__main__":
    sys.exit(main())
