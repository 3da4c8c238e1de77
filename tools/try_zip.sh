#!/usr/bin/env bash
# Unpacks cropmap.zip into an empty profile and tries it in the real QGIS desktop under Xvfb: demo, unload, load, demo again.
#
#     tools/try_zip.sh                             with the installed QGIS
#     tools/qgis340.sh bash tools/try_zip.sh       with QGIS 3.40
set -euo pipefail
cd "$(dirname "$0")/.."
work=$PWD/build/try_zip
rm -rf "$work"
mkdir -p "$work/profiles/default/QGIS" "$work/profiles/default/python/plugins"
python3 -m zipfile -e cropmap.zip "$work/profiles/default/python/plugins"
printf '[PythonPlugins]\ncropmap=true\n\n[locale]\noverrideFlag=true\nuserLocale=en_US\n' > "$work/profiles/default/QGIS/QGIS3.ini"
CROPMAP_TRY=$work CROPMAP_PYTHON=${CROPMAP_PYTHON:-$PWD/.venv-core/bin/python} \
    timeout -k 5 450 env -u QT_QPA_PLATFORM xvfb-run -a -s "-screen 0 1500x1000x24" \
    qgis --nologo --noversioncheck --profiles-path "$work" --profile default --code tools/try_zip.py > "$work/qgis.txt" 2>&1 || true
cat "$work/log.txt"
[ "$(tail -n 1 "$work/log.txt")" = good ]
