"""Foreign amounts in a report: numbers in their own decimals, beside their currency, never added up across it."""

from decimal import Decimal

import pytest
import xlrd
from django.core.files.storage import default_storage

from documents.reports import services
from tests.factories import make_international

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])


@pytest.fixture
def book(scope, kopi_kita, files, asleep) -> xlrd.Book:
    """The report of two transfers to Singapore, one of them failed, and one to Japan."""
    make_international(kopi_kita, country="JP", currency="JPY", amount_received=Decimal(98_000), amount=10_500_000)
    make_international(kopi_kita, amount_received=Decimal("1250.5"), amount=15_000_000)
    make_international(kopi_kita, amount_received=Decimal("0.07"), amount=1_000, status="failed")
    report = services.request_report(scope, history="international-transfers", query="")
    services.REPORTS.work(report.pk)
    report.refresh_from_db()
    assert report.file_name.startswith("Kopi-Kita_International-Transfer_")
    with default_storage.open(report.stored_as) as file:
        return xlrd.open_workbook(file_contents=file.read(), formatting_info=True)


def test_each_amount_is_a_number_with_its_currencys_decimals_beside_the_currency(book):
    sheet = book.sheet_by_name("Data 1")
    heads = sheet.row_values(0)
    received = heads.index("Amount Received")
    assert heads[received + 1] == "Currency"
    assert heads[received + 2] == "Created Date (WIB)"
    cells = [sheet.cell(n, received) for n in range(1, 4)]
    formats = [book.format_map[book.xf_list[cell.xf_index].format_key].format_str for cell in cells]
    assert [(cell.ctype, cell.value) for cell in cells] == [
        (xlrd.XL_CELL_NUMBER, 98_000),
        (xlrd.XL_CELL_NUMBER, 1250.5),
        (xlrd.XL_CELL_NUMBER, 0.07),
    ]
    assert formats == ["#,##0", "#,##0.00", "#,##0.00"]
    assert [sheet.cell_value(n, received + 1) for n in range(1, 4)] == ["JPY", "SGD", "SGD"]


def test_the_summary_has_a_line_for_each_state_and_currency(book):
    sheet = book.sheet_by_name("Summary")
    lines = [[value for value in sheet.row_values(n) if value != ""] for n in range(sheet.nrows)]
    head = lines.index(["Status", "Currency", "Rows", "Amount Sent", "Fee", "Amount Received"])
    assert lines[head + 1 :] == [
        ["Successful", "JPY", 1, 10_500_000, 75_000, 98_000],
        ["Successful", "SGD", 1, 15_000_000, 75_000, 1250.5],
        ["Failed", "SGD", 1, 1_000, 75_000, 0.07],
    ]
