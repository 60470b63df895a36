"""The words that people read: one word for one thing, one case, nothing that a native wouldn't say."""

import re

import pytest
from babel.messages.pofile import read_po
from django.conf import settings

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))

NAMES = {
    *("Add Account", "Yes, Add Account", "Create Report", "Top-Up Deposit", "Continue to Payment"),
    *("I Have Transferred", "Cancel Top-Up", "Back to Home", "Deposit History", "See it in Top-Up History"),
    *("Generate Key", "Change Key", "Change Token", "Change Secret", "Send Test", "Download Invoice"),
    *("Callback Deliveries", "Create Transfer", "Force Success", "Force Failed", "Attach Bukti Potong"),
    *("Retry Failed", "Request Refund", "Payment History"),
}
"""What product.md writes in bold, and a page's own name: everything else is in sentence case."""

BUTTON = re.compile(r"""<(?:button|a)\s[^>]*class="button[^>]*>\s*\{% translate ["']([^"']+)["'] %\}""")

BANNED = {
    r"\b[Ll]og out\b": "Sign out: one signs in here",
    r"\b[Ee]-mail|\ba mail\b|\bby mail\b": "email, one word",
    r"\b(is|no longer) good\b": "valid",
    r"\bis dead\b|\bno more$": "no longer works",
    r"^What waits|\bleave waiting\b": "Still waiting",
    r"\bright rows\b": "valid rows",
    r"^Report (asked for|made)$": "requested, ready",
    r"^Who may .* (gets|is told)": "People who can …",
}
"""What no English text says, and what to say instead."""

BANNED_IN_INDONESIAN = {
    r"\b[Bb]erkas": "file, as people say",
    r"\b[Ss]urel": "email",
    r"[Dd]iselesaikan|[Pp]enyelesaian": 'Settlement; the money "masuk deposit"',
    r"Multiakun": "Multi Akun, as the menu has it",
    r"[Dd]igerakkan|\blaju pekan": "what an accountant would say",
}
"""The same for Indonesian."""


def indonesian() -> list[str]:
    """Every Indonesian text of the catalogue."""
    with (settings.BASE_DIR / "locale/id/LC_MESSAGES/django.po").open("rb") as file:
        texts = [message.string for message in read_po(file) if message.id]
    return [part for text in texts for part in ([text] if isinstance(text, str) else text)]


def english() -> list[str]:
    """Every English text of the catalogue, those of plurals too."""
    with (settings.BASE_DIR / "locale/id/LC_MESSAGES/django.po").open("rb") as file:
        texts = [message.id for message in read_po(file) if message.id]
    return [part for text in texts for part in ([text] if isinstance(text, str) else text)]


def test_buttons_are_in_sentence_case():
    found = {words for path in TEMPLATES for words in BUTTON.findall(path.read_text())}
    assert {"Save view", "Add Account"} <= found, "the pattern sees buttons"
    titled = {words for words in found if re.search(r"\s[A-Z][a-z]", words)}
    assert titled <= NAMES


@pytest.mark.parametrize("pattern", BANNED, ids=BANNED.get)
def test_no_text_says_what_a_native_would_not(pattern):
    assert not [text for text in english() if re.search(pattern, text)], BANNED[pattern]


@pytest.mark.parametrize("pattern", BANNED_IN_INDONESIAN, ids=BANNED_IN_INDONESIAN.get)
def test_no_indonesian_text_says_what_a_native_would_not(pattern):
    assert not [text for text in indonesian() if re.search(pattern, text)], BANNED_IN_INDONESIAN[pattern]
