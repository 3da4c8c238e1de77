"""Stands in for the worker: `python -m cropmap run JOB --events --out FOLDER`; params["act"] says how it behaves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def say(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def succeed(out):
    for step in range(1, 5):
        say("progress", fraction=step / 5, message=f"Step {step}")
    say("warning", message="Two dates are cloudy.")
    (out / "report.html").write_text("<p>report</p>")
    say(
        "done",
        result={"run_folder": str(out), "outputs": {"report": str(out / "report.html")}, "figures": {"samples": 7}},
    )
    return 0


def learn(out):
    """Trains two networks, and says some things that are no points."""
    for curve in ("Fold 1", "Model"):
        for epoch in (1, 2, 3):
            figures = {"epoch": epoch, "training_loss": 1 / epoch, "validation_loss": None, "validation_accuracy": 0.5}
            say("point", curve=curve, figures=figures)
    say("point", curve="Model", figures="none")
    say("point", curve=["Model"], figures={"epoch": 9, "training_loss": 0})
    say("sparkle", colour="red")
    return succeed(out)


def refuse(_out):
    say("error", type="LegendError", what="Class 176 has no name.", where="cdl.tif", fix="Name it.")
    return 2


def die(_out):
    sys.stderr.write("eating all memory\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def abort(_out):
    os.abort()


def vanish(_out):
    return 0


def stumble(_out):
    raise ValueError("a bug")


def wait(_out):
    say("progress", fraction=0.5, message="Waiting")
    for line in sys.stdin:
        if line.strip() == "cancel":
            break
    say("cancelled")
    return 3


def hang(out):
    """Neither the word nor the polite signal stops it; and it has a child."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(["sleep", "600"])
    (out / "child").write_text(str(child.pid))
    say("progress", fraction=0.5, message="Hanging")
    time.sleep(600)


def babble(out):
    sys.stdout.buffer.write(
        b'Using 3 cores\n\xff\xfe\x00 not text\n{"event": "progress"}\n[1, 2]\n' + b"x" * 3_000_000 + b"\n"
    )
    sys.stdout.flush()
    return succeed(out)


def flood(out):
    for _ in range(20_000):
        sys.stderr.write("a warning that nobody reads, and that fills the pipe\n")
    return succeed(out)


def orphan(out):
    """It ends, but leaves a child behind that holds its standard output open."""
    subprocess.Popen(["sleep", "600"])
    return succeed(out)


def tell(out):
    """Say in which environment it was started."""
    say("done", result={"run_folder": str(out), "outputs": {}, "figures": dict(os.environ), "words": sys.argv[1:]})
    return 0


if __name__ == "__main__":
    if "check" in sys.argv:
        print(json.dumps({"cropmap": "0.1.0", "python": "3.11", "torch": "2.13.0", "gpu": "none", "problems": []}))
        sys.exit(0)
    job = json.loads(Path(sys.argv[sys.argv.index("run") + 1]).read_text())
    folder = Path(job["out"])
    folder.mkdir(parents=True, exist_ok=True)
    sys.exit(globals()[job["params"].get("act", "succeed")](folder))
