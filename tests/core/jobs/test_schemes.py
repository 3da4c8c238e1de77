"""Class schemes in jobs: given, written, edited and given again."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest

from cropmap.contract.errors import LegendError, SampleError
from cropmap.contract.job import Job
from cropmap.data.schemes import scheme_of
from cropmap.io.samples import read_samples
from cropmap.jobs.run import run_job

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cropmap.testing.synthetic import SyntheticSite


@pytest.fixture
def sampled(tmp_path: Path, site: SyntheticSite, images: dict[str, Any], recipe: dict[str, Any]) -> Callable[..., Path]:
    def run(name: str, **changed: Any) -> Path:
        params = {"images": images, "samples": str(site.points_csv), "recipe": recipe, "folds": 2, **changed}
        run_job(Job("sample", params, str(tmp_path / name)))
        return tmp_path / name

    return run


def test_the_scheme_that_sample_writes_gives_the_same_samples_again(sampled: Callable[..., Path]) -> None:
    own = sampled("own")
    text = (own / "scheme.txt").read_text(encoding="utf-8")
    again = sampled("again", scheme=text)
    first, second = read_samples(own / "samples.gpkg"), read_samples(again / "samples.gpkg")
    assert first.legend == second.legend == scheme_of(text).legend
    assert first.codes.tolist() == second.codes.tolist()
    assert (again / "scheme.txt").read_text(encoding="utf-8") == text


def test_a_scheme_joins_renames_and_leaves_out(sampled: Callable[..., Path], site: SyntheticSite) -> None:
    with site.points_csv.open(encoding="utf-8", newline="") as file:
        labels = {row["id"]: row["class"] for row in csv.DictReader(file)}
    corn = {key for key, label in labels.items() if scheme_of("corn = corn; rest = left out").codes_of([label])[0] == 0}
    assert 0 < len(corn) < len(labels)
    samples = read_samples(
        sampled("run", scheme="Corn [7] = kukuruz; all other [3] =; rest = all other") / "samples.gpkg"
    )
    assert samples.legend.codes == (3, 7)
    assert set(samples.ids[samples.codes == 7].tolist()) == corn & set(samples.ids.tolist())


def test_labels_without_an_entry_and_texts_that_are_no_scheme_are_refused(sampled: Callable[..., Path]) -> None:
    with pytest.raises(SampleError, match="The scheme names no class for"):
        sampled("run", scheme="Corn = kukuruz")
    with pytest.raises(LegendError, match=r"The scheme names code 1 twice\. \(line 1: a = 1 and line 2: b = 1\)"):
        sampled("run", scheme="a = 1\nb = 1")
