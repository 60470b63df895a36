"""The container files: valid by Compose's schema, true to the repository, and run as far as goes without Docker."""

import importlib.resources
import json
import os
import re
import smtplib
import socket
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import jsonschema
import psycopg
import pytest
import yaml
from django.db.models.functions import Now

import run
from devtools.containers import bases, browser, deployment, sink
from devtools.containers.engine import Engine
from devtools.local import places, postgres
from devtools.local.processes import LocalError, stop
from flipdash import processes
from flipdash.models import Heartbeat
from flipdash.tables import MOST_MEGABYTES
from tests.workers import on_test_database

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = (ROOT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(COMPOSE)["services"]
RUNNING = ("web", "worker", "worker-default", "sender", "beat")
ENTRIES = ("web", "worker", "sender", "beat")
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "flipdash"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
INIT = ROOT / "docker" / "postgres-init.sh"
VARIABLES = set(re.findall(r"\$\{(\w+)", COMPOSE))
NEEDED = set(re.findall(r"\$\{(\w+):\?", COMPOSE))


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    return schema_of_compose()


def schema_of_compose() -> jsonschema.Draft202012Validator:
    vendored = importlib.resources.files("check_jsonschema.builtin_schemas.vendor") / "compose-spec.json"
    return jsonschema.Draft202012Validator(json.loads(vendored.read_text()))


def test_compose_keeps_its_schema(schema):
    assert [error.message for error in schema.iter_errors(yaml.safe_load(COMPOSE))] == []
    wrong = yaml.safe_load(COMPOSE.replace("restart: unless-stopped", "restarts: always"))
    assert list(schema.iter_errors(wrong)), "a schema that lets everything through checks nothing"


def test_the_services_are_those_of_make_run():
    assert set(SERVICES) == {*RUNNING, "migrate", "postgres", "valkey", "proxy"}
    assert SERVICES["proxy"]["profiles"] == ["proxy"], "who has a proxy of their own needs none"
    assert [OURS[name]["command"] for name in ENTRIES] == [[f"bin/{name}"] for name in ENTRIES]
    started = (ROOT / "devtools" / "local" / "__main__.py").read_text()
    for entry in ENTRIES:
        assert f'"{entry}"' in started


def test_every_queue_has_its_worker_and_mails_wait_for_no_report():
    taken = [OURS[name]["environment"]["WORKER_QUEUES"].split(",") for name in ("worker", "worker-default")]
    assert taken == [["reports", "imports"], ["default"]]
    command = processes.worker()
    usual = command[command.index("--queues") + 1]
    assert sorted(usual.split(",")) == sorted(taken[0] + taken[1])


def test_all_that_stays_has_a_health_check():
    """`docker compose up --wait`, by which bin/upgrade and bin/restore wait, fails where one is disabled."""
    disabled = {name for name, service in SERVICES.items() if service.get("healthcheck", {}).get("disable")}
    assert disabled == {"migrate"}
    assert {name for name, service in SERVICES.items() if "test" in service["healthcheck"]} == {*SERVICES} - disabled


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("what", "name"), [("beat", "beat"), ("worker", "celery@{}"), ("sender", "sender@{}")], ids=["beat", "w", "s"]
)
@pytest.mark.parametrize(("seconds", "code"), [(5, 0), (70, 1), (None, 1)])
def test_who_gives_signs_of_life_is_well(what, name, seconds, code):
    Heartbeat.objects.create(name="celery@another-machine", seen_at=Now())
    if seconds is not None:
        name = name.format(socket.gethostname())
        Heartbeat.objects.create(name=name, seen_at=Now() - timedelta(seconds=seconds))
    environment = {**os.environ, "DATABASE_URL": on_test_database(os.environ["DATABASE_URL"])}
    done = subprocess.run([sys.executable, ROOT / "bin/healthy", what], env=environment, capture_output=True, text=True)
    assert done.returncode == code, done.stderr + done.stdout


def test_no_service_may_take_all_of_the_machines_memory():
    for name, service in SERVICES.items():
        assert re.fullmatch(r"(?:\$\{\w+:-)?\d+[mg]\}?", service["mem_limit"]), name


