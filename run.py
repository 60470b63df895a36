#!/usr/bin/env python3
"""Set up this checkout and start things in it; see `make help`. Needs only Python's standard library.

python3 run.py setup             make .venv and install the pinned packages
python3 run.py run               the whole of FlipDash on this machine
python3 run.py test [pytest…]    the tests, with services of their own
python3 run.py manage <args…>    a Django command, with the services up
python3 run.py exec <command…>   any command, with the services up
python3 run.py reset             delete the local database
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements" / "development.txt"
STAMP = VENV / ".flipdash-setup"
OLDEST = (3, 11)
SIGN_OF_LIFE = 10
"""Seconds after which a command that takes long is said to be at work."""
LOCKED_FOR = 600
"""Seconds that another apt may take."""
DONE: list[list[str]] = []
"""What apt-get has done in this run: it asks for the lists of packages once."""
COMMANDS = ("setup", "run", "test", "manage", "exec", "reset")

# Debian's package: what shows that it is there
PDF = {
    "libpango-1.0-0": "libpango-1.0.so.0",
    "libpangoft2-1.0-0": "libpangoft2-1.0.so.0",
    "libharfbuzz-subset0": "libharfbuzz-subset.so.0",
}
FONT = {"fonts-inter": "/usr/share/fonts/opentype/inter"}
BROWSER = {"chromium": "chromium", "libatomic1": "libatomic.so.1"}


def main(words: list[str]) -> None:
    if not words or words[0] not in COMMANDS:
        fail(__doc__ or "", code=2)
    if sys.version_info < OLDEST:
        fail(f"FlipDash needs Python {version(OLDEST)} or newer; this is {version(sys.version_info[:2])}.")
    make_environment()
    install_packages()
    command = words[0]
    if command == "setup":
        return
    if command in ("run", "test"):
        provide_libraries()
    if command == "test":
        provide_browser()
    os.chdir(ROOT)
    os.environ["VIRTUAL_ENV"] = str(VENV)
    os.execv(PYTHON, [str(PYTHON), "-m", "devtools.local", *words])


# The Python environment


def make_environment() -> None:
    """Make .venv, unless there is one with a Python that works and is new enough."""
    if environment_version() >= OLDEST:
        return
    if importlib.util.find_spec("ensurepip") is None:
        package = f"python{version(sys.version_info[:2])}-venv"
        if not apt_install([package]):
            fail(f"Python's venv module is incomplete here. Install it: {apt_line([package])}")
    tell("Making .venv.")
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)


def environment_version() -> tuple[int, ...]:
    """The Python version of .venv; nothing if there is none, or if it is broken or has no pip."""
    code = "import pip, sys; print(*sys.version_info[:3])"
    try:
        done = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ()
    return tuple(int(part) for part in done.stdout.split())


def install_packages() -> None:
    """Install exactly the pinned packages, unless that was done with this file and this Python."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    wanted = f"{digest} {'.'.join(map(str, environment_version()))}\n"
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    tell(
        f"Installing {count_of_packages()} packages into .venv, about 800 MB. The first time it takes a minute or two."
    )
    by_uv = install_with("uv", "pip") if has_uv() else None
    if by_uv is None or by_uv.returncode:
        tell("Going on with pip, which takes a little longer.")
        by_pip = install_with("pip")
        if by_pip.returncode:
            said = (by_uv.stderr if by_uv else "") + by_pip.stderr
            fail(f"{said}The packages could not be installed; the reason is above.")
    STAMP.write_text(wanted)


def count_of_packages() -> int:
    return sum("==" in line and not line.startswith((" ", "#")) for line in REQUIREMENTS.read_text().splitlines())


def has_uv() -> bool:
    """Is uv in .venv, or can it be put there?"""
    here = subprocess.run([PYTHON, "-m", "uv", "--version"], capture_output=True, check=False)
    return here.returncode == 0 or in_environment("pip", "install", "--quiet", "uv").returncode == 0


