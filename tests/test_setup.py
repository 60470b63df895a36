"""run.py, as a newcomer meets it: it waits for another apt, shows that it is at work, and is calm where pip does it."""

import subprocess
import sys
import time

import pytest

import run
from devtools.local import processes

LOCKED = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)"


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """An apt-get that is locked for some times, and notes what it was asked for."""
    monkeypatch.setattr(run.os, "geteuid", lambda: 0)
    monkeypatch.setattr(run, "DONE", [])
    monkeypatch.setattr(run.time, "sleep", lambda seconds: None)
    program = tmp_path / "apt-get"
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def locked(times: int, says: str = LOCKED):
        (tmp_path / "left").write_text("x" * times)
        program.write_text(
            f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n'
            f"if [ -s {tmp_path}/left ]; then echo '{says}' >&2; "
            f"truncate --size=-1 {tmp_path}/left; exit 100; fi\n"
        )
        program.chmod(0o755)
        return tmp_path / "asked"

    return locked


def test_another_apt_is_waited_for(apt, capsys):
    asked = apt(2)
    assert run.apt_install(["libpango-1.0-0"])
    assert [line.split()[1] for line in asked.read_text().splitlines()] == ["update"] * 3 + ["install"]
    said = capsys.readouterr().err
    assert said.count("waiting for it") == 1, "once"
    assert "lock" not in said


def test_what_else_apt_says_is_shown_at_once(apt, capsys):
    asked = apt(2, "E: No room left")
    assert not run.apt_install(["libpango-1.0-0"])
    assert len(asked.read_text().splitlines()) == 1
    assert "No room left" in capsys.readouterr().err


def test_apt_isnt_waited_for_for_ever(apt, monkeypatch, capsys):
    monkeypatch.setattr(run, "LOCKED_FOR", 0)
    asked = apt(2)
    assert not run.apt_install(["libpango-1.0-0"])
    assert len(asked.read_text().splitlines()) == 1


def test_lists_are_asked_for_once_and_all_that_is_missing_is_said_in_one_line(apt, monkeypatch, capsys):
    asked = apt(0)
    monkeypatch.setattr(run, "is_there", lambda sign: sign == "libpango-1.0.so.0")
    run.provide_libraries()
    assert [line.split()[1] for line in asked.read_text().splitlines()] == ["update", "install", "install"]
    (warning,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("WARNING"))
    assert warning.startswith("WARNING: PDF files cannot be made and pages are set in another font without libpangoft2")
    assert warning.endswith("install --no-install-recommends libpangoft2-1.0-0 libharfbuzz-subset0 fonts-inter")


def test_a_step_that_takes_long_shows_that_it_is_at_work(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(processes, "SIGN_OF_LIFE", 0.05)
    with processes.Children(tmp_path, {}) as family:
        family.finish(family.start("step", sys.executable, "-c", "import time; time.sleep(0.3)"), seconds=20)
    assert "still at it, after 0 seconds" in capsys.readouterr().out


def test_steps_that_begin_together_are_counted_from_there(tmp_path, monkeypatch):
    """A newcomer read "after 40 seconds" and then "after 20 seconds"."""
    monkeypatch.setattr(processes, "SIGN_OF_LIFE", 0)
    told: list[str] = []
    with processes.Children(tmp_path, {}) as family:
        step = family.start("step", sys.executable, "-c", "input()", hears=True)

        def say(text: str) -> None:
            if not told:
                step.tell_to_begin()
            told.append(text)

        monkeypatch.setattr(processes, "say", say)
        time.sleep(1)  # meanwhile another step was waited for
        family.finish(step, seconds=60)
    assert "still at it" in told[0]
    assert "after 0 seconds" not in told[0]


def test_what_takes_long_shows_that_it_is_at_work(monkeypatch, capsys):
    monkeypatch.setattr(run, "SIGN_OF_LIFE", 0.05)
    code = "import sys, time; time.sleep(0.3); print('out'); print('err', file=sys.stderr); sys.exit(3)"
    done = run.patiently([sys.executable, "-c", code], {})
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")
    assert "still at it" in capsys.readouterr().err


@pytest.mark.parametrize("by_pip", [0, 1])
def test_where_uv_cant_pip_goes_on_and_nothing_looks_like_a_failure(tmp_path, monkeypatch, capsys, by_pip):
    def in_environment(*words):
        code = 1 if words[0] == "uv" else by_pip
        return subprocess.CompletedProcess(words, code, "", f"error of {words[0]}\n" if code else "")

    monkeypatch.setattr(run, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(run, "has_uv", lambda: True)
    monkeypatch.setattr(run, "in_environment", in_environment)
    if by_pip:
        with pytest.raises(SystemExit):
            run.install_packages()
    else:
        run.install_packages()
    said = capsys.readouterr().err
    assert ("error of uv" in said, "error of pip" in said) == (by_pip == 1, by_pip == 1)
    assert f"Installing {run.count_of_packages()} packages" in said
    assert run.STAMP.exists() == (by_pip == 0)