def test_every_command_and_check_is_there_and_can_be_run():
    words = [service["command"][0] for service in OURS.values()]
    words += [service["healthcheck"]["test"][1] for service in OURS.values() if "test" in service["healthcheck"]]
    words += re.findall(r'(?:CMD|ENTRYPOINT) \["([^"]+)"', DOCKERFILE)
    for word in {word for word in words if word != "python"}:
        assert os.access(ROOT / word, os.X_OK), word
    assert OURS["migrate"]["command"][1] == "manage.py"
    assert os.access(INIT, os.X_OK)


def test_nothing_runs_as_root_or_writes_outside_its_volumes():
    for name, service in SERVICES.items():
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"]), name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "privileged" not in service
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.M) == [OURS["web"]["user"]]


def test_only_the_owner_of_the_tables_has_the_owners_password():
    for name in RUNNING:
        assert "POSTGRES_OWNER_PASSWORD" not in str(OURS[name]["environment"])
        assert "POSTGRES_PASSWORD" not in str(OURS[name]["environment"])
    assert "POSTGRES_OWNER_PASSWORD" in OURS["migrate"]["environment"]["DATABASE_OWNER_URL"]


def test_secrets_come_from_the_environment_and_have_no_default():
    secrets = {name for name in VARIABLES if "PASSWORD" in name or "SECRET" in name} - {"SECRET_KEY_FALLBACKS"}
    assert secrets == {"SECRET_KEY", "POSTGRES_PASSWORD", "POSTGRES_OWNER_PASSWORD", "POSTGRES_APP_PASSWORD"} | {
        "POSTGRES_OPERATOR_PASSWORD"
    }
    assert secrets <= NEEDED
    example = dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M))
    assert set(example) == VARIABLES
    assert {name for name, value in example.items() if value == ""} == NEEDED
    ignored = (ROOT / ".gitignore").read_text().splitlines(), (ROOT / ".dockerignore").read_text().splitlines()
    assert "/.env" in ignored[0]
    assert ".*" in ignored[1]


def test_every_variable_is_explained():
    explained = (ROOT / "docs" / "running.md").read_text()
    read = re.findall(r'env\.\w+\(\s*"(\w+)"', (ROOT / "flipdash" / "settings.py").read_text())
    given = {name for service in OURS.values() for name in service["environment"]}
    for name in VARIABLES | given:
        assert f"`{name}`" in explained, name
    set_by_entry_points = {"WEB_WORKERS", "WEB_THREADS", "WORKER_CONCURRENCY", "WORKER_QUEUES", "DATABASE_URL"} | {
        "STATEMENT_TIMEOUT_MS",
        "WORKER_PROCESS_MB",
        "DATABASE_OWNER_URL",
        "DATABASE_OPERATOR_URL",
    }
    assert given - set_by_entry_points <= set(read)


HELD_BY_THE_IMAGE = {"LOCAL", "TECHNICAL_PAGES", "BUILT_ASSETS", "FLIPDASH_DATA", "PORT", "BIND"}
"""What no person sets in Compose: development never runs there, and the image says where files and web are."""
OF_WEB_ALONE = {"STATEMENT_TIMEOUT_MS"}
OF_WORKERS_ALONE = {"WORKER_QUEUES"}


