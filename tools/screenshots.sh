#!/usr/bin/env bash
# Opens the plugin in the real QGIS desktop under Xvfb and writes pictures of all its pages: tools/screenshots.sh [FOLDER [LOCALE]]
# With CROPMAP_SHOTS_RUN=1 it also runs the demo, with CROPMAP_SHOTS_DATA=FOLDER real data. CROPMAP_QGIS chooses another QGIS program.
set -euo pipefail
cd "$(dirname "$0")/.."
export CROPMAP_SHOTS=$(realpath -m "${1:-build/screenshots}")
locale=${2:-en_US}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/plugins" "$work/profiles/default/QGIS" "$CROPMAP_SHOTS"
ln -s "$PWD" "$work/plugins/cropmap"
printf '[PythonPlugins]\ncropmap=true\n\n[locale]\noverrideFlag=true\nuserLocale=%s\n' "$locale" > "$work/profiles/default/QGIS/QGIS3.ini"
rm -f "$CROPMAP_SHOTS"/*.png "$CROPMAP_SHOTS/error.txt"
# A real desktop cannot start on the offscreen platform that the tests use.
QGIS_PLUGINPATH=$work/plugins CROPMAP_PYTHON=${CROPMAP_PYTHON:-$PWD/.venv-core/bin/python} \
    timeout -k 5 "${CROPMAP_SHOTS_LIMIT:-300}" env -u QT_QPA_PLATFORM xvfb-run -a -s "-screen 0 1500x1000x24" \
    "${CROPMAP_QGIS:-qgis}" --nologo --noversioncheck --profiles-path "$work" --profile default --code tools/screenshots.py
[ ! -e "$CROPMAP_SHOTS/error.txt" ] || { cat "$CROPMAP_SHOTS/error.txt" >&2; exit 1; }
ls "$CROPMAP_SHOTS"
