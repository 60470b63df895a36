"""bin/backup, bin/restore and bin/upgrade. In Docker's place stands a program that notes what it is asked for, and runs
what would run in a container: in one test for real against a Postgres, in the others it only says what that would.

OPERATING_FOR_REAL=1 makes a backup of a real Postgres, and puts it back (a minute).
"""

import json
import os
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from devtools.local import postgres
from flipdash.sql.applying import declared
from tests.test_containers import RUNNING, connect, container_cluster, empty_cluster  # noqa: F401  (fixtures)

ROOT = Path(__file__).resolve().parent.parent
OLD, NEW = "11" * 32, "22" * 32
ASKED = """\
#!{python}
import json, os, subprocess, sys
words = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(json.dumps(words) + chr(10))
asked = " ".join(words)
if os.environ.get("FAILS") and os.environ["FAILS"] in asked:
    sys.exit("it fails here")
for said, answer in json.loads(os.environ.get("SAYS", "{{}}")).items():
    if said in asked:
        print(answer)
        sys.exit()
"""
FOR_REAL = """\
if words[:2] in (["compose", "exec"], ["compose", "run"]):
    rest = [word for word in words[2:] if word not in ("-T", "--rm", "--no-deps")]
    command = rest[1:] or ["python", "manage.py", "migrate", "--noinput", "--verbosity", "0"]
    command = [word.replace("/data", {data!r}) for word in command]
    command[0] = {{"python": sys.executable}}.get(command[0], command[0])
    sys.exit(subprocess.run(command, cwd={root!r}).returncode)
"""
PRETENDED = """\
for said, answer in {answers!r}.items():
    if said in asked:
        print(answer)
"""
ANSWERS = {
    "pg_dump": "dump",
    "pg_restore --list": "0; 0 0 TABLE DATA public deposits_posting owner",
    "--keys": "ab",
    "ps --quiet web": "old-web",
    "ps --all --quiet web": "old-web\nnew-web",
    "container inspect": "sha256:old",
    "image inspect": "sha256:new",
    "compose config": "services:\n  web:\n    ports:\n      - target: 8000\n        published: 8000-8001\n  x:\n"
    '    ports:\n      - published: "80"',
    "container port": "127.0.0.1:8001",
}