def install_with(*installer: str) -> subprocess.CompletedProcess[str]:
    return in_environment(*installer, "install", "--quiet", "--require-hashes", "--requirement", str(REQUIREMENTS))


def in_environment(*module_and_arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of .venv's Python; uv finds the environment by the variable, and trusts whom the system trusts."""
    environment = {"UV_NATIVE_TLS": "1", "UV_SYSTEM_CERTS": "1"} | os.environ
    environment |= {"VIRTUAL_ENV": str(VENV), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return patiently([str(PYTHON), "-m", *module_and_arguments], environment)


def patiently(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command that may take minutes, and say every now and then that it is at work; what it says is kept."""
    began = time.monotonic()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while True:
            try:
                out, err = process.communicate(timeout=SIGN_OF_LIFE)
            except subprocess.TimeoutExpired:
                tell(f"  still at it, after {time.monotonic() - began:.0f} seconds")
            except BaseException:
                process.kill()
                raise
            else:
                return subprocess.CompletedProcess(command, process.returncode, out, err)


# The system's libraries and the browser


def provide_libraries() -> None:
    missing = [*provide(PDF), *provide(FONT)]
    lacks = {"PDF files cannot be made": PDF, "pages are set in another font": FONT}
    what = " and ".join(words for words, packages in lacks.items() if packages.keys() & set(missing))
    if missing:
        tell(f"WARNING: {what} without {' '.join(missing)}. {how_to_get(missing)}")


def provide_browser() -> None:
    if os.environ.get("FLIPDASH_SKIP_BROWSER") == "1":
        tell("WARNING: FLIPDASH_SKIP_BROWSER=1 is set: THE BROWSER TESTS ARE NOT RUN.")
        return
    missing = provide(BROWSER)
    if missing:
        fail(
            f"The browser tests need {' '.join(missing)}. {how_to_get(missing)}\n"
            "To run the other tests only, set FLIPDASH_SKIP_BROWSER=1."
        )


def provide(packages: dict[str, str]) -> list[str]:
    """Install what is missing, if we may; returns what is still missing."""
    missing = find_missing(packages)
    if missing and apt_install(missing):
        missing = find_missing(packages)
    return missing


def find_missing(packages: dict[str, str]) -> list[str]:
    return [package for package, sign in packages.items() if not is_there(sign)]


def is_there(sign: str) -> bool:
    """Is this folder there, can this library be loaded, or this program be found? The loader is asked, not ldconfig."""
    if sign.startswith("/"):
        return Path(sign).is_dir()
    if ".so" not in sign:
        return shutil.which(sign) is not None
    try:
        ctypes.CDLL(sign)
    except OSError:
        return False
    return True


def apt_install(packages: list[str]) -> bool:
    """Install Debian packages if we are root and this is Debian or one of its children."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    tell(f"Installing {' '.join(packages)} with apt-get.")
    for step in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        if step in DONE:
            continue
        done = apt_get(step)
        if done.returncode:
            tell(done.stdout + done.stderr)
            return False
        DONE.append(step)
    return True


def apt_get(step: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a step of apt-get; while another one is at work, as on a machine that is new, wait for that."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    until = time.monotonic() + LOCKED_FOR
    is_told = False
    while True:
        done = patiently(["apt-get", "-q", *step], environment)
        if not (done.returncode and "Could not get lock" in done.stderr and time.monotonic() < until):
            return done
        if not is_told:
            tell("  another program is installing packages here: waiting for it")
            is_told = True
        time.sleep(3)


def how_to_get(packages: list[str]) -> str:
    if shutil.which("apt-get"):
        return f"Install: {apt_line(packages)}"
    return "Install what your system calls these Debian packages."


def apt_line(packages: list[str]) -> str:
    return f"sudo apt-get install --no-install-recommends {' '.join(packages)}"


# Talking


def version(parts: tuple[int, ...]) -> str:
    return f"{parts[0]}.{parts[1]}"


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def fail(text: str, *, code: int = 1) -> NoReturn:
    tell(text)
    sys.exit(code)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as problem:
        fail(f"This did not work: {' '.join(map(str, problem.cmd))}")
