"""The plugin in the real QGIS desktop, on a screen of its own: every page and window opens and can be photographed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PICTURES = {
    "images",
    "empty",
    "listing",
    "preparation",
    "own_steps",
    "samples",
    "merged",
    "reference_maps",
    "model",
    "model_open",
    "model_list",
    "compared_models",
    "training",
    "models_list",
    "report",
    "transfer",
    "shifted",
    "carried",
    "map",
    "wrong",
    "history",
    "environment",
    "about",
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("xvfb-run") or not shutil.which("qgis"), reason="needs Xvfb and the QGIS desktop"
    ),
]


def test_every_page_and_window_opens_in_the_desktop(fake_python, tmp_path):
    # A QGIS unpacked beside the installed one is started by its own program, not by the wrapper in /usr/bin.
    own = Path(os.environ.get("QGIS_PREFIX_PATH", "/usr")) / "bin" / "qgis.bin"
    variables = {**os.environ, "CROPMAP_SHOTS_LIMIT": "120", **({"CROPMAP_QGIS": str(own)} if own.is_file() else {})}
    ended = subprocess.run(
        [ROOT / "tools" / "screenshots.sh", tmp_path / "pictures"],
        capture_output=True,
        text=True,
        timeout=150,
        env=variables,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    taken = {path.stem: path.stat().st_size for path in (tmp_path / "pictures").glob("*.png")}
    assert set(taken) == PICTURES
    assert min(taken.values()) > 20_000  # an empty screen is smaller
