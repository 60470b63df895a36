"""Searches that combine words of different kinds, against answers that are computed apart, in plain Python.

What each word may mean is said here by hand; the search has to find it out by itself.
"""

import random
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flipdash.histories import finding
from flipdash.histories.paging import Cursor
from flipdash.histories.results import Results
from flipdash.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
JAKARTA = ZoneInfo("Asia/Jakarta")
NOW = datetime(2026, 11, 28, 10, tzinfo=JAKARTA)  # a Saturday
TODAY = NOW.date()
Row = dict[str, Any]
Meant = Callable[[Row], bool]

NAMES = (
    *("Sri Wahyuni", "Dewi Lestari", "Budi Santoso", "BCA Finance", "Dewi Mandiri", "Siti 27 Nov", "Sri Wijaya"),
    *("Nguyễn Văn Đức", "Nur’aini Groß", "王小明", "PT Optima", "محمد علي"),
)
REMARKS = ("", "Gaji kemarin", "INV/2026/004821", "sewa Nov 2026", "gagal bayar", "no 1850000", "Biji kopi", "PT. O")
AMOUNTS = (85_000, 300_000, 1_850_000, 100_000, 2_026)
ACCOUNTS = ("0012345678", "0066166304", "1850000", "9992026")
DAYS_AGO = (0, 1, 1, 2, 4, 5, 6, 9, 28, 40, 332, 366, 400)


# --- What words mean, computed apart ----------------------------------------------------------------------------------


