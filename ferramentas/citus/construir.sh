#!/bin/sh
# Builds Citus for the machine's PostgreSQL 15 into a private folder and prints where its programs
# are: construir.sh [PREFIX]. Without PREFIX: /opt/estoque_pg/citus for root, the cache for a user.
# construir.sh --onde builds nothing: it says what CITUS_BINDIR names or what is there already.
# The folder holds a copy of the server with Citus in it; the server of the machine stays as it is.
# About 100 s, once; what is there already is not built again.
#
# The source archive is what CITUS_FONTE names, or one found beside this checkout, or downloaded.
#
# Exit codes: 1 the build failed, 2 wrong use, 3 something needed cannot be had here.
set -eu
versao=13.2.2
# Over the sums of all files to be compiled, so that an archive packed anew is still known.
conteudo=c070f03e055b83bc2e276c474d135ae2123621b3c6e87c7621d8315ef1758e2f
pg=/usr/lib/postgresql/15
pacotes="build-essential flex bison postgresql-15 postgresql-15-cron postgresql-server-dev-15
    libkrb5-dev libpam0g-dev libselinux1-dev liblz4-dev libzstd-dev libssl-dev libxslt1-dev
    libreadline-dev zlib1g-dev libicu-dev xz-utils"

dizer() { echo "citus: $1" >&2; }

falhar() {
    echo "error: $2" >&2
    [ -z "${3:-}" ] || echo "hint: $3" >&2
    exit "$1"
}

