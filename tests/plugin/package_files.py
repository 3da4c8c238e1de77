"""Model packages as the library writes them, without its heavy parts: a manifest and some bytes of weights."""

import json
import zipfile

CORN, SOY, WHEAT = ("Corn", "#ffd300"), ("Soybeans", "#267000"), ("Wheat", "#a57000")


def manifest_of(model="random_forest", accuracy=0.9, classes=(CORN, SOY), bands=("red", "nir")):
    return {
        "cropmap_package": 1,
        "model": model,
        "params": {},
        "recipe": {"name": "weekly_linear", "season": ["2021-04-01", "2021-10-31"], "steps": []},
        "days": list(range(0, 210, 7)),
        "bands": list(bands),
        "legend": [{"code": code, "name": name, "colour": colour} for code, (name, colour) in enumerate(classes)],
        "fingerprint": "",
        "record": {
            "samples": {name: 100 + 20 * code for code, (name, _colour) in enumerate(classes)},
            "cross_validation": {"overall_accuracy": accuracy, "macro_f1": accuracy - 0.1, "kappa": accuracy - 0.2},
        },
        "weights": {"sha256": "", "bytes": 3},
    }


def write_package(path, manifest=None, **fields):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(manifest_of(**fields) if manifest is None else manifest))
        archive.writestr("weights.safetensors", b"abc")
    return path
