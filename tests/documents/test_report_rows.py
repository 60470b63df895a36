"""The file's rows are the screen's rows over all pages: every history, every format, whatever is filtered."""

import csv
import io
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from urllib.parse import urlsplit

import pytest
import python_calamine
from django import forms
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.http import QueryDict
from django.utils import timezone

from accounts.models import Business
from deposits import ledger
from deposits.ledger import closing
from documents.models import Report
from documents.reports import services
from flipdash import histories, rls
from tests import factories
from transactions import demo
from transactions.models import Status

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator", "snapshot"])
FILTER_SETS = 20
ROWS = 150


@pytest.fixture(autouse=True)
def no_worker(settings, tmp_path, asleep):
    """The tests are the worker; files go to a folder of their own."""
    storage = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": storage}


def build(scope, name, query, format):
    """Make a report, and return its file's content."""
    report = services.request_report(scope, history=name, query=query, format=format)
    services.REPORTS.work(report.pk)
    report.refresh_from_db()
    assert report.status == "ready", report.problem
    with default_storage.open(report.stored_as) as file:
        return file.read()


# --- What is asked ------------------------------------------------------------------------------------------


def random_query(scope, name: str, dice: Random) -> QueryDict:
    """Return a valid search and filters of a history, found by throwing dice until they make sense."""
    declared = histories.get(name)
    rows = list(declared(scope, QueryDict()).rows().values(*declared(scope, QueryDict()).value_fields))
    while True:
        query = QueryDict(mutable=True)
        if dice.random() < 0.5:
            query["q"] = random_word(dice.choice(rows), dice)
        for filter_ in dice.sample(declared.filters, dice.randint(0, min(3, len(declared.filters)))):
            throw(query, filter_.form_fields(scope), dice.choice(rows), dice)
        if declared(scope, query).is_valid:
            return query


def throw(query: QueryDict, fields: dict[str, forms.Field], row: dict, dice: Random) -> None:
    days = sorted(timezone.now().date() - timedelta(days=dice.randint(0, 60)) for _end in range(2))
    for name, field in fields.items():
        if isinstance(field, forms.MultipleChoiceField):
            choices = [value for value, _label in field.choices]
            query.setlist(name, dice.sample(choices, dice.randint(1, min(3, len(choices)))))
        elif isinstance(field, forms.ModelChoiceField):
            query[name] = str(dice.choice([*field.queryset.values_list("pk", flat=True), ""]))
        elif isinstance(field, forms.ChoiceField):
            some = dice.choice([value for value, _label in field.choices])
            query[name] = str(dice.choice([row.get(name, some), some]))
        elif isinstance(field, forms.DateField):
            query[name] = days.pop(0).isoformat()
        else:
            query[name] = random_word(row, dice)


def random_word(row: dict, dice: Random) -> str:
    values = [str(value) for value in row.values() if value and not isinstance(value, datetime)]
    return dice.choice(dice.choice(values).split())


# --- What is shown and what is written --------------------------------------------------------------------------


def screen(scope, name: str, query: str) -> list[list]:
    """Return the rows of all pages, with what their columns put into a sheet."""
    shown, address = [], query
    while True:
        declared = histories.get(name)
        every = histories.Layout([column.name for column in declared.columns])  # a page reads only what it shows
        history = declared(scope, QueryDict(address), layout=every)
        results = history.results()
        with timezone.override(scope.zone):
            shown += [[column.value(row) for column in history.columns] for row in results.rows]
        if results.older_url is None:
            return shown
        address = urlsplit(results.older_url).query


def as_in_a_book(value):
    return "" if value is None else float(value) if isinstance(value, int | Decimal) else value


def as_in_a_csv(value):
    if isinstance(value, str):
        return f"'{value}" if value[:1] in tuple("=+-@") else value
    return "" if value is None else str(value)


def rows_of_a_book(content: bytes) -> list[list]:
    book = python_calamine.load_workbook(io.BytesIO(content))
    rows = [row for name in book.sheet_names[1:] for row in book.get_sheet_by_name(name).to_python()[1:]]
    return [[to_the_second(value) if isinstance(value, date) else value for value in row] for row in rows]


