"""The repository's own Compose deployment, in a copy of the checkout, with an `.env` filled in as a person would."""

import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devtools.containers.browser import Browser
from devtools.containers.engine import HOME, Engine, run
from devtools.local.places import ROOT
from devtools.local.processes import LocalError

SITE = "https://localhost"
SERVING = ("web", "worker", "worker-default", "sender", "beat")
OTHERS = ("postgres", "valkey", "proxy")
OVERRIDE = """\
# Packages come by the machine's own network; and a mail server, to read what is sent.
x-build: &build
  build: {context: ., network: host}
services:
  web: *build
  worker: *build
  worker-default: *build
  sender: *build
  beat: *build
  migrate: *build
  mail:
    image: flipdash
    command: [python, /sink.py]
    user: "10001:10001"
    read_only: true
    tmpfs: [/tmp]
    volumes: ["%s:/sink.py:ro"]
    networks: [outside]
    healthcheck:
      test: [CMD, python, -c, "import socket; socket.create_connection(('127.0.0.1', 2525), 2)"]
      interval: 5s
"""
FILLED_IN = {
    "ALLOWED_HOSTS": "localhost",
    "SITE_URL": SITE,
    "EMAIL_URL": "smtp://mail:2525",
    "DEFAULT_FROM_EMAIL": "FlipDash <no-reply@localhost>",
    "BEHIND_PROXY": "on",
    "COMPOSE_PROFILES": "proxy",
    "HSTS_SECONDS": "300",
}
SECRET = (
    "SECRET_KEY",
    "SEALING_KEYS",
    "POSTGRES_PASSWORD",
    "POSTGRES_OWNER_PASSWORD",
    "POSTGRES_APP_PASSWORD",
    "POSTGRES_OPERATOR_PASSWORD",
    "OPERATIONS_TOKEN",
)


@dataclass(frozen=True)
class Deployment:
    """A copy of the checkout that Compose runs."""

    engine: Engine
    home: Path

    @property
    def certificate(self) -> Path:
        """What the proxy shows."""
        return self.home / "tls" / "fullchain.pem"

    @property
    def environment(self) -> dict[str, str]:
        """What the scripts and Compose need beside `.env`."""
        return {**self.engine.environment, "COMPOSE_FILE": "docker-compose.yml:walk.yml", "COMPOSE_ANSI": "never"}

    def compose(self, *words: str, seconds: float = 600) -> str:
        """Run `docker compose`; returns what it printed. Raises LocalError if it fails."""
        return run(["docker", "compose", *words], self.environment, seconds=seconds, cwd=self.home).stdout

    def script(self, name: str, *words: str, seconds: float = 1_800) -> str:
        """Run one of bin/, as a person does. Raises LocalError if it fails."""
        return run([self.home / "bin" / name, *words], self.environment, seconds=seconds, cwd=self.home).stdout

    def script_in_vain(self, name: str, *words: str, failing: str) -> str:
        """Run one of bin/ with a Docker that fails where it is asked for this; returns what it said then."""
        docker = self.home.parent / "failing" / "docker"
        docker.parent.mkdir(exist_ok=True)
        fails = f'case "$*" in *"{failing}"*) echo "It fails here." >&2; exit 1 ;; esac'
        docker.write_text(f'#!/bin/sh\n{fails}\nexec {shutil.which("docker")} "$@"\n')
        docker.chmod(0o755)
        environment = {**self.environment, "PATH": f"{docker.parent}{os.pathsep}{os.environ['PATH']}"}
        command: list[str | Path] = [self.home / "bin" / name, *words]
        given = {**os.environ, **environment}
        done = subprocess.run(command, env=given, cwd=self.home, capture_output=True, text=True, timeout=1_800)
        if done.returncode == 0:
            raise LocalError(f"bin/{name} went well though Docker failed")
        return done.stdout + done.stderr

    def manage(self, *words: str) -> str:
        """Run a Django command where web runs."""
        return self.compose("exec", "-T", "web", "python", "manage.py", *words)

    def ask(self, statement: str) -> str:
        """Ask Postgres as its superuser."""
        psql = ["exec", "-T", "postgres", "psql", "--username", "postgres", "--no-psqlrc", "--quiet", "--tuples-only"]
        return self.compose(*psql, "--no-align", "--dbname", "flipdash", "--command", statement).strip()

    def browser(self) -> Browser:
        """Return a browser that has never been there."""
        return Browser(SITE, self.certificate)

    def mails(self, address: str) -> str:
        """Return what was sent to an address, the newest first."""
        return self.compose("exec", "-T", "mail", "python", "/sink.py", address)

    def containers(self) -> dict[str, dict[str, str]]:
        """Return what Compose says of each container, by its service."""
        said = self.compose("ps", "--all", "--format", "json").strip()
        rows = json.loads(said) if said.startswith("[") else [json.loads(line) for line in said.splitlines()]
        return {row["Service"]: row for row in rows}

    def kill(self, service: str) -> None:
        """Kill the first process of a service with -9, as the kernel does when memory ends."""
        (number,) = self.compose("ps", "--quiet", service).split()[:1]
        pid = self.engine.docker("inspect", "--format", "{{.State.Pid}}", number).stdout.strip()
        os.kill(int(pid), 9)

    def memory(self) -> dict[str, float]:
        """Return what each service's containers hold in memory, in MiB, as the kernel counts it."""
        said = self.engine.docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}").stdout
        held: dict[str, float] = {}
        for name, number, unit in re.findall(r"^flipdash-(\S+)-\d+ ([\d.]+)([KMG])iB", said, re.M):
            held[name] = held.get(name, 0) + float(number) * {"K": 1 / 1024, "M": 1, "G": 1024}[unit]
        return held


def prepare(engine: Engine) -> Deployment:
    """Copy the checkout as it stands, and fill in what a person fills in."""
    home = HOME / "flipdash"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in run(listed, {}, cwd=ROOT).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, home / name)
    made = Deployment(engine, home)
    values = FILLED_IN | {name: secrets.token_hex(32) for name in SECRET}
    (home / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    (home / ".env").chmod(0o600)
    (home / "walk.yml").write_text(OVERRIDE % (home / "devtools" / "containers" / "sink.py"))
    made.certificate.parent.mkdir()
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    keys = ["-keyout", str(made.certificate.with_name("privkey.pem")), "-out", str(made.certificate)]
    run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", *keys, *subject], {})
    for path in made.certificate.parent.iterdir():
        os.chown(path, 101, 101)
    return made


def remove(engine: Engine) -> None:
    """Take the deployment away, with its volumes: what a walk before this one left."""
    home = HOME / "flipdash"
    if (home / "walk.yml").exists():
        with contextlib.suppress(LocalError, subprocess.TimeoutExpired):
            Deployment(engine, home).compose("down", "--volumes", "--remove-orphans", "--timeout", "20")
