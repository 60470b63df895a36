"""docs/glossary.md says what pages say, and words that were given up don't come back."""

import re
from pathlib import Path

from django.conf import settings

from devtools import messages

THIS = Path(__file__).name
GLOSSARY = settings.BASE_DIR / "docs" / "glossary.md"
GIVEN_UP = {
    "fresh_proof": "reauthenticated",
    "once_key": "idempotency_key",
    "class Guess": "VerificationAttempt",
    "class Books": "LedgerOwner",
    "class Finding": "CheckResult, BrokenLink, Examined",
    "class Sending": "OutgoingTransfer",
    "class Desk": "ListSettings",
    "class Printed": "ParsedLine",
    "status_pill": "status_badge",
    "import walls": "rls",
    "FullWall": "RowLevelSecurity",
    "import workspace": "lists",
}
"""Names that the code had, and what it says now."""


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = GLOSSARY.read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_pages_say_in_indonesian_what_the_glossary_says():
    catalog = {str(message.id): str(message.string) for message in messages.read() if message.id}
    seen = 0
    for english, indonesian, _meaning in rows("On the pages"):
        for word, said in zip(english.split(" / "), indonesian.split(" / "), strict=False):
            if word in catalog:
                assert catalog[word] == said, word
                seen += 1
    assert seen > 20


def code() -> dict[str, str]:
    folders = (*messages.SOURCES, "static", "tests", "bench", "devtools")
    paths = (path for folder in folders for path in (settings.BASE_DIR / folder).rglob("*"))
    kept = (path for path in paths if path.suffix in {".py", ".html", ".css", ".js", ".sql"} and path.name != THIS)
    return {str(path): path.read_text() for path in kept}


def test_words_that_were_given_up_do_not_come_back():
    back = {
        (path, name): f"it is called {now} now (docs/glossary.md)"
        for path, text in code().items()
        for name, now in GIVEN_UP.items()
        if re.search(rf"\b{name}\b", text)
    }
    assert back == {}