def to_the_second(at: date) -> datetime:
    """A sheet's day is a float, so a reader may be some microseconds off; midnight it calls a date."""
    at = at if isinstance(at, datetime) else datetime.combine(at, time.min)
    return (at + timedelta(milliseconds=500)).replace(microsecond=0)


def rows_of_a_csv(content: bytes) -> list[list]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1:]


@pytest.mark.parametrize("name", factories.ALL_MAKERS)
def test_each_formats_rows_are_the_screens_rows_over_all_pages(scope, kopi_kita, toko_sebelah, name):
    dice = Random(f"filters of {name}")
    stranger = factories.make_member(toko_sebelah)
    for business in (kopi_kita, stranger.business):
        for _row in range(ROWS):
            factories.make_varied(name, business, dice)
    found = 0
    for _set in range(FILTER_SETS):
        with rls.inside(scope):
            query = random_query(scope, name, dice).urlencode()
            rows = screen(scope, name, query)
        if histories.get(name).report_is_oldest_first:
            rows.reverse()
        found += bool(rows)
        book = [[as_in_a_book(value) for value in row] for row in rows]
        assert rows_of_a_book(build(scope, name, query, "xls")) == book, query
        assert rows_of_a_book(build(scope, name, query, "xlsx")) == book, query
        in_csv = [[as_in_a_csv(value) for value in row] for row in rows]
        assert rows_of_a_csv(build(scope, name, query, "csv")) == in_csv, query
    assert found > FILTER_SETS / 4, "most filters found nothing"
    with rls.inside(scope):
        everything = screen(scope, name, "")
    assert len(everything) == ROWS > 2 * histories.paging.USUAL_ROWS


@pytest.mark.parametrize("name", factories.ALL_MAKERS)
def test_values_of_many_rows_are_the_values_of_each(scope, kopi_kita, name):
    dice = Random(f"batches of {name}")
    for _row in range(60):
        factories.make_varied(name, kopi_kita, dice)
    history = histories.get(name)(scope, QueryDict())
    with rls.inside(scope), timezone.override(scope.zone), transaction.atomic():
        rows = list(history.rows().values(*history.value_fields))
        if history.report_is_oldest_first:
            rows.reverse()
        batches = list(history.batches(25))
        assert [len(batch["id"]) for batch in batches] == [25, 25, 10]
        for column in history.columns:
            seen = [value or None for batch in batches for value in column.values(batch)]
            assert seen == [column.value(row) or None for row in rows], column.name
            assert {type(value) for value in seen} == {type(column.value(row) or None) for row in rows}, column.name


def test_a_history_that_can_show_nothing_has_no_batches(scope, monkeypatch):
    history = histories.get("money-transfers")(scope, QueryDict())
    nothing = history.rows().none()
    monkeypatch.setattr(type(history), "rows", lambda self: nothing)
    assert list(history.batches(10)) == []


@pytest.mark.parametrize("format", ["xls", "xlsx", "csv"])
def test_a_report_that_does_not_close_says_so_on_its_line(scope, web, kopi_kita, format, monkeypatch):
    """A .csv has no Summary to say it in. tests/deposits has what keeps a statement from closing."""
    factories.make_entry(kopi_kita, amount=85_000)
    build(scope, "deposit", "", format)
    assert "doesn’t close" not in web.get("/documents/reports/").content.decode()
    monkeypatch.setattr(closing, "breaks_of", lambda statement: 2)
    build(scope, "deposit", "", format)
    content = web.get("/documents/reports/").content.decode()
    assert "This doesn’t close: 2 balances don’t follow from the one before." in content
    assert list(Report.objects.order_by("number").values_list("breaks", flat=True)) == [0, 2]


