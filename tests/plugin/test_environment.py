"""Which Python computes: found, made, checked, never QGIS's own."""

import os
import re
import sys
from pathlib import Path

import pytest

from cropmap_plugin.worker import environment as env
from cropmap_plugin.worker.dialog import EnvironmentDialog
from cropmap_plugin.worker.installer import Checker, Installer, steps

ROOT = Path(__file__).resolve().parents[2]


def interpreter(folder):
    path = env.python_of(folder)
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_variable_goes_before_the_choice_and_the_choice_before_the_made_one(tmp_path):
    ours, chosen, made = (interpreter(tmp_path / name) for name in "abc")
    variables = {env.VARIABLE: str(ours)}
    assert env.find_python(str(chosen), tmp_path / "c", variables) == env.WorkerPython(ours, "variable")
    assert env.find_python(str(chosen), tmp_path / "c", {}) == env.WorkerPython(chosen, "setting")
    assert env.find_python("", tmp_path / "c", {}) == env.WorkerPython(made, "managed")
    assert env.find_python("", tmp_path / "none", {}) is None


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_no_system_makes_an_environment_with_qgis_s_own_program(platform):
    found = env.base_pythons(platform, "/prefix", "/Applications/QGIS.app/Contents/MacOS/QGIS")
    assert Path(sys.executable) not in found or platform == "linux"
    assert all("qgis" not in path.name.lower() for path in found)


def test_windows_looks_beside_its_bundled_python(monkeypatch, tmp_path):
    (tmp_path / "apps" / "Python312").mkdir(parents=True)
    (tmp_path / "apps" / "Python312" / "python.exe").write_text("")
    monkeypatch.setenv("OSGEO4W_ROOT", str(tmp_path))
    assert env.first_existing(env.base_pythons("win32", "/none")) == tmp_path / "apps" / "Python312" / "python.exe"


def test_certificates_of_qgis_are_scrubbed_and_the_user_s_kept():
    cleaned = env.clean_environment({"SSL_CERT_FILE": "/qgis/cert.pem", "HOME": "/h", "DYLD_X": "1"}, "/qgis")
    assert cleaned == {"HOME": "/h"}
    assert env.clean_environment({"SSL_CERT_FILE": "/mine.pem"}, "/qgis") == {"SSL_CERT_FILE": "/mine.pem"}


