#!/usr/bin/env bash
# Unpacks the QGIS of the distribution's backports suite (3.40 on Debian 12) into build/qgis-3.40, beside the installed QGIS,
# so that the plugin's tests can run on both. Does nothing when it is there. Installs nothing and leaves apt's own lists alone.
#
#     tools/qgis340.sh                      unpack
#     tools/qgis340.sh COMMAND ARGUMENTS    unpack, then run a command with that QGIS
#
# Skips, with exit code 0 and a line that says so, where the system has no such suite.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$PWD/build/qgis-3.40
skip() { echo "skipped: $1"; exit 0; }

unpack() {
    [ -e "$target/.complete" ] && return
    local system=/etc/apt/sources.list.d/debian.sources apt codename suite packages
    command -v apt-get >/dev/null && [ -r "$system" ] || skip "QGIS from backports needs Debian's apt sources ($system)."
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    suite=$codename-backports
    apt=$PWD/build/qgis-3.40-apt
    rm -rf "$target" "$apt"
    mkdir -p "$target" "$apt"/{sources,lists/partial,archives/partial}
    cp "$system" "$apt/sources/"
    sed -n '1,/^$/p' "$system" | sed "s/^Suites:.*/Suites: $suite/" > "$apt/sources/backports.sources"
    local options=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$apt/sources" -o "Dir::State::lists=$apt/lists"
        -o "Dir::Cache::archives=$apt/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
    apt-get "${options[@]}" update -qq || skip "the suite $suite cannot be read."
    packages=$(apt-get "${options[@]}" -s -t "$suite" install --no-install-recommends qgis python3-qgis \
        | sed -n 's/^Inst \([^ ]*\) [^(]*(\([^ ]*\) .*/\1=\2/p')
    grep -q '^qgis=' <<<"$packages" || skip "the suite $suite offers no newer QGIS."
    (cd "$apt/archives" && apt-get "${options[@]}" download -qq $packages)
    for archive in "$apt"/archives/*.deb; do dpkg -x "$archive" "$target"; done
    rm -rf "$apt"
    touch "$target/.complete"
}

unpack
[ $# -gt 0 ] || exit 0
root=$target/usr
libraries=$root/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo x86_64-linux-gnu)
export QGIS_PREFIX_PATH=$root
# libpulsecommon, without which qgis.gui fails to load, lies in a folder of its own.
export LD_LIBRARY_PATH=$root/lib:$libraries:$libraries/pulseaudio${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PYTHONPATH=$root/lib/python3/dist-packages:$root/share/qgis/python:$root/share/qgis/python/plugins${PYTHONPATH:+:$PYTHONPATH}
export PATH=$root/bin:$PATH
exec "$@"
