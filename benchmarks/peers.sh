#!/usr/bin/env bash
# Makes .venv-peers: the library's environment, and beside it the packages that the benchmarks compare with.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .venv-core/bin/python ] || make setup-core
rm -rf .venv-peers
/usr/bin/python3 -m venv .venv-peers
site=$(.venv-peers/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")
core=$(.venv-core/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")
printf '%s\n%s\n' "$core" "$PWD/core" > "$site/library.pth"
.venv-peers/bin/python -m pip install -q --no-input --no-binary vam.whittaker -r benchmarks/peers.txt
# For its networks alone; what it asks for would bring Jupyter.
.venv-peers/bin/python -m pip install -q --no-input --no-deps breizhcrops geojson
