"""Which columns a history shows, and how a query that was kept is read later."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from flipdash import clock, histories
from flipdash.histories import history as machinery
from flipdash.histories import saved
from flipdash.histories.address import Address
from flipdash.histories.columns import Page, once
from tests.factories import found, history, make_batch, make_transfer
from transactions.models import TransferBatch, Via
from transactions.transfers.history import TransferHistory

pytestmark = pytest.mark.django_db
USUAL = [column.name for column in TransferHistory.columns if column.shown]


def shown(scope, query="", chosen=()) -> list[str]:
    page = settled(scope, query, columns=chosen)
    return [column.name for column in page.shown_columns]


def settled(scope, query="", **layout) -> TransferHistory:
    return TransferHistory(scope, QueryDict(query), layout=histories.Layout(**layout))


@pytest.fixture
def undeclared(monkeypatch):
    """Forget the histories that a test declares."""
    monkeypatch.setattr(machinery, "_histories", dict(machinery._histories))


def test_columns_are_named_after_their_field():
    assert [column.name for column in TransferHistory.columns[:3]] == ["id", "status", "bank"]
    assert histories.Column("Paid in", "currency", name="paid_in").name == "paid_in"


def test_every_history_names_each_column_once():
    for kind in machinery._histories.values():
        names = [column.name for column in kind.columns]
        assert len(names) == len(set(names))


def test_two_columns_of_one_name_are_refused_when_declared(undeclared):
    with pytest.raises(TypeError, match="a name of their own: amount"):
        type("Doubled", (histories.History,), {"name": "doubled", "columns": (amount(), amount())})
    type("Told", (histories.History,), {"name": "told", "columns": (amount(), amount(name="sum"))})


@pytest.mark.parametrize(
    "kind",
    [
        *(histories.Column, histories.NameColumn, histories.IdColumn, histories.AccountColumn, histories.CodeColumn),
        *(partial(histories.IdColumn, external="old"), partial(histories.KindColumn, kinds=Via, kind_field="via")),
    ],
)
def test_what_a_person_typed_is_escaped_in_the_cell_and_in_what_is_said_of_it(kind):
    typed = '<b>&"</b>'
    page = Page(date(2026, 11, 29), lambda row: "/?a=1&b=2", [histories.Column("Remark", "it")], frozenset({typed}))
    written = kind('A "label"', "it").writer(page)({"id": 7, "it": typed, "old": typed, "via": "api"})
    assert "&lt;b&gt;&amp;&quot;&lt;/b&gt;" in written
    assert "<b>" not in written
    assert '&"' not in written
    assert '"label' not in written
    assert "&b=" not in written


def test_times_of_a_page_read_in_the_language_and_the_zone_of_the_page():
    column = histories.DateTimeColumn("Completed Date", "it", after="before")
    at = datetime(2026, 11, 28, 22, 5, 9, tzinfo=UTC)
    row = {"it": at, "before": at - timedelta(hours=6)}
    with timezone.override("Asia/Makassar"), translation.override("id"):
        page = Page(date(2027, 1, 1), str)
        written = column.writer(page)(row)
        alone = replace(column, after="").writer(page)(row)
    assert written == '<time datetime="2026-11-29T06:05:09+08:00" title="29 Nov 2026, 06.05.09">06.05</time>'
    assert ">29 Nov 2026, 06.05<" in alone


def test_what_rows_share_is_written_once_for_each_combination():
    asked = []
    write = once(("a", "b"), lambda row: asked.append(row) or f"{row['a']}{row['b']}")
    assert [write({"a": a, "b": b, "c": object()}) for a, b in ("xy", "xz", "xy")] == ["xy", "xz", "xy"]
    assert len(asked) == 2


def amount(**fields):
    return histories.RupiahColumn("Amount", "amount", **fields)


def test_a_person_sees_their_columns_in_their_order(scope):
    assert shown(scope) == USUAL
    assert shown(scope, chosen=["amount", "approver_name", "id"]) == ["amount", "approver_name", "id"]


def test_the_column_that_opens_a_row_is_never_lost(scope):
    assert shown(scope, chosen=["amount"]) == ["id", "amount"]


def test_a_chosen_column_that_no_longer_exists_is_left_out(scope):
    assert shown(scope, chosen=["id", "channel", "amount"]) == ["id", "amount"]
    assert shown(scope, chosen=["channel"]) == USUAL


def test_an_address_can_name_the_columns(scope):
    assert shown(scope, "columns=amount&columns=id", chosen=["remark"]) == ["amount", "id"]
    assert history(scope, "columns=amount").address.url_with({"q": "x"}).endswith("columns=amount&q=x")


def test_an_address_with_an_unknown_column_shows_nothing_and_says_so(scope, web):
    make_transfer(scope.business)
    assert found(scope, "columns=channel") == []
    assert (
        "names a column that doesn&#x27;t exist here" in web.get("/money-transfers/?columns=channel").content.decode()
    )


def test_what_is_shown_by_choice_only_gets_a_line_of_its_own_on_a_card(scope):
    page = settled(scope, columns=["id", "amount", "approver_name"])
    assert [column.card for column in page.shown_columns] == ["hidden", "amount", "extra"]


def test_a_report_asks_for_no_columns(scope):
    assert history(scope, "columns=amount&status=failed&view=all").address.query == "status=failed"
    assert history(scope, "columns=amount&status=failed&view=all").address.whole_query == "columns=amount&status=failed"


def test_everything_has_an_address_of_its_own_for_whoever_opens_at_a_view(scope):
    usual = history(scope, "status=failed").address
    assert usual.url_with(drop=("status",)) == "/money-transfers/"
    address = settled(scope, "status=failed", opens_at_a_view=True).address
    assert address.url_with(drop=("status",)) == address.url == "/money-transfers/?view=all"
    assert history(scope, "view=all").is_valid
    assert not history(scope, "view=7").is_valid


def test_equal_queries_are_kept_as_one():
    assert saved.canonical("status=failed&via=api") == saved.canonical("via=api&status=failed")
    assert saved.canonical("status=b&status=a&status=b") == "status=a&status=b"
    assert saved.canonical("columns=b&columns=a") == "columns=b&columns=a"


def test_a_kept_query_that_is_right_loses_nothing(scope):
    query = "columns=amount&q=gayo&status=failed"
    assert saved.revive(TransferHistory, scope, query, {}) == (query, [])


@pytest.mark.parametrize(
    ("query", "left", "dropped"),
    [
        ("channel=va&status=failed", "status=failed", ["Channel"]),
        ("status=failed&status=stuck", "status=failed", ["Status: Stuck"]),
        ("bank=gone&q=gayo", "q=gayo", ["Single bank: Gone Bank"]),
        ("columns=amount&columns=old", "columns=amount", ["Column: Old one"]),
        ("columns=old", "", ["Column: Old one"]),
        ("date_from=2026-11-30&date_to=2026-11-01&via=api", "date_from=2026-11-30&via=api", ["Date: 2026-11-01"]),
        ("channel=va&bank=gone", "", ["Channel", "Single bank: Gone Bank"]),
        ("nobody=knows", "", ["nobody"]),
    ],
)
def test_a_kept_query_says_what_it_lost(scope, query, left, dropped):
    words = {
        "channel": "Channel",
        "status": "Status",
        "status=stuck": "Stuck",
        "bank": "Single bank",
        "bank=gone": "Gone Bank",
        "columns": "Column",
        "columns=old": "Old one",
        "date_to": "Date",
    }
    assert saved.revive(TransferHistory, scope, query, words) == (left, dropped)


def test_the_words_of_a_query_outlive_its_filters(scope, monkeypatch):
    batch = make_batch(scope.business, "Payroll Nov 2026")
    query = f"batch={batch.pk}&columns=fee&columns=id&status=failed&via=api&q=gayo"
    words = saved.labels(history(scope, query), query)
    gone = ("via", "status")
    monkeypatch.setattr(TransferHistory, "filters", tuple(f for f in TransferHistory.filters if f.name not in gone))
    monkeypatch.setattr(TransferHistory, "columns", tuple(c for c in TransferHistory.columns if c.name != "fee"))
    TransferBatch.objects.all().delete()
    left, dropped = saved.revive(TransferHistory, scope, query, words)
    assert left == "columns=id&q=gayo"
    assert dropped == ["Batch: Payroll Nov 2026", "Column: Fee", "Status", "Created via"]


def test_a_history_whose_very_rules_changed_still_opens(scope, monkeypatch):
    """Nothing in the query is wrong by itself, yet it is refused: all of it is dropped rather than looped over."""
    first, *rest = TransferHistory.filters
    stubborn = replace(first)
    object.__setattr__(stubborn, "problems", lambda cleaned: {"date_from": "no"} if cleaned.get("q") else {})
    monkeypatch.setattr(TransferHistory, "filters", (stubborn, *rest))
    assert saved.revive(TransferHistory, scope, "q=gayo", {"q": "Search"}) == ("", ["Search"])


@pytest.mark.parametrize("name", histories.names())
def test_an_address_that_says_nothing_is_read_as_its_form_reads_it(scope, stranger, name):
    """What is kept of it holds nothing of anybody's, whoever asked first; a page is named by a cursor."""
    for one in (stranger.scope("test"), scope):
        bare = history(one, "", name)
        assert bare.address.is_bare
        assert bare.cleaned == bare.address.form.cleaned_data
        said = {name: value for name, value in bare.cleaned.items() if value}
        assert said == bare.address.defaults
        bare.cleaned["in"].append("changed")
    assert history(scope, "", name).cleaned["in"] == []