class Deployment:
    """A deployment whose Docker is ours."""

    def __init__(self, home: Path, more: str, environment: dict[str, str]) -> None:
        self.home, self.files, self.log = home, home / "data", home / "asked"
        (self.files / "tmp" / "reports").mkdir(parents=True)
        docker = home / "bin" / "docker"
        docker.parent.mkdir()
        known = {"python": sys.executable, "log": str(self.log), "data": str(self.files), "root": str(ROOT)}
        docker.write_text((ASKED + more).format(**known, answers=ANSWERS))
        docker.chmod(0o755)
        sleep = docker.with_name("sleep")
        sleep.write_text("#!/bin/sh\n")
        sleep.chmod(0o755)
        self.environment = environment | {"PATH": f"{docker.parent}:{environment['PATH']}"}

    def run(self, script: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts from elsewhere, as a person does."""
        self.log.unlink(missing_ok=True)
        command = [str(ROOT / "bin" / script), *words]
        environment = self.environment | more
        return subprocess.run(command, cwd=self.home, env=environment, capture_output=True, text=True)

    def asked(self) -> list[str]:
        """Return what Docker was asked for."""
        return [" ".join(json.loads(line)) for line in self.log.read_text().splitlines()]

    def backups(self) -> list[Path]:
        return list((self.home / "kept").iterdir())


@pytest.fixture
def pretended(tmp_path) -> Deployment:
    return Deployment(tmp_path, PRETENDED, {"PATH": os.environ["PATH"]})


@pytest.fixture
def deployment(container_cluster, tmp_path) -> Deployment:  # noqa: F811
    """A deployment on a Postgres of its own, with two businesses."""
    binaries = postgres._binaries(postgres.HOME, postgres.account())
    environment = os.environ | postgres.urls(container_cluster) | {"LOCAL": "1", "SEALING_KEYS": OLD}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}:{binaries}:{os.environ['PATH']}",
        "PGHOST": str(container_cluster),
    }
    made = Deployment(tmp_path, FOR_REAL, environment | {"FLIPDASH_DATA": str(tmp_path / "data")})
    for words in (
        ["migrate", "--noinput", "--verbosity", "0"],
        ["shell", "--no-imports", "--command", "from accounts import demo; demo.make_people()"],
    ):
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=made.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return made


def slugs(cluster) -> list[str]:
    with connect(cluster, "postgres") as superuser:
        return [slug for (slug,) in superuser.execute("SELECT slug FROM accounts_business ORDER BY slug")]


@pytest.mark.skipif(os.environ.get("OPERATING_FOR_REAL") != "1", reason="a minute: OPERATING_FOR_REAL=1 runs it")
def test_a_backup_is_whole_restores_and_holds_no_key(deployment, container_cluster):  # noqa: F811
    (deployment.files / "logo.png").write_bytes(b"picture")
    (deployment.files / "tmp" / "reports" / "half").write_bytes(b"x")
    done = deployment.run("backup", "kept")
    assert done.returncode == 0, done.stderr
    (made,) = deployment.backups()
    assert done.stdout.splitlines()[-1] == str(made), "a folder is meant as where one stands"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d{6}Z", made.name)
    assert {path.stat().st_mode & 0o077 for path in (made, *made.iterdir())} == {0}, "nobody else reads it"
    assert not any(OLD.encode() in path.read_bytes() for path in made.iterdir())
    before = slugs(container_cluster)
    with connect(container_cluster, "postgres") as superuser:
        superuser.execute("UPDATE accounts_business SET slug = 'spoilt-' || slug")
    spoilt = slugs(container_cluster)
    shutil.rmtree(deployment.files)
    deployment.files.mkdir()

    for words, more, why in (
        ([], {}, f"holds {len(before)} businesses"),
        (["--replace"], {"SEALING_KEYS": NEW}, "SEALING_KEYS in .env lacks"),
        (["--replace"], {"FAILS": "pg_restore"}, "could not be restored"),
    ):
        refused = deployment.run("restore", str(made), *words, **more)
        assert refused.returncode == 1
        assert why in refused.stderr
        assert not any("compose stop" in asked for asked in deployment.asked()), "what serves goes on"
        assert slugs(container_cluster) == spoilt

    somebody = connect(container_cluster, "postgres")
    somebody.execute("SELECT 1")
    done = deployment.run("restore", str(made), "--replace")
    assert done.returncode == 0, done.stderr + done.stdout
    with pytest.raises(psycopg.OperationalError):  # who else was connected keeps nothing from going on
        somebody.execute("SELECT 1")
    assert slugs(container_cluster) == before
    assert (deployment.files / "logo.png").read_bytes() == b"picture"
    assert not (deployment.files / "tmp").exists()
    assert "The ledger holds." in done.stdout
    with connect(container_cluster, "postgres") as superuser:
        (kept,) = superuser.execute("SELECT datname FROM pg_database WHERE datname LIKE 'flipdash_before_%'").fetchone()
        owners = superuser.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
        (walls,) = superuser.execute("SELECT count(*) FROM pg_policies").fetchone()
        stranger = superuser.execute("SELECT has_database_privilege('pg_monitor', 'flipdash', 'CONNECT')").fetchone()
    assert kept in done.stdout
    assert owners == [(postgres.OWNER,)]
    assert walls > 0
    assert stranger == (False,)


def test_a_backup_that_was_changed_is_refused(pretended):
    assert pretended.run("backup", "kept").returncode == 0
    (made,) = pretended.backups()
    (made / "database.dump").write_text("spoilt")
    done = pretended.run("restore", str(made), "--replace")
    assert done.returncode == 1
    assert "isn't whole" in done.stderr
    assert not pretended.log.exists(), "nothing was asked of Docker"


@pytest.mark.parametrize("step", ["pg_dump", "pg_restore --list", "tar --create", "reseal --keys"])
def test_half_a_backup_is_none(pretended, step):
    assert pretended.run("backup", "kept", FAILS=step).returncode != 0
    assert pretended.backups() == []


def test_backups_of_one_second_are_each_whole(pretended):
    for _ in range(3):
        assert pretended.run("backup", "kept").returncode == 0
    made = pretended.backups()
    assert len(made) == 3
    assert {frozenset(path.name for path in one.iterdir()) for one in made} == {
        frozenset(("about", "database.dump", "database.list", "files.tar.gz", "sealing-keys", "SHA256SUMS"))
    }


def test_a_restore_leaves_no_file_behind_wherever_it_fails(pretended, tmp_path):
    place = tmp_path / "tmp"
    place.mkdir()
    assert pretended.run("backup", "kept").returncode == 0
    (made,) = pretended.backups()
    done = pretended.run("restore", str(made), FAILS="reseal --keys", TMPDIR=str(place))
    assert done.returncode != 0
    assert list(place.iterdir()) == []
    (made / "sealing-keys").chmod(0o600)
    (made / "sealing-keys").write_text("cd\nab\n")
    parts = [path for path in made.iterdir() if path.name != "SHA256SUMS"]
    sums = [f"{sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in parts]
    (made / "SHA256SUMS").write_text("".join(sums))
    assert "lacks the keys with the fingerprints cd." in pretended.run("restore", str(made)).stderr


BESIDE = "compose up --detach --wait --no-build --no-recreate --scale web=2 web"


def test_a_restore_stops_all_that_write(pretended):
    """One that goes on would hold the database that is renamed, and write into what is thrown away."""
    assert pretended.run("backup", "kept").returncode == 0
    (made,) = pretended.backups()
    assert pretended.run("restore", str(made)).returncode == 0
    (stopped,) = (words.split()[2:] for words in pretended.asked() if words.startswith("compose stop"))
    assert sorted(stopped) == sorted(RUNNING)


def test_the_migration_after_a_restore_says_again_who_may_connect(pretended):
    """Rights to a database are in no dump; migrate makes only what its notes, which are in it, say isn't there."""
    assert pretended.run("backup", "kept").returncode == 0
    (made,) = pretended.backups()
    assert pretended.run("restore", str(made)).returncode == 0
    asked = pretended.asked()
    (forgets,) = (place for place, words in enumerate(asked) if "DELETE FROM database_code" in words)
    assert "flipdash/sql/rights.sql" in asked[forgets]
    assert "pg_restore --username" in asked[forgets - 1]
    assert "flipdash_restored migrate --database owner" in asked[forgets + 1]
    assert "flipdash/sql/rights.sql" in {code.name for code in declared("BEFORE_TABLES")}


@pytest.mark.parametrize(
    ("fails", "why"),
    [
        ("flipdash_restored migrate", "This version can't serve the backup's database."),
        ("flipdash_restored check_ledger", "The backup's ledger doesn't hold."),
        ("flipdash_restored check_activity", "The backup's Activity Log was changed."),
        ("tar --extract", "The files could not be stored."),
    ],
)
def test_a_backup_that_is_no_good_is_found_out_while_all_serves(pretended, fails, why):
    assert pretended.run("backup", "kept").returncode == 0
    (made,) = pretended.backups()
    done = pretended.run("restore", str(made), FAILS=fails)
    assert done.returncode == 1
    assert f"{why} Nothing was changed." in done.stderr
    assert not any("compose stop" in asked or "RENAME" in asked for asked in pretended.asked())


@pytest.mark.parametrize(
    ("fails", "step"),
    [
        ("compose stop", "stopping what writes"),
        ("pg_terminate_backend", "ending what others do in the database"),
        ("ALTER DATABASE flipdash RENAME", "renaming the databases"),
        ("ALTER DATABASE flipdash_restored RENAME", "renaming the databases"),
    ],
)
def test_what_served_serves_again_where_the_last_steps_fail(pretended, fails, step):
    assert pretended.run("backup", "kept").returncode == 0
    (made,) = pretended.backups()
    done = pretended.run("restore", str(made), FAILS=fails)
    assert done.returncode == 1
    assert f"It failed at {step}. What served before is started again." in done.stderr
    renamed, opened, started = pretended.asked()[-3:]
    assert "RENAME TO flipdash" in renamed
    assert "ALTER DATABASE flipdash ALLOW_CONNECTIONS true" in opened
    assert started == "compose up --detach --wait"


@pytest.mark.parametrize(("code", "is_kept"), [(1, True), (2, False)])
def test_what_changes_while_files_are_read_spoils_no_backup(pretended, tmp_path, code, is_kept):
    """GNU tar ends with 1 then, and with 2 for what is wrong."""
    tar, docker = tmp_path / "bin" / "tar", tmp_path / "bin" / "docker"
    tar.write_text(f"#!/bin/sh\necho files; exit {code}\n")
    tar.chmod(0o755)
    in_the_container = "if 'tar --create' in asked:\n    os.execvp(words[4], words[4:])\n"
    docker.write_text(f"{docker.read_text()}\n{in_the_container}")
    done = pretended.run("backup", "kept")
    assert (done.returncode == 0, len(pretended.backups())) == (is_kept, int(is_kept)), done.stderr


def test_an_upgrade_migrates_while_the_old_version_serves(pretended):
    done = pretended.run("upgrade", "kept")
    assert done.returncode == 0, done.stderr
    asked = pretended.asked()
    dumped = next(words for words in asked if "pg_dump" in words)
    steps = ["compose build", "image tag sha256:old flipdash:before", dumped, "compose run --rm -T migrate"]
    steps += ["compose rm --force migrate", BESIDE, "container stop --time 35 old-web", "container rm old-web"]
    steps.append("compose up --detach --wait --no-build --scale web=1")
    assert [words for words in asked if words in steps] == steps
    assert len(pretended.backups()) == 1
    assert "serves at 127.0.0.1:8001." in done.stdout, "a proxy that asks the old port alone finds nobody"


def test_the_version_of_before_is_started_again_without_a_migration(pretended):
    done = pretended.run("upgrade", "--back")
    assert done.returncode == 0, done.stderr
    asked = pretended.asked()
    rest = asked[asked.index("image tag flipdash:before flipdash") + 1 :]
    assert BESIDE.replace("--scale", "--no-deps --scale") in rest
    started = next(words for words in reversed(rest) if words.startswith("compose up"))
    assert started.startswith("compose up --detach --wait --no-build --no-deps --scale web=1 ")
    assert sorted(started.split()[8:]) == sorted(RUNNING)
    assert not any("migrate" in words or "build" in words.split() or "pg_dump" in words for words in asked)
    assert pretended.run("upgrade", "--back", FAILS="image tag").returncode != 0


@pytest.mark.parametrize("words", ["kept", "--back"])
def test_a_new_version_that_does_not_get_well_is_taken_away_and_the_old_one_serves_on(pretended, words):
    """Issue 18. Also where its port was taken by somebody else: who serves isn't ended for one that doesn't."""
    done = pretended.run("upgrade", words, FAILS="--scale")
    assert done.returncode == 1
    assert "starting the new version failed. The version of " in done.stderr
    assert "goes on serving." in done.stderr
    asked = pretended.asked()
    (began,) = (place for place, asks in enumerate(asked) if asks.startswith("compose up"))
    assert "container rm --force new-web" in asked[began:]
    assert "image tag sha256:old flipdash" in asked[began:]
    assert not any("old-web" in asks for asks in asked[began:]), "nobody touches what serves"


def test_the_version_of_before_is_the_one_that_serves_whatever_was_built_since(pretended):
    """A build whose migration failed isn't one to go back to, nor is the one that an upgrade run twice has made."""
    assert pretended.run("upgrade", "kept", FAILS="run --rm -T migrate").returncode != 0
    assert pretended.asked()[-1] == "image tag sha256:old flipdash", "what a restart finds under the name"
    assert pretended.run("upgrade", "kept").returncode == 0
    kept = [words for words in pretended.asked() if words.endswith(" flipdash:before")]
    assert kept == ["image tag sha256:old flipdash:before"]
    same = json.dumps({"image inspect": "sha256:old"})
    assert pretended.run("upgrade", "kept", SAYS=same).returncode == 0
    assert not any(words.endswith(" flipdash:before") for words in pretended.asked())
    stopped = json.dumps({"ps --quiet web": ""})
    assert pretended.run("upgrade", "kept", SAYS=stopped).returncode == 0
    assert not any("container stop" in words for words in pretended.asked())


def published(ports: str) -> str:
    return json.dumps({"compose config": f"services:\n  web:\n    ports:\n      - published: {ports}\n  x:"})


def test_without_room_for_a_second_web_the_upgrade_says_so_and_goes_on(pretended):
    done = pretended.run("upgrade", "kept", SAYS=published('"8000"'))
    assert done.returncode == 0, done.stderr
    assert "no port for a second web" in done.stderr
    asked = pretended.asked()
    assert not any(words.startswith("container stop") for words in asked), "there is nobody in its place"
    started = [words for words in asked if words.startswith("compose up")]
    assert started == ["compose up --detach --wait --no-build --scale web=1"]


@pytest.mark.parametrize(("ports", "most"), [("8000-8003", 4), ("8000-8002", 2)])
def test_as_many_webs_serve_afterwards_as_before(pretended, ports, most):
    says = json.loads(published(ports)) | {"ps --quiet web": "old-1\nold-2"}
    done = pretended.run("upgrade", "kept", SAYS=json.dumps(says))
    assert done.returncode == 0, done.stderr
    scales = [int(words.rpartition("web=")[2].split()[0]) for words in pretended.asked() if "--scale" in words]
    assert scales[-1] == 2
    assert max(scales) == most


@pytest.mark.parametrize(
    ("fails", "step"),
    [("compose build", "building"), ("pg_dump", "the backup"), ("run --rm -T migrate", "the migration")],
)
def test_an_upgrade_that_fails_leaves_the_old_version_serving(pretended, fails, step):
    done = pretended.run("upgrade", "kept", FAILS=fails)
    assert done.returncode != 0
    assert step in done.stderr
    assert "The version of before goes on serving." in done.stderr
    assert not any(asked.startswith(("compose up", "compose stop")) for asked in pretended.asked())


@pytest.mark.parametrize(
    ("script", "words"),
    [("backup", ["--help"]), ("restore", []), ("restore", ["a", "b"]), ("restore", ["--replace"]), ("upgrade", ["-h"])],
)
def test_who_asks_wrongly_is_told_how_and_nothing_runs(pretended, script, words):
    done = pretended.run(script, *words)
    assert done.returncode == 2
    assert f"bin/{script}" in done.stdout + done.stderr
    assert not pretended.log.exists()
