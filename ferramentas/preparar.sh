#!/bin/sh
# Makes .venv with the project (editable) and what its tests need. Does nothing when that has been
# done since pyproject.toml last changed. Works on a bare Debian or Ubuntu, where Python comes
# without pip and venv: root installs python3-venv, a user unpacks pip's package privately.
set -eu
cd "$(dirname "$0")/.."
venv=.venv
marca=$venv/.preparado

falhar() {
    echo "error: $1" >&2
    [ -z "${2:-}" ] || echo "hint: $2" >&2
    exit 1
}

mostrar_e_falhar() {
    cat "$registro" >&2
    falhar "$1"
}

# The mark holds the path too: a virtual environment does not survive being moved or copied.
pronto() {
    [ -f "$marca" ] && [ ! pyproject.toml -nt "$marca" ] && [ "$(cat "$marca")" = "$PWD" ] &&
        "$venv/bin/python" -c '' 2>/dev/null
}

instalar_com_apt() {
    echo "estoque: installing $* with apt-get ..." >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q -o DPkg::Lock::Timeout=120 update >"$registro" 2>&1 || true
    apt-get -q -y -o DPkg::Lock::Timeout=120 --no-install-recommends install "$@" \
        >>"$registro" 2>&1 || falhar "apt-get could not install $*" "$(grep '^E:' "$registro" | head -1)"
}

# Prints the path of a wheel with pip, taken from Debian's package of it.
roda_do_pip() {
    for roda in /usr/share/python-wheels/pip-*.whl; do
        [ ! -f "$roda" ] || { echo "$roda"; return; }
    done
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || falhar \
        "this Python has no pip" "install Python's venv or pip package"
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/estoque_pg
    mkdir -p "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial" "$cache/pip"
    apt="-q -o Dir::State::lists=$cache/apt/lists -o Dir::Cache=$cache/apt/cache"
    apt="$apt -o Debug::NoLocking=1 -o Acquire::Languages=none -o Acquire::Retries=2"
    # Its exit code is no guide: the machine's own hooks run after it, and may want root.
    apt-get $apt update >>"$registro" 2>&1 || true
    (
        cd "$cache/pip"
        apt-get $apt download python3-pip-whl && dpkg -x python3-pip-whl_*.deb .
    ) >>"$registro" 2>&1 || mostrar_e_falhar "pip's package could not be downloaded"
    ls "$cache"/pip/usr/share/python-wheels/pip-*.whl | tail -1
}

tem_pip() { "$python" -Im ensurepip --version >/dev/null 2>&1; }

fazer_venv() {
    if ! tem_pip && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        instalar_com_apt python3-venv
    fi
    sem_pip=
    tem_pip || sem_pip=--without-pip
    "$python" -m venv --clear $sem_pip "$venv" >"$registro" 2>&1 || mostrar_e_falhar \
        "the virtual environment could not be made"
    [ -n "$sem_pip" ] || return 0
    roda=$(roda_do_pip)
    "$venv/bin/python" "$roda/pip" -q install --no-index "$roda" >>"$registro" 2>&1 ||
        mostrar_e_falhar "pip could not be set up in $venv"
}

! pronto || exit 0
# One run at a time; the others find the work done.
if command -v flock >/dev/null; then
    exec 9<.
    flock 9
    ! pronto || exit 0
fi

registro=$(mktemp)
trap 'rm -f "$registro"' EXIT
python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || falhar "there is no $python" \
        "install Python 3.10 or newer, or name one with PYTHON=..."
    instalar_com_apt python3 python3-venv
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    falhar "$("$python" --version) is too old: 3.10 or newer is needed" "name one with PYTHON=..."

if [ -f "$marca" ] && [ "$(cat "$marca")" = "$PWD" ] &&
    "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    echo "estoque: bringing $venv up to date ..." >&2
    rm -f "$marca"
else
    echo "estoque: preparing $venv (half a minute, the first time) ..." >&2
    fazer_venv
fi
"$venv/bin/python" -m pip install -q --disable-pip-version-check --no-input -e '.[test]' \
    >"$registro" 2>&1 || mostrar_e_falhar "the packages could not be installed"
echo "$PWD" >"$marca"