def test_the_requirements_are_those_of_the_library():
    declared = re.search(r"^dependencies = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.DOTALL | re.MULTILINE)
    lines = env.REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == re.findall(r'^\s+"(.*)",', declared[1], re.MULTILINE)


def test_a_folder_stands_for_the_interpreter_in_it(tmp_path):
    path = interpreter(tmp_path / "venv")
    assert env.interpreter_in(tmp_path / "venv") == path
    assert env.interpreter_in(path) == path


def test_an_environment_made_for_other_requirements_is_not_current(tmp_path):
    assert not env.is_current(tmp_path)
    env.write_stamp(tmp_path)
    assert env.is_current(tmp_path)
    (tmp_path / "cropmap-stamp.txt").write_text("older")
    assert not env.is_current(tmp_path)


def test_a_check_reads_versions_and_problems():
    good = env.health_of('noise\n{"cropmap": "1", "torch": "2", "problems": []}\n', "")
    assert good.good
    assert good.versions == {"cropmap": "1", "torch": "2"}
    assert env.health_of('{"cropmap": "1", "problems": ["torch is missing"]}', "").problems == ("torch is missing",)
    bad = env.health_of("", "Traceback\nModuleNotFoundError: No module named 'numpy'")
    assert "No module named 'numpy'" in bad.problems[0]


def test_every_step_but_the_first_runs_in_the_new_environment(tmp_path):
    found = steps(Path("/usr/bin/python3"), tmp_path / "w", "an-index")
    assert [step.program for step in found] == [Path("/usr/bin/python3"), *[env.python_of(tmp_path / "w")] * 3]
    assert found[2].arguments[-3:] == ("torch==2.13.0", "--index-url", "an-index")
    assert len(steps(Path("/usr/bin/python3"), tmp_path / "w")) == 3


class Base:
    """A Python that makes an environment whose pip does as it is told."""

    def __init__(self, folder, pip):
        inside = f'#!/bin/sh\necho "pip $@"\n{pip}\n'
        self.path = folder / "base_python"
        self.path.write_text(
            "#!/bin/sh\n"
            f'mkdir -p "$3/bin" && cat > "$3/bin/python3" <<"END"\n{inside}END\n'
            'chmod +x "$3/bin/python3"\necho made "$3"\n'
        )
        self.path.chmod(0o755)


def install(base, tmp_path, wait_for, act=lambda _installer: None):
    installer, lines, ends = Installer(), [], []
    installer.line.connect(lines.append)
    installer.over.connect(lambda good, text: ends.append((good, text)))
    installer.start(base.path, tmp_path / "data" / "worker")
    act(installer)
    wait_for(lambda: ends)
    return lines, ends[0]


def test_an_installation_runs_its_steps_and_leaves_its_stamp(qgis_app, tmp_path, wait_for):
    lines, (good, _) = install(Base(tmp_path, "exit 0"), tmp_path, wait_for)
    assert good
    assert env.is_current(tmp_path / "data" / "worker")
    assert any("requirements.txt" in line for line in lines)


def test_a_failed_step_says_which_and_leaves_no_stamp(qgis_app, tmp_path, wait_for):
    _, (good, text) = install(Base(tmp_path, "echo no network; exit 7"), tmp_path, wait_for)
    assert not good
    assert "code 7" in text
    assert "network" in text
    assert not env.is_current(tmp_path / "data" / "worker")


def test_an_installation_can_be_cancelled(qgis_app, tmp_path, wait_for):
    _, (good, text) = install(Base(tmp_path, "exec sleep 60"), tmp_path, wait_for, act=cancel_later)
    assert not good
    assert text.startswith("Cancelled")


def cancel_later(installer):
    from qgis.PyQt.QtCore import QTimer

    QTimer.singleShot(300, installer.cancel)


def test_the_check_asks_the_chosen_python(qgis_app, fake_python, wait_for):
    answers = []
    checker = Checker()
    checker.over.connect(answers.append)
    checker.start(fake_python)
    wait_for(lambda: answers)
    assert answers[0].good


def test_a_python_that_cannot_start_is_a_bad_answer_and_no_crash(qgis_app, tmp_path, wait_for):
    answers = []
    checker = Checker()
    checker.over.connect(answers.append)
    checker.start(tmp_path / "none")
    wait_for(lambda: answers)
    assert not answers[0].good


def test_the_window_says_ready_or_what_is_missing(qgis_app, fake_python, wait_for, monkeypatch):
    dialog = EnvironmentDialog()
    wait_for(lambda: "Ready" in dialog.state.text())
    assert "PyTorch 2.13.0" in dialog.state.text()
    monkeypatch.delenv("CROPMAP_PYTHON")
    dialog.check()
    assert "no worker environment" in dialog.state.text()
    dialog.path.setFilePath(str(fake_python))
    dialog.use.click()
    wait_for(lambda: "Ready" in dialog.state.text())
    dialog.forget.click()
    assert "no worker environment" in dialog.state.text()
    dialog.path.setFilePath("/nowhere/python")
    dialog.use.click()
    assert "There is no Python interpreter at" in dialog.state.text()
    dialog.close()


@pytest.mark.skipif(not (ROOT / ".venv-core/bin/python").exists(), reason="the library's environment is not made here")
def test_the_real_library_answers_the_check(qgis_app, wait_for):
    answers = []
    checker = Checker()
    checker.over.connect(answers.append)
    checker.start(ROOT / ".venv-core/bin/python")
    wait_for(lambda: answers, 120)
    assert answers[0].problems == ()
    assert {"cropmap", "python", "torch", "gpu"} <= set(answers[0].versions)
    assert os.environ.get("PYTHONPATH", "") != str(ROOT / "core")
