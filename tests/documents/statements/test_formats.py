"""What the files say: .pdf, .xlsx and .csv of one statement agree with the ledger, whatever anybody typed."""

import csv
import io
from datetime import date

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from documents.statements import paper
from tests.documents.statements.conftest import ask, content_of, fund, hold
from tests.documents.test_pdf import HOSTILE, check_standard

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator", "snapshot"])


def text_of(content: bytes) -> str:
    """Return all that a PDF says, with single blanks."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            "Deposit statement|Opening balance Rp1,000,417|Closing balance Rp885,417|Held for a transaction 3 167,500"
            "|Released 1 52,500|Together 4 52,500 167,500|1 Mar 2026, 00:00 Held for a transaction|897,917|10 Mar 2026"
            "|fee Rp2,500 included|All dates in WIB",
        ),
        (
            "id",
            "Rekening koran deposit|Saldo awal Rp1.000.417|Saldo akhir Rp885.417|Dilepas 1 52.500"
            "|Jumlah semua 4 52.500 167.500|897.917|10 Mar 2026|termasuk biaya Rp2.500",
        ),
    ],
)
def test_the_paper_says_what_the_ledger_says_in_both_languages(scope, moved, make, admin, language, words):
    admin.user.language = language
    admin.user.save(update_fields=["language"])
    content = content_of(make("pdf"))
    text = text_of(content)
    missing = [word for word in words.split("|") if word not in text]
    assert not missing, text
    assert all(str(moved[name]) in text for name in ("first", "failed", "last"))
    assert str(moved["april"]) not in text
    days, name = ("1 – 31 Mar 2026", "Statement") if language == "en" else ("1 – 31 Mar 2026", "Rekening koran")
    check_standard(content, title=f"{name} · {days} · S000001", language=language)


def test_the_paper_of_test_mode_and_of_a_period_that_is_not_over_say_so(scope, moved, make, admin):
    today = scope.now().astimezone(scope.zone).date()
    made = make("pdf", by=admin.scope("test"), days=(date(2026, 10, 1), today))
    text = text_of(content_of(made))
    assert "Test Mode · no real money moved" in text
    assert "The last day wasn’t over: entries may follow." in text
    assert "TEST" in text


def test_hostile_names_come_out_conforming_and_as_they_are_printed(scope, make):
    """trust: F5. The 30 names of pdf.md §4.3, and 2,000 letters without a space."""
    fund(scope, 1_000_000, "2026-03-01T08:00+07:00")
    for number, name in enumerate([*HOSTILE, "W" * 2_000]):
        name = name.encode(errors="ignore").decode().replace("\0", "")
        hold(scope, f"2026-03-02T08:{number:02}+07:00", amount=10 + number, fee=0, beneficiary_name=name[:100])
    content = content_of(make("pdf"))
    check_standard(content, title="Statement · 1 – 31 Mar 2026 · S000001", language="en")
    text = text_of(content)
    assert "{{ settings.SECRET_KEY }}" in text
    assert "<script>alert(1)</script>" in text
    assert not {"\u202e", "\u202d", "\u2066"} & set(text)


def test_the_sheet_has_a_summary_and_typed_cells(scope, moved, make):
    book = load_workbook(io.BytesIO(content_of(make("xlsx"))))
    summary = [[cell for cell in row if cell is not None] for row in book["Summary"].iter_rows(values_only=True)]
    assert ["Opening balance", 1_000_417] in summary
    assert ["Closing balance", 885_417] in summary
    assert ["Held for a transaction", 3, 0, 167_500] in summary
    assert ["NPWP", "0921345678017000"] in summary
    head, *rows = book["Data 1"].iter_rows(values_only=True)
    assert head == ("Date (WIB)", "Entry", "Transaction ID", "Details", "Money in", "Money out", "Balance after")
    assert [(row[2], row[4], row[5], row[6]) for row in rows] == [
        (str(moved["first"]), None, 102_500, 897_917),
        (str(moved["failed"]), None, 52_500, 845_417),
        (str(moved["failed"]), 52_500, None, 897_917),
        (str(moved["last"]), None, 12_500, 885_417),
    ]


@pytest.mark.parametrize("separator", [",", ";"])
def test_no_text_becomes_a_formula(scope, make, separator):
    """trust: E1."""
    fund(scope, 1_000_000, "2026-03-01T08:00+07:00")
    typed = {"beneficiary_name": f"a{separator}=1+1", "remark": '=HYPERLINK("http://a")'}
    pk = hold(scope, "2026-03-02T08:00+07:00", **typed)
    written = content_of(make("csv", separator=separator)).decode("utf-8-sig")
    row = next(line for line in csv.reader(io.StringIO(written), delimiter=separator) if line[2] == str(pk))
    assert row[3].startswith("Money Transfer · a")
    other = {",": ";", ";": ","}[separator]
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in written.splitlines() for cell in line.split(other))
    book = load_workbook(io.BytesIO(content_of(make("xlsx"))))
    assert {cell.data_type for row in book["Data 1"].iter_rows(min_col=4, max_col=4) for cell in row} == {"s"}


def test_a_paper_of_as_many_entries_as_it_may_hold_is_asked_for_beside_the_field(scope, moved, web, monkeypatch):
    monkeypatch.setattr(paper, "MOST", 3)
    sent = {"month": "2026-03", "format": "pdf", "separator": ","}
    page = web.post("/documents/statements/", sent)
    assert page.status_code == 422
    assert "A .pdf holds 3 entries, and this period has more. Take .xlsx" in page.content.decode()
    assert web.post("/documents/statements/", sent | {"format": "xlsx"}).status_code == 302
    assert ask(scope, "xlsx").number == 1