[ $# -le 1 ] || falhar 2 "usage: construir.sh [PREFIX | --onde]"
if [ "$(id -u)" = 0 ]; then
    padrao=/opt/estoque_pg/citus
else
    padrao=${XDG_CACHE_HOME:-$HOME/.cache}/estoque_pg/citus
fi

tem() { [ -x "$1/initdb" ] && [ -e "$1/../lib/citus.so" ]; }

terminar() {
    echo "$1"
    exit 0
}

if [ "${1:-}" = --onde ]; then
    if [ -n "${CITUS_BINDIR:-}" ]; then
        ! tem "$CITUS_BINDIR" || terminar "$CITUS_BINDIR"
        falhar 2 "CITUS_BINDIR=$CITUS_BINDIR is no folder of the programs of a PostgreSQL with Citus"
    fi
    for lugar in "$padrao" /opt/estoque_pg/citus; do
        ! tem "$lugar/lib/postgresql/15/bin" || terminar "$lugar/lib/postgresql/15/bin"
    done
    falhar 3 "there is no Citus on this machine" \
        "ferramentas/citus/construir.sh builds it, or name its programs in CITUS_BINDIR"
fi
prefixo=${1:-$padrao}
bindir=$prefixo/lib/postgresql/15/bin
raiz=$(cd "$(dirname "$0")/../.." && pwd)

# The packages of the list above that the machine lacks.
faltam() {
    for pacote in $pacotes; do
        dpkg-query -W -f '${db:Status-Status}' "$pacote" 2>/dev/null | grep -qx installed ||
            printf '%s ' "$pacote"
    done
}

# Sets $arquivo, or ends.
achar_fonte() {
    arquivo=${CITUS_FONTE:-}
    if [ -n "$arquivo" ]; then
        [ -f "$arquivo" ] || falhar 2 "CITUS_FONTE=$arquivo is no file"
        return
    fi
    arquivo=$(find "$raiz/.." -xdev -maxdepth 4 -type f \( -name "citus-$versao.tar.xz" -o \
        -name "citus-$versao.tar.gz" -o -name "v$versao.tar.gz" \) 2>/dev/null | head -n 1)
    [ -z "$arquivo" ] || return 0
    arquivo=$obra/fonte.tar.gz
    endereco=https://codeload.github.com/citusdata/citus/tar.gz/refs/tags/v$versao
    dizer "downloading $endereco ..."
    python3 - "$endereco" "$arquivo" 2>>"$registro" <<'PY' ||
import shutil
import sys
from urllib.request import urlopen

with urlopen(sys.argv[1], timeout=20) as resposta, open(sys.argv[2], "wb") as arquivo:
    shutil.copyfileobj(resposta, arquivo)
PY
        falhar 3 "the source of Citus $versao is neither here nor to be downloaded" \
            "put its release (v$versao.tar.gz) into a folder beside the checkout, or name it in CITUS_FONTE"
}

# The sums of what is compiled, in order, summed once more.
somar() {
    (
        cd "$1"
        find configure Makefile Makefile.global.in config src/backend src/include vendor -type f |
            LC_ALL=C sort | tr '\n' '\0' | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1
    )
}

# PostgreSQL 15.20 has a function of its own of the name of one that Citus makes for it.
remendar() {
    sed -i -E '/^#define|\(void\)$/s/have_createdb_privilege/citus_&/' src/include/pg_version_compat.h
    sed -i 's/!have_createdb_privilege/!citus_have_createdb_privilege/' \
        src/backend/distributed/commands/serialize_distributed_ddls.c
}

compilar() {
    remendar &&
        ./configure -q --without-libcurl PG_CONFIG="$pg/bin/pg_config" &&
        make -s -j"$(nproc)" extension &&
        make -s install-extension DESTDIR="$obra/destino"
}

! tem "$bindir" || terminar "$bindir"
[ ! -e "$prefixo" ] || falhar 2 "$prefixo exists and holds no Citus" "name another folder"
mkdir -p "$(dirname "$prefixo")" || falhar 2 "$prefixo cannot be made"
exec 9<"$(dirname "$prefixo")"
flock 9 # one build at a time; the next one finds the work done
! tem "$bindir" || terminar "$bindir"

obra=$(mktemp -d "$(dirname "$prefixo")/citus-obra.XXXXXX")
trap 'rm -rf "$obra"' EXIT
trap 'exit 1' INT TERM HUP
registro=$obra/registro
achar_fonte
tar -xf "$arquivo" -C "$obra" 2>>"$registro" || falhar 1 "$arquivo cannot be unpacked"
[ -d "$obra/citus-$versao" ] && [ "$(somar "$obra/citus-$versao")" = "$conteudo" ] ||
    falhar 1 "$arquivo does not hold the source of Citus $versao as it was released"

faltantes=$(faltam)
if [ -n "$faltantes" ]; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
        falhar 3 "Citus is built with packages that are not installed: $faltantes" \
            "install them as root"
    dizer "installing $faltantes with apt-get ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q -o DPkg::Lock::Timeout=120 update >>"$registro" 2>&1 || true
    [ -n "$(apt-cache pkgnames postgresql-server-dev-15)" ] ||
        falhar 3 "the package archive has no PostgreSQL 15 to build Citus for"
    apt-get -q -y -o DPkg::Lock::Timeout=120 --no-install-recommends install $faltantes \
        >>"$registro" 2>&1 || falhar 1 "apt-get could not install $faltantes" \
        "$(grep '^E:' "$registro" | head -n 1)"
fi

dizer "building Citus $versao into $prefixo (once, about 100 s) ..."
if ! (cd "$obra/citus-$versao" && compilar) >>"$registro" 2>&1; then
    tail -n 30 "$registro" >&2
    falhar 1 "Citus $versao could not be built"
fi
# Put together beside its place and renamed: an interrupted run leaves nothing that looks finished.
mkdir -p "$obra/pronto/lib/postgresql" "$obra/pronto/share/postgresql"
cp -a "$pg" "$obra/pronto/lib/postgresql/"
cp -a /usr/share/postgresql/15 "$obra/pronto/share/postgresql/"
cp -a "$obra/destino$pg/." "$obra/pronto/lib/postgresql/15/"
cp -a "$obra/destino/usr/share/postgresql/15/." "$obra/pronto/share/postgresql/15/"
chmod 755 "$obra/pronto"
mv -T "$obra/pronto" "$prefixo"
terminar "$bindir"
