"""The program texts of the API Reference: run as they stand, against the server, in each language that is here."""

import re
import shutil
import subprocess
import sys

import pytest

from developer.reference import calls
from developer.reference.snippets import placeholder, snippets
from flipdash.mode import Mode
from tests import factories
from tests.developer.calling import Program
from transactions.models import Via

HARD = "order'77\"\\ $HOME `id` é & #%+ {x} \N{SLIGHTLY SMILING FACE}"
"""Everything that some language takes for something else inside of a text."""
COMMANDS = {
    "curl": ["/bin/sh", "-c"],
    "Python": [sys.executable, "-c"],
    "JavaScript": ["node", "--input-type=module", "-e"],
}


def call_of(name, version=3, mode=Mode.TEST):
    found = calls.find(mode, version, name)
    assert found
    return found


def text_of(language, call, **how):
    return next(snippet.text for snippet in snippets(call, **how) if snippet.language == language)


def run(language, program):
    command = COMMANDS[language]
    if shutil.which("curl" if language == "curl" else command[0]) is None:
        pytest.skip(f"{command[0]} is not on this machine")
    done = subprocess.run([*command, program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def shop(admin):
    return Program(admin, "test")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", COMMANDS)
def test_a_snippet_runs_as_it_stands(live_server, shop, admin, language):
    row = factories.make_transfer(admin.business, mode="test", via=Via.API, idempotency_key=HARD)
    how = {"site": live_server.url, "key": shop.text}
    assert "balance" in run(language, text_of(language, call_of("getBalance"), **how))
    assert "BCA" in run(language, text_of(language, call_of("listBanks"), **how))
    found = run(language, text_of(language, call_of("getDisbursement"), **how, values={"idempotency-key": HARD}))
    assert str(row.pk) in found
    old = text_of(language, call_of("getDisbursement", version=2), **how, values={"id": str(row.pk)})
    assert str(row.pk) in run(language, old)
    assert "maintenance" in run(language, text_of(language, call_of("getMaintenance"), **how))


def test_php_writes_every_text_so_that_nothing_in_it_is_taken_for_something_else():
    values = {"idempotency-key": HARD}
    program = text_of("PHP", call_of("getDisbursement"), site="https://flipdash.test", key="k", values=values)
    [(name, value)] = re.findall(r"http_build_query\(\['((?:[^'\\]|\\.)*)' => '((?:[^'\\]|\\.)*)'\]\)", program)
    assert name == "idempotency-key"
    assert value.replace("\\'", "'").replace("\\\\", "\\") == HARD


@pytest.mark.parametrize("language", ["curl", "Python", "PHP", "JavaScript"])
def test_every_call_has_a_text_with_the_placeholder_and_no_key(language):
    for mode in Mode:
        for version in (2, 3):
            for group in calls.groups(mode, version):
                for call in group.calls:
                    program = text_of(language, call, site="https://flipdash.test", key=placeholder(mode))
                    assert "https://flipdash.test/" in program
                    assert (placeholder(mode) in program) != call.is_open
                    for parameter in call.parameters:
                        assert not parameter.is_shown or parameter.example in program


def test_the_placeholder_is_no_key():
    from developer import wording

    for mode in Mode:
        with pytest.raises(wording.NotAKey):
            wording.public_part(placeholder(mode))