def test_compose_passes_on_every_documented_variable():
    table = (ROOT / "docs" / "running.md").read_text().partition("## Processes")[0]
    documented = {name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`([A-Z_]+)`", row)}
    assert {"TRUSTED_PROXIES", "SECRET_KEY", "TOP_UP_MAX"} <= documented
    for service in RUNNING:
        passed_on = set(OURS[service]["environment"])
        assert documented - HELD_BY_THE_IMAGE - OF_WEB_ALONE - OF_WORKERS_ALONE <= passed_on, service
        assert (passed_on >= OF_WORKERS_ALONE) == service.startswith("worker")
        assert (passed_on >= OF_WEB_ALONE) == (service == "web"), "a worker's statements take as long as they take"


def test_what_is_written_is_kept_for_a_while_only():
    for name, service in SERVICES.items():
        options = service["logging"]["options"]
        assert set(options) == {"max-size", "max-file"}, name


def test_everything_waits_for_what_it_needs():
    for name in RUNNING:
        conditions = {on: how["condition"] for on, how in OURS[name]["depends_on"].items()}
        assert conditions == {"migrate": "service_completed_successfully", "valkey": "service_healthy"}
        assert OURS[name]["restart"] == "unless-stopped"
    assert SERVICES["proxy"]["depends_on"] == {"web": {"condition": "service_healthy"}}
    assert OURS["migrate"]["restart"] == "no"
    assert OURS["web"]["healthcheck"]["test"] == ["CMD", "bin/healthy", "ready"]
    assert 'CMD ["bin/healthy", "live"]' in DOCKERFILE


def test_the_image_holds_the_pinned_packages_and_what_pdf_needs():
    assert "--require-hashes" in DOCKERFILE
    assert "requirements/production.txt" in DOCKERFILE
    for package in {**run.PDF, **run.FONT}:
        assert package in DOCKERFILE
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    assert set(bases) == {"python:3.11-slim-bookworm"}
    images = [service["image"] for service in SERVICES.values()]
    for name in {*bases, *images}:
        assert "." not in name.split("/")[0].split(":")[0], f"{name} names a registry"
    assert SERVICES["postgres"]["image"].startswith("postgres:18")


def test_the_proxy_takes_requests_in_whole_and_says_whose_they_are():
    """What it passes on of a client's own words decides nothing (attack.md A4, A12; production.md 2)."""
    told = (ROOT / "docker" / "nginx.conf").read_text()
    for line in (
        "client_header_timeout 10s;",
        "client_body_timeout 10s;",
        "proxy_request_buffering on;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
        "limit_conn addresses 200;",
        "ssl_protocols TLSv1.2 TLSv1.3;",
        "proxy_next_upstream error timeout;",
        "proxy_next_upstream error timeout http_404;",
    ):
        assert line in told, line
    assert "non_idempotent" not in told, "a form may have been read"
    largest = re.search(r"client_max_body_size (\d+)m;", told)
    assert largest
    assert int(largest[1]) > MOST_MEGABYTES, "a file that the page takes never ends at the proxy"
    listening = set(re.findall(r"listen (\d+)", told))
    assert {port.partition(":")[2] for port in SERVICES["proxy"]["ports"]} <= listening
    mounted = {volume.split(":")[0] for volume in SERVICES["proxy"]["volumes"]}
    assert "./docker/nginx.conf" in mounted


def test_what_strangers_send_slowly_fits_into_its_place_at_the_proxy():
    """17 bodies of 31 MB, each with its end held back, filled what long downloads need too."""
    told = (ROOT / "docker" / "nginx.conf").read_text()
    held = re.search(r"limit_conn large_of_anybody (\d+);", told)
    of_one = re.search(r"limit_conn large (\d+);", told)
    largest = re.search(r"client_max_body_size (\d+)m;", told)
    assert held
    assert of_one
    assert largest
    places = dict(re.findall(r"/(\w*):size=(\d+)m", "\n".join(SERVICES["proxy"]["tmpfs"])))
    assert int(held[1]) * int(largest[1]) + 32 <= int(places["bodies"])
    assert int(of_one[1]) * 4 <= int(held[1]), "one address has a fourth of it"
    assert "client_body_temp_path /tmp/bodies;" in told
    assert "proxy_temp_path /tmp/answers;" in told
    assert "answers" in places, "what is sent and what is answered share no place"
    assert "http2 on" not in told, "a body of HTTP/2 may come unannounced"


@pytest.mark.parametrize("what", ["live", "ready"])
def test_the_health_check_asks_the_web_server(live_server, what):
    port = live_server.url.rpartition(":")[2]
    environment = {"PATH": os.environ["PATH"], "BIND": f"0.0.0.0:{port}", "ALLOWED_HOSTS": "localhost,flipdash.example"}
    done = subprocess.run([ROOT / "bin/healthy", what], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.parametrize(("words", "code"), [(["live"], 1), (["ready"], 1), (["well"], 2), ([], 2)])
def test_the_health_check_fails_where_nobody_answers(words, code):
    environment = {"PATH": os.environ["PATH"], "PORT": "9"}
    assert subprocess.run([ROOT / "bin/healthy", *words], env=environment, capture_output=True).returncode == code


@pytest.fixture
def empty_cluster(monkeypatch):
    """A Postgres as its image starts it: nothing in it yet."""
    monkeypatch.setattr(postgres, "_bootstrap", lambda place: None)
    place = places.make_outside(postgres.account())
    server = postgres.start_postgres(place, keep=False)
    yield place
    stop(server)
    places.remove_outside(place, postgres.account())


@pytest.fixture
def container_cluster(empty_cluster):
    """That Postgres after its image has run, by their names, the files that Compose gives it for an empty volume."""
    binaries = postgres._binaries(postgres.HOME, postgres.account())
    environment = {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "PGHOST": str(empty_cluster),
        "PGPORT": postgres.PORT,
        "POSTGRES_USER": "postgres",
        "POSTGRES_OWNER_PASSWORD": "owner's",
        "POSTGRES_APP_PASSWORD": "app's",
        "POSTGRES_OPERATOR_PASSWORD": "operator's",
    }
    mounts = dict(volume.split(":")[1::-1] for volume in SERVICES["postgres"]["volumes"])
    files = sorted(target for target in mounts if target.startswith("/docker-entrypoint-initdb.d/"))
    assert [Path(mounts[target]).name for target in files] == ["roles.sql", "postgres-init.sh"]
    for target in files:
        path = ROOT / mounts[target]
        command = [path] if target.endswith(".sh") else ["psql", "-XU", "postgres", "-v", "ON_ERROR_STOP=1", "-f", path]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return empty_cluster


def connect(cluster: Path, role: str) -> psycopg.Connection:
    return psycopg.connect(host=str(cluster), port=postgres.PORT, user=role, dbname="flipdash")


def test_the_container_makes_the_roles_and_the_database(container_cluster):
    """They are what `make run` makes, less what tests need."""
    with connect(container_cluster, "postgres") as superuser:
        roles = superuser.execute(
            "SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolbypassrls, rolcreatedb, "
            "rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname LIKE 'flipdash%' ORDER BY 1"
        ).fetchall()
        members = superuser.execute(
            "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members WHERE admin_option = false "
            "AND member::regrole::text LIKE 'flipdash%'"
        ).fetchall()
        owner = superuser.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'flipdash'"
        ).fetchone()
    ours = (postgres.APP, postgres.OPERATOR, postgres.OWNER)
    assert roles == [(name, True, False, False, False, False, True) for name in ours]
    assert members == [(postgres.APP, postgres.OPERATOR)]
    assert owner == (postgres.OWNER,)


def test_the_roles_are_made_once_however_often_they_are_asked_for(container_cluster):
    with connect(container_cluster, "postgres") as superuser:
        superuser.execute((ROOT / "docker" / "roles.sql").read_text())
        assert superuser.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'flipdash%'").fetchone() == (3,)


def test_a_history_is_imported_on_the_containers_database(container_cluster, tmp_path):
    """What the app role needs of the database itself, TEMPORARY above all, comes with migrate."""
    environment = {**os.environ, **postgres.urls(container_cluster), "FLIPDASH_DATA": str(tmp_path), "LOCAL": "1"}
    people = "from accounts import demo; demo.make_people()"
    for command in (
        ["migrate", "--database", "owner", "--noinput", "--verbosity", "0"],
        ["shell", "--no-imports", "--command", people],
        ["import_history", "money-transfer", "tests/data/money-transfers.csv", "--business", "kopi-kita"],
    ):
        done = subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    with connect(container_cluster, "postgres") as superuser:
        (added,) = superuser.execute("SELECT count(*) FROM transactions_moneytransfer").fetchone()
        rights = superuser.execute(
            "SELECT has_database_privilege(role, 'flipdash', 'TEMPORARY'), "
            "has_schema_privilege(role, 'public', 'CREATE') "
            "FROM unnest(%s::text[]) AS role",
            [[postgres.APP, postgres.OPERATOR]],
        ).fetchall()
        stranger = "SELECT has_database_privilege('pg_monitor', 'flipdash', 'CONNECT')"
        assert superuser.execute(stranger).fetchone() == (False,)
    assert added > 0
    assert rights == [(True, False), (True, False)], "they hold rows for an import, and make no tables"


@pytest.mark.parametrize("missing", ["POSTGRES_OWNER_PASSWORD", "POSTGRES_APP_PASSWORD", "POSTGRES_OPERATOR_PASSWORD"])
def test_the_init_script_wants_its_passwords(missing):
    passwords = dict.fromkeys(("POSTGRES_OWNER_PASSWORD", "POSTGRES_APP_PASSWORD", "POSTGRES_OPERATOR_PASSWORD"), "p")
    given = {"PATH": os.environ["PATH"], **passwords, "PGHOST": "/no"}
    done = subprocess.run([INIT], env={**given, missing: ""}, capture_output=True, text=True)
    assert done.returncode != 0
    assert missing in done.stderr


# --- What `make containers` runs them with ---------------------------------------------------------------------------


def test_every_image_that_is_taken_from_elsewhere_can_be_made_here():
    assert bases.named() == set(bases.MADE)


def test_the_walk_knows_every_service():
    assert {*deployment.SERVING, *deployment.OTHERS, "migrate"} == set(SERVICES)
    override = yaml.safe_load(deployment.OVERRIDE)
    assert set(override["services"]) == {*OURS, "mail"}
    assert list(schema_of_compose().iter_errors(override)) == []
    wanted = {name for name in NEEDED if name not in {*deployment.FILLED_IN, *deployment.SECRET}}
    assert wanted == set(), "what Compose asks for is filled in"


def test_the_walks_docker_fails_where_it_is_told_to(tmp_path, monkeypatch):
    docker, script = tmp_path / "usual" / "docker", tmp_path / "copy" / "bin" / "step"
    for path, text in (
        (docker, 'echo "ran $*"'),
        (script, 'docker compose stop web && docker "ALTER DATABASE a RENAME" || { echo Undone; seq 90; exit 1; }'),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{docker.parent}:{os.environ['PATH']}")
    made = deployment.Deployment(Engine({}), script.parent.parent)
    said = made.script_in_vain("step", failing="a RENAME")
    assert "ran compose stop web" in said
    assert "It fails here." in said
    assert "Undone" in said, "all that was said, however much came after it"
    with pytest.raises(LocalError, match="went well"):
        made.script_in_vain("step", failing="b RENAME")


def test_the_walks_mail_server_keeps_what_it_gets(tmp_path, monkeypatch):
    monkeypatch.setattr(sink, "KEPT", tmp_path)
    with sink.Server(("127.0.0.1", 0), sink.Session) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with smtplib.SMTP("127.0.0.1", server.server_address[1]) as client:
            client.sendmail("a@x.test", ["Tini@warung.test"], "Subject: Hi\n\n.\nhttps://localhost/account/\n")
        server.shutdown()
        thread.join()
    (kept,) = tmp_path.iterdir()
    assert kept.name.endswith("-tini@warung.test")
    assert "https://localhost/account/" in kept.read_text()


def test_the_walks_browser_fills_in_the_form_that_has_the_fields():
    page = (
        '<form method="post" action="/language/"><input type="hidden" name="next" value="/"></form>'
        '<form method="post" action="/sign-in/"><input type="hidden" name="token" value="t"><input name="login">'
        '<input type="checkbox" name="stay"><input type="file" name="logo"></form>'
    )
    language, sign_in = browser.forms_of(page)
    assert (language.action, language.fields) == ("/language/", {"next": "/"})
    assert (sign_in.fields, sign_in.names) == ({"token": "t", "login": ""}, {"token", "login", "stay", "logo"})
