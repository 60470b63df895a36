"""The tables of docs/hardening.md: every finding stands in them, what they name is there, and so are the commands."""

import re
from pathlib import Path

from django.core.management import get_commands

import run

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"
PAGE = (DOCS / "hardening.md").read_text()
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def test_each_finding_stands_once_in_its_order():
    attack = re.findall(r"^\| A(\d+) \|", PAGE, re.M)
    assert attack == [str(number) for number in range(1, 19)]
    production = re.findall(r"^\| (\d)(?:, [\w -]+)? \|", PAGE, re.M)
    assert list(dict.fromkeys(production)) == list("12345678")


def test_each_test_that_is_named_is_there():
    named = set(NAMED.findall(PAGE))
    assert len(named) > 60
    for path, name in named:
        assert re.search(rf"^def {name}\(", (TESTS / path).read_text(), re.M), f"{path}::{name}"


def test_whatever_has_no_test_says_why_it_needs_none():
    rows = [row for row in PAGE.splitlines() if row.startswith("|") and not NAMED.search(row)]
    told = [row.split("|")[1].strip() for row in rows if row.rstrip().endswith("– |")]
    assert told == ["8, image", "24 DeprecationWarnings of `os.fork()`"]
    others = [row for row in rows if not row.rstrip().endswith("– |")]
    assert all("Held by" in row or set(row) <= set("|-") for row in others), others


def test_the_commands_that_running_names_are_there():
    named = set(re.findall(r"manage\.py (\w+)", (DOCS / "running.md").read_text()))
    assert {"make_operator", "bank_account", "sendtestemail", "reseal"} <= named
    assert named <= set(get_commands())


def test_the_readme_names_what_a_newcomer_needs():
    told = re.search(r"apt-get install --no-install-recommends ([^`]+)", (TESTS.parent / "README.md").read_text())
    assert told
    needed = {"git", "make", "python3", "python3-venv", "ca-certificates", *run.PDF, *run.FONT}
    assert set(told[1].replace("\\", " ").split()) == needed