def folded(said: str) -> str:
    """Return text without case, accents and kinds of apostrophes."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", said) if not unicodedata.combining(letter))
    return plain.casefold().replace("’", "'").replace("đ", "d")


def text(*words: str) -> Meant:
    return lambda row: all(folded(word) in folded(row["text"]) for word in words)


def short(word: str, others: Iterable[str]) -> Meant:
    """A word of two letters stands alone, or inside of another where one of the longer words, if it is none of digits,
    is in the text.
    """
    longer = [text(other) for other in others if (len(other) >= 3 and not other.isdigit()) or other == "王小"]

    def meant(row: Row) -> bool:
        said = folded(row["text"])
        inside = word in said and any(has(row) for has in longer)
        return inside or word in said.replace(".", " ").replace("/", " ").split()

    return meant


def number(digits: str) -> Meant:
    """Amount; account, whole, by its beginning or its end; or digits in a text."""

    def meant(row: Row) -> bool:
        account = row.get("account_number", "")
        ends = len(digits) == 4 and account.endswith(digits)
        begins = len(digits) >= 4 and account.startswith(digits)
        return row["amount"] == int(digits) or ends or begins or digits in row["text"]

    return meant


def status(word: str, value: str) -> Meant:
    return lambda row: row["status"] == value or word in row["text"].lower()


def bank(word: str, code: str) -> Meant:
    return lambda row: row.get("bank") == code or all(part in row["text"].lower() for part in word.split())


def days(words: str, first: date, last: date | None = None) -> Meant:
    def meant(row: Row) -> bool:
        day = row["created_at"].astimezone(JAKARTA).date()
        return first <= day <= (last or first) or all(word in row["text"].lower() for word in words.lower().split())

    return meant


TEXTS = {
    "sri": text("sri"),
    "dewi": text("dewi"),
    "Wijaya": text("Wijaya"),
    "SANTOSO": text("santoso"),
    "inv": text("inv"),
    "kopi": text("kopi"),
    "nguyen": text("nguyen"),
    "DUC": text("duc"),
    "nur'aini": text("nur'aini"),
    "gross": text("gross"),
    "王小": text("王小"),
    "محمد": text("محمد"),
}
SHORT = ("pt", "o", "nu")
"""Words that are too short to be found inside of any other."""
NUMBERS = {
    "1850000": number("1850000"),
    "1.850.000": lambda row: row["amount"] == 1_850_000 or row.get("account_number") == "1850000",
    "Rp1.850.000": lambda row: row["amount"] == 1_850_000,
    "rp 300.000": lambda row: row["amount"] == 300_000,
    "300,000": lambda row: row["amount"] == 300_000,
    "100000": number("100000"),
    "2026": lambda row: number("2026")(row) or days("2026", date(2026, 1, 1), date(2026, 12, 31))(row),
    "6304": number("6304"),
    "0066166304": number("0066166304"),
    "00123": number("00123"),
    "004821": number("004821"),
}
KINDS = {
    "gagal": status("gagal", "failed"),
    "failed": status("failed", "failed"),
    "Berhasil": status("berhasil", "successful"),
    "dibatalkan": status("dibatalkan", "cancelled"),
}
BANKS = {
    "bca": bank("bca", "bca"),
    "mandiri": bank("mandiri", "mandiri"),
    "bank central asia": bank("bank central asia", "bca"),
    "bni 46": bank("bni 46", "bni"),
}
DAYS = {
    "kemarin": days("kemarin", TODAY - timedelta(days=1)),
    "today": days("today", TODAY),
    "27 nov": days("27 nov", date(2026, 11, 27)),
    "27/11/2026": days("27/11/2026", date(2026, 11, 27)),
    "last week": days("last week", date(2026, 11, 16), date(2026, 11, 22)),
    "minggu lalu": days("minggu lalu", date(2026, 11, 16), date(2026, 11, 22)),
    "bulan lalu": days("bulan lalu", date(2026, 10, 1), date(2026, 10, 31)),
    "nov 2026": days("nov 2026", date(2026, 11, 1), date(2026, 11, 30)),
    "31 des": days("31 des", date(2025, 12, 31)),
    "tahun lalu": days("tahun lalu", date(2025, 1, 1), date(2025, 12, 31)),
    "31 feb": text("31", "feb"),
}
COMBINED: dict[str, tuple[dict[str, Meant], ...]] = {
    "money-transfers": (TEXTS, NUMBERS, KINDS, BANKS, DAYS, {word: text(word) for word in SHORT}),
    "payments": (TEXTS, {word: NUMBERS[word] for word in ("1850000", "rp 300.000", "2026")}, KINDS, DAYS),
    "international-transfers": ({word: TEXTS[word] for word in ("sri", "dewi", "Wijaya", "nguyen")}, KINDS, DAYS),
}
SEARCHES = {"money-transfers": 40, "payments": 12, "international-transfers": 8}


def searches(name: str) -> list[tuple[str, list[Meant]]]:
    """Return searches of two to four words of different kinds, each with what its words may mean."""
    chance, made = random.Random(f"{name} 4"), []
    for _number in range(SEARCHES[name]):
        kinds = chance.sample(COMBINED[name], chance.choice((2, 2, 3, min(4, len(COMBINED[name])))))
        words = [chance.choice(list(kind)) for kind in kinds]
        said = " ".join(words)
        meant = [kind[word] for kind, word in zip(kinds, words, strict=True)]
        made.append((said, [short(w, said.split()) if w in SHORT else m for w, m in zip(words, meant, strict=True)]))
    return made


ASKED = [(name, said, meant) for name in SEARCHES for said, meant in searches(name)]


@pytest.fixture(autouse=True)
def saturday(monkeypatch) -> None:
    monkeypatch.setattr(Scope, "now", lambda scope: NOW)


@pytest.fixture
def rows(kopi_kita, toko_sebelah) -> Callable[[str], list[Row]]:
    """Return what makes 300 rows of a history, newest first, beside some of another business and the other mode."""

    def make(name: str) -> list[Row]:
        chance, made = random.Random(name), []
        for _number in range(300):
            at = NOW - timedelta(days=chance.choice(DAYS_AGO), minutes=chance.randrange(900))
            texts = (chance.choice(NAMES), chance.choice(REMARKS))
            state = chance.choice(("successful", "successful", "failed", "cancelled"))
            fields: Row = {"created_at": at, "status": state, "amount": chance.choice(AMOUNTS)}
            if name == "money-transfers":
                fields |= {"beneficiary_name": texts[0], "remark": texts[1]}
                fields |= {"account_number": chance.choice(ACCOUNTS), "bank": chance.choice(("bca", "bni", "mandiri"))}
            elif name == "payments":
                fields |= {"amount": max(fields["amount"], 4_000), "sender_name": texts[0], "title": texts[1] or "x"}
            else:
                fields |= {"beneficiary_name": texts[0]}
                texts = texts[:1]
            row = factories.MAKERS[name](kopi_kita, **fields)
            made.append({**fields, "id": row.pk, "text": " ".join(texts)})
            if chance.random() < 0.1:
                factories.MAKERS[name](toko_sebelah, **fields)
                factories.MAKERS[name](kopi_kita, mode="test", **fields)
        return sorted(made, key=lambda row: (row["created_at"], row["id"]), reverse=True)

    return make


def walked(scope, name: str, query: str) -> list[int]:
    """Return the ids of all pages, following Older; the way back, following Newer, shows the same."""
    page = factories.history(scope, query, name).page()
    pages = [[row["id"] for row in page.rows]]
    while page.older_url:
        page = _beside(scope, name, query, "before", page.rows[-1])
        pages.append([row["id"] for row in page.rows])
    for newer in reversed(pages[:-1]):
        assert page.newer_url
        page = _beside(scope, name, query, "after", page.rows[0])
        assert [row["id"] for row in page.rows] == newer
    return [pk for ids in pages for pk in ids]


def _beside(scope, name: str, query: str, direction: str, row: Row) -> Results:
    place = Cursor.of(row).sign(name, scope)
    return factories.history(scope, f"{query}&{direction}={place}", name).page()


def test_there_are_sixty():
    assert len(ASKED) == 60
    assert len({(name, said) for name, said, _meant in ASKED}) > 55


@pytest.mark.parametrize(("nearest", "gathered"), [(2_000, 2_000), (20, 2_000), (20, 2)])
@pytest.mark.parametrize("name", SEARCHES)
def test_combined_words_find_what_has_all_of_them(scope, rows, name, nearest, gathered, monkeypatch):
    """On all pages, in the count and in the report, by whichever way rows are found: nearby, at once, by days."""
    monkeypatch.setattr(finding, "NEAREST", nearest)
    monkeypatch.setattr(finding, "GATHERED", gathered)
    made, empty = rows(name), 0
    for said, meant in searches(name):
        query = f"q={quote(said)}"
        expected = [row["id"] for row in made if all(has(row) for has in meant)]
        empty += not expected
        assert walked(scope, name, query) == expected, said
        history = factories.history(scope, query, name)
        assert history.count() == len(expected), said
        assert list(history.rows().values_list("pk", flat=True)) == expected, said
    assert empty <= SEARCHES[name] / 2


FILTERS: dict[str, Meant] = {
    "": lambda row: True,
    "&status=failed": lambda row: row["status"] == "failed",
    "&bank=bni&status=cancelled": lambda row: (row["bank"], row["status"]) == ("bni", "cancelled"),
    "&date_to=2026-11-20": lambda row: row["created_at"].astimezone(JAKARTA).date() <= date(2026, 11, 20),
}


@pytest.mark.parametrize("most", [2_000, 3])
def test_a_number_and_filters_find_what_has_both(scope, rows, most, monkeypatch):
    """However many rows have the number, and however few of them the filters keep."""
    monkeypatch.setattr(finding, "NEAREST", most)
    monkeypatch.setattr(finding, "GATHERED", most)
    made = [{**row, "text": ""} for row in rows("money-transfers")]
    for said in ("0066166304", "6304", "00661", "0012", "1850000", "85000", "2026"):
        for filters, is_kept in FILTERS.items():
            query = f"q={said}{filters}"
            expected = [row["id"] for row in made if number(said)(row) and is_kept(row)]
            assert expected, query
            assert walked(scope, "money-transfers", query) == expected, query
            assert factories.history(scope, query).count() == len(expected), query


@pytest.mark.parametrize("said", ["sri 1850000", "gagal kemarin", "dewi bca 27 nov", "sewa nov 2026 mandiri gagal"])
def test_a_combined_search_asks_a_bounded_number_of_queries(scope, rows, said):
    rows("money-transfers")
    with CaptureQueriesContext(connection) as queries:
        factories.history(scope, f"q={quote(said)}").results()
    assert len(queries) <= 16  # of which two or three are estimates of the planner, which read nothing