@pytest.mark.parametrize("format", ["xls", "xlsx", "csv"])
def test_a_report_of_the_deposit_goes_oldest_first_and_ties_to_the_balance(scope, kopi_kita, format):
    """Opening + credits − debits = closing, which is what the ledger says is available; and so do the rows."""
    dice = Random(7)
    for _row in range(40):
        factories.make_varied("deposit", kopi_kita, dice)
    # What happened in some other order is not the account statement of a bank: it is posted in the order of time.
    for _row in range(20):
        factories.make_entry(kopi_kita, status="hold", amount=10_007, created_at=timezone.now())
    available = ledger.balance(scope, using="operator").available
    today = timezone.now().astimezone(scope.zone).date()
    query = f"date_from={today}&date_to={today}"
    content = build(scope, "deposit", query, format)
    if format == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        assert [int(row["Balance after"]) for row in rows] == [available + 10_007 * (19 - place) for place in range(20)]
        whole = build(scope, "deposit", "", format).decode("utf-8-sig")
        entries = list(csv.DictReader(io.StringIO(whole, newline="")))
        credits, debits = (sum(int(row[name] or 0) for row in entries) for name in ("Credit", "Debit"))
        assert len(entries) == 60
        assert credits - debits == sum(int(row["Amount"]) for row in entries) == available
        return
    book = python_calamine.load_workbook(io.BytesIO(content))
    lines = {line[0]: line[1] for line in book.get_sheet_by_name("Summary").to_python()}
    moved = rows_of_a_book(content)
    opening, credits, debits, closing = (
        lines[name] for name in ("Opening balance", "Credits", "Debits", "Closing balance")
    )
    assert (opening, credits, debits) == (available + 200_140, 0, 200_140)
    assert opening + credits - debits == closing == available
    heads = book.get_sheet_by_name("Data 1").to_python()[0]
    assert opening + sum(row[heads.index("Amount")] for row in moved) == available


def test_a_report_of_the_deposit_on_days_without_entries_closes_with_what_was_there(scope, kopi_kita):
    factories.make_entry(kopi_kita, amount=85_000, created_at=timezone.now() - timedelta(days=9))
    days = [(timezone.now().astimezone(scope.zone) - timedelta(days=back)).date() for back in (3, 2)]
    content = build(scope, "deposit", f"date_from={days[0]}&date_to={days[1]}", "xls")
    lines = {
        line[0]: line[1]
        for line in python_calamine.load_workbook(io.BytesIO(content)).get_sheet_by_name("Summary").to_python()
    }
    assert lines["Rows"] == 0
    assert [lines[name] for name in ("Opening balance", "Credits", "Debits", "Closing balance")] == [
        85_000,
        0,
        0,
        85_000,
    ]


def test_70_000_rows_have_a_summary_and_two_data_sheets(scope, kopi_kita: Business):
    demo.fill(kopi_kita, rows=70_000)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, count(*), sum(amount), sum(fee) FROM transactions_moneytransfer"
            " WHERE business_id = %s AND mode = 'live' GROUP BY status",
            [kopi_kita.pk],
        )
        sums = {str(Status(status).label): [float(figure) for figure in figures] for status, *figures in cursor}
        cursor.execute("SELECT id::text FROM transactions_moneytransfer ORDER BY created_at DESC, id DESC")
        ids = [pk for (pk,) in cursor]
    for format in ("xls", "xlsx"):
        book = python_calamine.load_workbook(io.BytesIO(build(scope, "money-transfers", "", format)))
        assert book.sheet_names == ["Summary", "Data 1", "Data 2"]
        data = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names[1:]]
        assert [len(sheet) for sheet in data] == [65_536, 70_000 - 65_535 + 1]
        assert data[0][0] == data[1][0]
        assert [row[0] for sheet in data for row in sheet[1:]] == ids
        lines = {line[0]: line[1:4] for line in book.get_sheet_by_name("Summary").to_python()}
        assert {status: lines[status] for status in sums} == sums
        assert lines["Rows"][0] == 70_000
    assert [row[0] for row in rows_of_a_csv(build(scope, "money-transfers", "", "csv"))] == ids
