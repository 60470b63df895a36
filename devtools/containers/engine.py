"""A Docker Engine of our own: its data below var/, its socket in a private place, and gone at the end."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devtools.local import places
from devtools.local.processes import LocalError, say, start, stop, wait_until

HOME = places.VAR / "containers"
PROGRAMS = {"dockerd": "docker.io", "docker": "docker.io", "debootstrap": "debootstrap", "openssl": "openssl"}
"""What has to be there, and Debian's package that has it."""
NETWORKS = "base=10.213.0.0/16,size=24"
"""From which Compose's networks are taken, beside those of an engine that runs here already."""


@dataclass(frozen=True)
class Engine:
    """An engine that answers."""

    environment: Mapping[str, str]

    def docker(self, *words: str | Path, seconds: float = 900, **options: object) -> subprocess.CompletedProcess[str]:
        """Run the client; raises LocalError with what it said if it fails."""
        return run(["docker", *words], self.environment, seconds=seconds, **options)

    def has_image(self, name: str) -> bool:
        """Whether this image is here already."""
        command = ["docker", "image", "inspect", name]
        return subprocess.run(command, env={**os.environ, **self.environment}, capture_output=True).returncode == 0


def run(
    command: Sequence[str | Path], environment: Mapping[str, str], *, seconds: float = 900, **options: object
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; raises LocalError with the end of what it said if it fails."""
    given: dict[str, object] = {"capture_output": True, "text": True, "timeout": seconds, **options}
    done = subprocess.run(command, env={**os.environ, **environment}, check=False, **given)  # type: ignore[call-overload]
    if done.returncode:
        said = "\n".join([*(done.stdout or "").splitlines(), *(done.stderr or "").splitlines()][-30:])
        raise LocalError(f"`{' '.join(map(str, command))}` ended with {done.returncode}:\n{said}")
    return done


def check_programs() -> None:
    """Raise LocalError if something is missing here."""
    if os.geteuid() != 0:
        raise LocalError("A Docker Engine of its own needs root: sudo make containers")
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if missing:
        raise LocalError(f"Install: sudo apt-get install --no-install-recommends {' '.join(missing)}")


@contextlib.contextmanager
def engine() -> Iterator[Engine]:
    """Yield an engine that was started for us; whatever it runs ends with it."""
    check_programs()
    place = places.make_outside(None)
    environment = {
        "DOCKER_HOST": f"unix://{place}/docker.sock",
        "DOCKER_CONFIG": str(HOME / "client"),
        "DOCKER_BUILDKIT": "0",  # the classic builder needs nothing from a registry
    }
    command: list[str | Path] = ["dockerd", "--host", environment["DOCKER_HOST"], "--data-root", HOME / "docker"]
    command += ["--exec-root", place / "exec", "--pidfile", place / "pid", "--bridge", "none"]
    command += ["--default-address-pool", NETWORKS]
    if subprocess.run(["iptables", "--table", "nat", "--list", "--numeric"], capture_output=True).returncode:
        say("This kernel has no iptables: containers reach each other, and nothing else.")
        command += ["--iptables=false"]
    made = Engine(environment)
    say("Starting a Docker Engine.")
    # SIGTERM as an orphan too: it stops its containers before it ends.
    daemon = start("dockerd", command, log=HOME / "dockerd.log", orphan_signal=signal.SIGTERM)
    try:
        wait_until(lambda: _answers(made), seconds=60, what="The Docker Engine", needs=[daemon])
        yield made
    finally:
        stop(daemon, grace=90)
        shutil.rmtree(place, ignore_errors=True)


def _answers(made: Engine) -> bool:
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    return subprocess.run(command, env={**os.environ, **made.environment}, capture_output=True).returncode == 0