@pytest.mark.parametrize(
    "query", ["q=a", "before=x", "before=", "view=all", "columns=id", "before=x&after=y", "date_basis=paid"]
)
def test_whatever_else_an_address_says_is_read_by_its_form(scope, query):
    asked = history(scope, query)
    is_nothing = query == "before="
    assert asked.address.is_bare == is_nothing
    assert asked.is_valid == asked.address.form.is_valid()
    assert ("form" in vars(asked.address)) or is_nothing


def test_a_page_of_an_address_that_says_nothing_else_makes_no_form(scope, kopi_kita, web, monkeypatch):
    for _more in range(60):
        make_transfer(kopi_kita)
    older = history(scope).results().older_url
    assert "before=" in older
    web.get("/money-transfers/")
    monkeypatch.setattr(Address, "form", property(lambda address: pytest.fail("made a form")))
    assert "5 transactions" not in web.get("/money-transfers/").content.decode()
    assert web.get(older).status_code == 200


def test_the_time_of_a_request_is_asked_once(web, scope, kopi_kita):
    make_transfer(kopi_kita)
    with CaptureQueriesContext(connection) as queries:
        web.get("/money-transfers/")
    assert [query["sql"] for query in queries if query["sql"] == "SELECT now()"] == []
    assert scope.now() <= clock.now()


@pytest.mark.parametrize("name", histories.names())
def test_the_head_has_the_columns_of_the_rows(scope, name):
    """It is made of their names alone, and kept: a column that nobody asked for stood there without cells."""
    declared = histories.get(name)
    for chosen in ((), (declared.columns[-1].name,)):
        page = declared(scope, QueryDict(), layout=histories.Layout(columns=chosen))
        assert declared.columns_named(page.shown_names) == page.shown_columns
