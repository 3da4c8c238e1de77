#!/usr/bin/env bash
# Makes, or brings up to date, what `make demo` (setup.sh core) and `make test` (setup.sh all) need. Does nothing when current.
# CROPMAP_TORCH_INDEX chooses another package index for torch alone, for example PyTorch's CPU or CUDA wheel index.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-all}
export DEBIAN_FRONTEND=noninteractive

packages="python3 python3-venv"
[ "$what" = core ] || packages="$packages qgis python3-qgis python3-gdal gdal-bin pyqt5-dev-tools qttools5-dev-tools xvfb xauth imagemagick xdotool zip"
missing=$({ dpkg-query -W -f='${db:Status-Abbrev}${Package}\n' $packages 2>/dev/null || true; } \
    | sed -n 's/^ii  *//p' | sort | comm -13 - <(tr ' ' '\n' <<<"$packages" | sort))
if [ -n "$missing" ]; then
    sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
    echo "Installing system packages:" $missing
    $sudo apt-get -o DPkg::Lock::Timeout=600 update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends $missing >/dev/null
fi

# Makes the virtual environment $1 anew unless its stamp holds the hash of the files that decide its content.
stale() { [ "$(cat "$1/.stamp" 2>/dev/null)" != "$2" ]; }

core_stamp=$(cat <(sed '/^# -/,$d' pyproject.toml) tools/setup.sh <(/usr/bin/python3 -V) <(echo "${CROPMAP_TORCH_INDEX:-}") | sha256sum)
if stale .venv-core "$core_stamp"; then
    echo "Making .venv-core (the library, its worker and the development tools)"
    rm -rf .venv-core
    /usr/bin/python3 -m venv .venv-core
    torch=$(sed -n 's/^ *"\(torch==[^"]*\)".*/\1/p' pyproject.toml)
    .venv-core/bin/python -m pip install -q --no-input "$torch" ${CROPMAP_TORCH_INDEX:+--index-url "$CROPMAP_TORCH_INDEX"}
    .venv-core/bin/python -m pip install -q --no-input -e '.[dev]'
    echo "$core_stamp" > .venv-core/.stamp
fi
[ "$what" = core ] && exit 0

qgis_stamp=$(cat tools/requirements-qgis.txt tools/setup.sh <(/usr/bin/python3 -V) | sha256sum)
if stale .venv-qgis "$qgis_stamp"; then
    echo "Making .venv-qgis (tests inside QGIS's own Python)"
    rm -rf .venv-qgis
    /usr/bin/python3 -m venv --system-site-packages .venv-qgis
    .venv-qgis/bin/python -m pip install -q --no-input -r tools/requirements-qgis.txt
    echo "$qgis_stamp" > .venv-qgis/.stamp
fi
