"""How pure trusted pixels are on the synthetic sites, whose truth is known: the table of docs/samples_trusted.md.

    python benchmarks/trusted_purity.py [--size 512] [--seeds 3]

Each site's label rasters have 6 % of wrong pixels. Purity is the share of the kept pixels whose class is the
truth's; the rules are taken away one by one. The synthetic confidence layer knows where the errors are, so the rules
are shown without it too.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import rasterio
from harness import say, table

from cropmap.data.schemes import ClassScheme, scheme_of
from cropmap.io.reference_maps import ReferenceFiles, ReferenceMaps
from cropmap.sampling.trusted import TrustOptions, TrustRules, select_trusted
from cropmap.testing.synthetic import SyntheticOptions, SyntheticSite, write_site

NO_PATTERN = {"monocrop": False, "rotation": False, "stable_other": False}
NO_AGREEMENT = {"agreement": False, "min_agreement": 0.0}
UNSURE = {"min_confidence": 0.0}
NONE = {**NO_PATTERN, **NO_AGREEMENT, **UNSURE, "homogeneous": 0}
CASES: dict[str, dict[str, object]] = {
    "all rules": {},
    "without the patterns": NO_PATTERN,
    "without agreement; patterns by earlier years": {"agreement": False},
    "without agreement of any year": NO_AGREEMENT,
    "without homogeneity": {"homogeneous": 0},
    "patterns + agreement + homogeneous, no confidence layer": UNSURE,
    "patterns + agreement, no confidence layer": {**UNSURE, "homogeneous": 0},
    "patterns + homogeneous, no confidence layer": {**UNSURE, **NO_AGREEMENT},
    "patterns alone": {**UNSURE, **NO_AGREEMENT, "homogeneous": 0},
    "homogeneity alone": {**NONE, "homogeneous": 3},
    "confidence alone": {**NONE, "min_confidence": 90.0},
    "none: the map as it is": NONE,
}
SEASON: dict[str, dict[str, object]] = {
    "in season, all rules": {},
    "in season, all rules, least agreement 90 %": {"min_agreement": 90.0},
    "in season, patterns + homogeneous, no confidence layer": {**UNSURE, "min_agreement": 0.0},
}
SCHEMES = {
    "corn_belt": "Corn [1] = 1; Soybean [5] = 5; Other [254] = 61; left out = 121-123; rest = Other",
    "vojvodina": "Corn [1] = 1; Soybean [5] = 5; Other [254] = 61; left out = 121-123; rest = Other",
}


def main() -> None:
    """Write the sites, select with each choice of rules, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    sums: dict[tuple[str, str], np.ndarray] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, seed in ((name, seed) for name in SCHEMES for seed in range(given.seeds)):
            options = SyntheticOptions(site=name, size=given.size, seed=seed, images=False, points=0)
            site = write_site(Path(folder) / f"{name}_{seed}", options)
            for case, figures in cases(site, scheme_of(SCHEMES[name])).items():
                sums[case, name] = sums.get((case, name), np.zeros(4, np.int64)) + figures
    head = ["rules", *(f"{name}: {what}" for name in SCHEMES for what in ("kept", "pure", "crops kept", "crops pure"))]
    rows = [
        [case, *(text for name in SCHEMES for text in texts(sums[case, name], given))] for case in (*CASES, *SEASON)
    ]
    say(table(head, rows))


def cases(site: SyntheticSite, scheme: ClassScheme) -> dict[str, np.ndarray]:
    """Return the figures of each choice of rules."""
    year = max(site.history)
    files = ReferenceFiles(
        [str(path) for path in site.history.values()], confidence=(str(site.confidence),), target_year=year
    )
    before = dataclasses.replace(files, maps=files.maps[:-1])
    found = {case: figures(site, scheme, files, changes) for case, changes in CASES.items()}
    return found | {case: figures(site, scheme, before, changes) for case, changes in SEASON.items()}


def figures(site: SyntheticSite, scheme: ClassScheme, files: ReferenceFiles, changes: dict[str, object]) -> np.ndarray:
    """Select once; return the pixels kept and those that are right, of all classes and of the crops."""
    rules = TrustRules(**{"cultivated": "any", **changes})  # type: ignore[arg-type]
    with ReferenceMaps(files) as maps:
        path = select_trusted(maps, scheme, rules, TrustOptions(site.folder / "trusted.tif", site.history_legend)).path
    with rasterio.open(path) as chosen, rasterio.open(site.truth) as true:
        codes, truth = chosen.read(1), true.read(1)
    # Roads, houses and gardens have no class: a pixel that is one and is kept is wrong.
    wanted = np.where(truth == 255, 0, np.where(np.isin(truth, (1, 5)), truth, 254))
    kept, crops = codes != 255, np.isin(codes, (1, 5))
    right = codes == wanted
    return np.array([kept.sum(), (right & kept).sum(), crops.sum(), (right & crops).sum()])


def texts(sums: np.ndarray, given: argparse.Namespace) -> list[str]:
    """Return the share of all pixels that is kept and how much of it is right, of all classes and of the crops."""
    total = given.seeds * given.size**2
    pairs = sums.reshape(2, 2).tolist()
    return [text for kept, right in pairs for text in (f"{kept / total:.1%}", f"{right / kept:.3%}" if kept else "-")]


if __name__ == "__main__":
    main()
