"""One model of all sites and years together, each counting the same."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import SampleError, TransferError
from cropmap.contract.params import param
from cropmap.models.base import SelfFittingClassifier, model_class
from cropmap.training.fit import fit
from cropmap.training.sides import drawn_validation, occurring
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import SOURCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress
    from cropmap.data.package import ModelPackage
    from cropmap.data.samples import SampleSet
    from cropmap.transfer.base import Transfer

ALL, TARGET, DOMAIN = "all", "target", "domain"
_BY_SAMPLE = ("values", "codes", "ids", "x", "y", "groups", "sites", "years")


@dataclass(frozen=True)
class PooledParams:
    """How much each site and year counts, and which samples stop a network."""

    equal: bool = param(
        True,
        title="Equal sites and years",
        help="Samples of small sites and years are repeated, so that a few of the target are not lost among many of "
        "the source. Off: each sample counts the same.",
    )
    rows: int = param(
        0,
        title="Rows of each",
        help="Samples that each site and year counts as: larger ones are thinned, smaller ones repeated. 0: as many as "
        "the largest has.",
        low=0,
        high=10_000_000,
        advanced=True,
    )
    validation: str = param(
        ALL,
        choices=(ALL, TARGET, DOMAIN),
        help="Which samples decide when a network stops. all: a share of those of every site and year. target: a share "
        "of the target's. domain: one whole site and year of the source, as the target is another one too.",
        advanced=True,
    )
    left_out: str = param(
        "",
        help="For domain: which one, as 'site year', such as 'Banat 2022'. Empty: the one with the fewest samples.",
        advanced=True,
    )


@STRATEGIES.register(
    "pooled",
    title="All sites and years together",
    params=PooledParams,
    citation="Long et al. 2026, several sources and years; Antonijevic et al. 2023, both regions together",
    needs=(SOURCE,),
)
def pooled(params: PooledParams, task: Transfer) -> ModelPackage:
    """Trains one model on the samples of all sites and years, the target's labels included where there are any.

    Each site and year counts the same, however many samples it has. Several sources alone, without any label of the
    target, often make a sturdier model than the largest one of them.

    Samples that decide when a network stops are set apart before any sample is repeated: no copy of one is learnt from.

    Raises:
        TransferError: The target shall validate and has no labels; or a whole site and year shall, and there is one
            alone, or none of the name given.
        SampleError: What is left to learn from lacks classes or samples.
    """
    samples, domain = together(task.taught(), task.target)
    names, number = np.unique(domain, return_inverse=True)
    rng = np.random.default_rng(task.options.seed)
    name, values = task.asked
    held = np.zeros(len(samples), np.bool_)
    if not issubclass(model_class(name), SelfFittingClassifier):
        held = _validation(params, task, samples, domain)
    rows = np.flatnonzero(~held)
    if params.equal:
        rows = equal_rows(number, rows, params.rows, rng)
    chosen = _copied(samples, np.concatenate([rows, np.flatnonzero(held)]))
    validates = np.arange(len(chosen)) >= len(rows)
    package = fit(chosen, name, values, task.options, task.progress, validates if held.any() else None)
    told = {own: int(((number == place) & ~held).sum()) for place, own in enumerate(names.tolist())}
    counts = {own: int((number[rows] == place).sum()) for place, own in enumerate(names.tolist())}
    return dataclasses.replace(package, record={**package.record, "domains": told, "domain_rows": counts})


def together(source: SampleSet, target: SampleSet | None) -> tuple[SampleSet, NDArray[np.str_]]:
    """Return all samples as one set, and the site and year that each belongs to, (sample,).

    The target is one of its own. Ids and groups get a prefix, so that those of two places never meet.

    Args:
        source: Samples of one site and year, or of several.
        target: Prepared alike, of the same legend; None where there are none.
    """
    parts = [("source", source)] + ([("target", target)] if target is not None else [])
    sets, domains = [], []
    for said, own in parts:
        prefix = np.char.add(np.char.add(f"{said} ", own.sites), "/")
        ids, groups = np.char.add(prefix, own.ids), np.char.add(prefix, own.groups)
        sets.append(dataclasses.replace(own, ids=ids, groups=groups))
        place = np.char.add(np.char.add(own.sites, " "), own.years.astype(np.str_))
        domains.append(np.char.strip(place) if said == "source" else np.full(len(own), "target"))
    first = sets[0]
    if len(sets) == 1:
        return first, domains[0]
    joined: dict[str, Any] = {name: np.concatenate([getattr(own, name) for own in sets]) for name in _BY_SAMPLE}
    joined["crs"] = first.crs if first.crs == sets[1].crs else ""
    joined["masked"] = any(own.masked for own in sets)
    return dataclasses.replace(first, **joined), np.concatenate(domains)


def equal_rows(
    domain: NDArray[np.intp], rows: NDArray[np.intp], count: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return rows, some of them several times, so that each domain has as many.

    Args:
        domain: Number of the domain of every row, (n,).
        rows: Those to draw from, ascending.
        count: Rows of each domain; 0: as many as the largest has.
        rng: Says which rows come once more, or once less, than others.

    Returns:
        Ascending; within a domain no row comes more than once oftener than another.
    """
    own = domain[rows]
    most = count or int(np.bincount(own).max())
    found = []
    for number in np.unique(own):
        members = rows[own == number]
        times, rest = divmod(most, len(members))
        found += [np.repeat(members, times), rng.permutation(members)[:rest]]
    return np.sort(np.concatenate(found))


