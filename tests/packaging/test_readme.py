from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from cropmap.prepare import RECIPES, STEPS

ROOT = Path(__file__).parents[2]


def test_the_readmes_python_example_runs_and_maps_most_pixels_right(tmp_path: Path) -> None:
    example = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert example
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example[1]], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0.8


def test_every_page_and_picture_that_a_page_links_to_is_there() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    links = [(page, target) for page in pages for target in re.findall(r"\]\(([^)#:]+)[#)]", page.read_text("utf-8"))]
    assert len(links) > 100
    assert [(page.name, target) for page, target in links if not (page.parent / target).exists()] == []


def test_every_page_is_linked_to() -> None:
    pages = set((ROOT / "docs").rglob("*.md"))
    found = set()
    for page in [ROOT / "README.md", *pages]:
        targets = re.findall(r"\]\(([^)#:]+)[#)]", page.read_text("utf-8"))
        found |= {(page.parent / target).resolve() for target in targets}
    assert pages - found == set()


def test_every_step_and_recipe_has_its_page_and_its_row_in_the_overview() -> None:
    overview = (ROOT / "docs" / "preparation.md").read_text("utf-8")
    for entry in [*STEPS.entries(), *RECIPES.entries()]:
        assert f"[`{entry.name}`](preparation/{entry.name}.md)" in overview
        page = (ROOT / "docs" / "preparation" / f"{entry.name}.md").read_text("utf-8")
        assert [key for key in (field.name for field in fields(entry.params)) if f"`{key}`" not in page] == []
