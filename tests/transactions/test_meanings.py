"""What each word of a search is taken for."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from flipdash.scope import Scope
from tests.factories import found, history, make_payment, make_transfer

NOON = datetime(2026, 11, 28, 5, 0, tzinfo=UTC)


@pytest.fixture
def saturday(monkeypatch):
    monkeypatch.setattr(Scope, "now", lambda scope: NOON)


def parts(scope, said: str, name: str = "money-transfers", taken: str = "") -> dict[str, list[str]]:
    """Return the parts of a search, each with the names of what it is taken for."""
    asked = history(scope, f"q={quote(said)}{taken}", name)
    assert asked.is_valid, asked.address.form.errors
    return {part.said: [meaning.name for meaning in part.meanings] for part in asked.asked.term.parts}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("sri 1850000", {"sri": ["text"], "1850000": ["account_number", "amount", "external_id", "text"]}),
        ("1.850.000 sri", {"1.850.000": ["account_number", "amount", "external_id", "text"], "sri": ["text"]}),
        ("rp 1.850.000 sri", {"rp 1.850.000": ["amount", "text"], "sri": ["text"]}),
        ("dewi bca 27 nov", {"dewi": ["text"], "bca": ["bank", "text"], "27 nov": ["created_at", "text"]}),
        ("gagal kemarin", {"gagal": ["status", "text"], "kemarin": ["created_at", "text"]}),
        ("failed last week", {"failed": ["status", "text"], "last week": ["created_at", "text"]}),
        ("Menunggu  Persetujuan bni", {"Menunggu Persetujuan": ["status", "text"], "bni": ["bank", "text"]}),
        ("bni 46", {"bni 46": ["bank", "text"]}),
        ("bank syariah indonesia", {"bank syariah indonesia": ["bank", "text"]}),
        ("bca", {"bca": ["bank", "text"]}),
        ("2026", {"2026": ["external_id", "text"]}),
        ("november", {"november": ["text"]}),
        ("sri 2026", {"sri": ["text"], "2026": ["account_number", "amount", "external_id", "created_at", "text"]}),
        ("31 feb", {"31 feb": ["text"]}),
        ("sri x", {"sri": ["text"], "x": ["text", "text"]}),
        ("settled sri", {"settled": ["text"], "sri": ["text"]}),
        ("100000", {"100000": ["external_id", "text"]}),
    ],
)
@pytest.mark.django_db
def test_each_word_is_taken_for_all_that_it_can_be(scope, saturday, said, expected):
    assert parts(scope, said) == expected


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ("", ["bank", "text"]),
        ("&in=bank:bca", ["bank"]),
        ("&in=bank:BCA", ["bank"]),
        ("&in=text:bca", ["text"]),
        ("&in=text", ["text"]),
        ("&in=amount:bca", ["bank", "text"]),  # can't be one
        ("&in=bank:bri", ["bank", "text"]),  # of another word, which is gone
    ],
)
@pytest.mark.django_db
def test_an_address_says_for_what_a_word_is_taken(scope, taken, expected):
    assert parts(scope, "bca sri", taken=taken)["bca"] == expected


@pytest.mark.parametrize("taken", ["in=nonsense", "in=nonsense:bca", "in=bank", "in=bank:", "in=:bca"])
@pytest.mark.django_db
def test_an_address_that_takes_a_word_for_nothing_known_shows_nothing(scope, kopi_kita, taken):
    make_transfer(kopi_kita)
    assert not history(scope, f"q=bca&{taken}").is_valid
    assert found(scope, f"q=bca&{taken}") == []


@pytest.mark.parametrize("said", ["bca", "gagal", "kemarin", "27 nov", "nov 2026"])
@pytest.mark.django_db
def test_nothing_is_lost_that_was_found_as_text(scope, kopi_kita, saturday, said):
    """Whatever else a word can be, and however old the row is."""
    old = make_transfer(kopi_kita, remark=f"Untuk {said}", bank="bri", created_at=NOON - timedelta(days=900))
    assert old.pk in found(scope, f"q={quote(said)}")
    assert found(scope, f"q={quote(said)}&in=text") == [old.pk]


@pytest.mark.django_db
def test_a_number_alone_is_a_number_first(scope, kopi_kita):
    paid = make_transfer(kopi_kita, amount=2026)
    remark = make_transfer(kopi_kita, remark="INV/2026/1")
    assert found(scope, "q=2026") == [paid.pk]
    assert found(scope, "q=2026&in=text") == [remark.pk]
    assert set(found(scope, "q=2026 siti")) == {paid.pk, remark.pk}


@pytest.mark.django_db
def test_words_of_one_history_mean_nothing_in_another(scope, kopi_kita):
    paid = make_payment(kopi_kita, settlement_status="settled", sender_name="Sri")
    assert found(scope, "q=settled sri", "payments") == [paid.pk]
    make_transfer(kopi_kita, beneficiary_name="Sri")
    assert found(scope, "q=settled sri") == []


# --- What is shown of it ----------------------------------------------------------------------------------------------


def chips(scope, query: str, name: str = "money-transfers") -> list[tuple[str, str]]:
    """Return the chips of a page: what words were taken for, and the words."""
    asked = history(scope, query, name)
    return [(chip.label, chip.words) for chip in asked.chips(asked.results())]


@pytest.fixture
def sri(kopi_kita, saturday):
    """Two transfers to Sri of yesterday, of which one bank is BCA."""
    fields = {"beneficiary_name": "Sri", "amount": 1_850_000, "created_at": NOON - timedelta(days=1)}
    make_transfer(kopi_kita, bank="bca", account_number="1850000555", **fields)
    return make_transfer(kopi_kita, bank="bri", remark="via BCA", **fields)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=sri", [("Search", "sri")]),
        ("q=sri sri", [("Search", "sri sri")]),
        ("q=sri Rp1.850.000", [("Text", "sri"), ("Amount", "Rp1.850.000")]),
        ("q=sri 1850000", [("Text", "sri"), ("Account Number or Amount", "1850000")]),
        ("q=1850000", [("Amount or Account Number", "1850000")]),
        ("q=bca sri", [("Bank or Text", "bca"), ("Text", "sri")]),
        ("q=bca sri&in=bank:bca", [("Bank", "bca"), ("Text", "sri")]),
        ("q=kemarin", [("Created Date", "kemarin · 27 Nov 2026")]),
        ("q=xyz kemarin", [("Text", "xyz"), ("Created Date or Text", "kemarin · 27 Nov 2026")]),
        ("q=sri&status=failed", [("Search", "sri"), ("Status", "Failed")]),
    ],
)
@pytest.mark.django_db
def test_each_word_is_shown_as_what_it_was_taken_for(scope, sri, query, expected):
    """As the rows on the page show it; where there are none, all that it could be."""
    assert chips(scope, query) == expected


@pytest.mark.django_db
def test_a_word_is_removed_or_taken_for_something_else(scope, sri):
    bca, text = history(scope, "q=bca sri&in=bank:bca&status=successful").chips()[:2]
    assert bca.remove_url == "/money-transfers/?q=sri&status=successful"
    assert text.remove_url == "/money-transfers/?q=bca&in=bank%3Abca&status=successful"
    assert text.choices == ()
    assert [(choice.label, choice.is_chosen) for choice in bca.choices] == [
        ("Bank", True),
        ("Text", False),
        ("Any of these", False),
    ]
    as_text, either = bca.choices[1:]
    assert as_text.url == "/money-transfers/?q=bca+sri&in=text%3Abca&status=successful"
    assert either.url == "/money-transfers/?q=bca+sri&status=successful"


@pytest.mark.django_db
def test_a_chosen_meaning_stays_when_filters_are_applied(web, sri):
    content = web.get("/money-transfers/?q=bca+sri&in=bank:bca").content.decode()
    assert '<input type="hidden" name="in" value="bank:bca">' in content
    assert "Change what it is taken for" in content


@pytest.mark.django_db
def test_a_report_says_which_day_yesterday_was(scope, saturday):
    assert history(scope, "q=sri kemarin").in_words() == [("Search", "sri kemarin (kemarin: 27 Nov 2026)")]


@pytest.mark.parametrize(
    ("query", "says"),
    [("q=sri bca&in=bank:bca", "sri bca (bca: Bank)"), ("q=1850000&in=text", "1850000 (1850000: Text)")],
)
@pytest.mark.django_db
def test_a_report_says_for_what_a_word_was_chosen_to_be_taken(scope, query, says):
    assert history(scope, query).in_words() == [("Search", says)]


@pytest.mark.django_db
def test_eight_words_of_two_kinds_each_are_bounded(scope, sri):
    """They aren't written out for the index in all 256 ways, and find what they mean."""
    said = "bca bri gagal berhasil mandiri bni permata dana"
    (driver,) = history(scope, f"q={said}").asked.drivers
    assert driver.condition.connector == "OR"
    assert len(driver.condition.children) <= 16
    assert found(scope, f"q={said}") == []
    assert [part.said for part in history(scope, f"q={said}").asked.parts] == said.split()