def _validation(
    params: PooledParams, task: Transfer, samples: SampleSet, domain: NDArray[np.str_]
) -> NDArray[np.bool_]:
    if params.validation == DOMAIN:
        return np.asarray(domain == _left_out(params.left_out, domain))
    able = np.ones(len(samples), np.bool_)
    if params.validation == TARGET:
        able = domain == "target"
        if not able.any():
            raise TransferError(
                "The target's samples shall decide when the training stops; none is given.",
                where="validation",
                fix="Choose all or domain.",
            )
    held = np.zeros(len(samples), np.bool_)
    # Of each domain by itself, so that none is left out of the judgement.
    for number, own in enumerate(np.unique(domain[able]).tolist()):
        there = domain == own
        held[there] = _drawn(samples.subset(there), task, number, task.progress)
    if not held.any():
        raise SampleError("No sample can be held back for validation.", fix="Give more samples of every class.")
    return held


def _drawn(samples: SampleSet, task: Transfer, number: int, progress: Progress) -> NDArray[np.bool_]:
    columns = np.searchsorted(occurring(samples).codes, samples.codes)
    return drawn_validation(samples, columns, task.options.validation_share, task.options.seed + number, progress)


def _left_out(asked: str, domain: NDArray[np.str_]) -> str:
    names, counts = np.unique(domain[domain != "target"], return_counts=True)
    if len(names) < 2:
        raise TransferError(
            f"The source is one site and year alone, {names[0]}; it cannot be left out of the training.",
            where="validation",
            fix="Choose all or target, or give samples of more sites or years.",
        )
    if asked and asked not in names:
        raise TransferError(
            f"The source has no site and year {asked!r}.", where="left_out", fix=f"There are: {', '.join(names)}."
        )
    return asked or str(names[counts.argmin()])


def _copied(samples: SampleSet, rows: NDArray[np.intp]) -> SampleSet:
    """Return samples by row; a row that comes again gets an id of its own, and stays in its group."""
    found = {name: getattr(samples, name)[rows] for name in _BY_SAMPLE}
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    first = np.searchsorted(ordered, ordered)
    again = np.empty(len(rows), np.int64)
    again[order] = np.arange(len(rows)) - first
    copies = np.char.add("+", again.astype(np.str_))
    found["ids"] = np.where(again > 0, np.char.add(found["ids"], copies), found["ids"])
    return dataclasses.replace(samples, **found)
