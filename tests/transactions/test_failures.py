"""Failure Reason: its words, its column, its filter, and what the database holds it to."""

from datetime import UTC, datetime
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils import translation

from flipdash import histories
from flipdash.actors import SYSTEM
from flipdash.histories.search import ChoiceWords
from tests import factories
from transactions.reasons import PAYING, SENDING, Reason
from transactions.transfers.history import MADE_HERE

REASONS = {"money-transfers": SENDING, "international-transfers": SENDING, "payments": PAYING}
STALE = {
    "money-transfers": {"completed_at"},
    "international-transfers": {"completed_at"},
    "payments": {"settlement_status", "settled_amount", "paid_at"},
}


@pytest.fixture(params=factories.MAKERS)
def name(request) -> str:
    return request.param


@pytest.fixture
def make(name, kopi_kita):
    return partial(factories.MAKERS[name], kopi_kita, status="failed")


@pytest.fixture
def shown(name, scope):
    """Return the columns of a page, by an address and by what the person chose."""

    def columns(query: str, *chosen: str) -> list[str]:
        history = histories.get(name)(scope, QueryDict(query), layout=histories.Layout(columns=chosen))
        assert history.is_valid, history.address.form.errors
        return [column.name for column in history.shown_columns]

    return columns


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_found_by_what_the_page_calls_it(reason, language):
    with translation.override(language):
        assert str(reason.label) in reason.said
    assert all(len(words.split()) <= ChoiceWords.most_words for words in reason.said)


def test_every_reason_is_one_of_some_product():
    assert {*SENDING, *PAYING} == {*Reason}


@pytest.mark.parametrize("name", REASONS)
def test_no_words_mean_two_reasons_of_one_product(name):
    said = [words.casefold() for reason in REASONS[name] for words in reason.said]
    assert len(said) == len({*said})


# --- The column ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query", ["status=failed", "status=cancelled", "status=failed&status=cancelled", "reason=other"]
)
def test_the_column_comes_beside_the_state_with_what_failed_and_takes_the_place_of_an_empty_one(shown, name, query):
    usual = shown("")
    assert "reason" not in usual
    with_reason = shown(query)
    assert with_reason[with_reason.index("status") + 1] == "reason"
    assert {*usual} - {*with_reason} == STALE[name]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query", ["status=failed&status=successful", "q=gagal kemarin", "q=cancelled", "q=alasan lain"]
)
def test_nothing_leaves_where_other_rows_may_be_on_the_page(shown, query):
    assert [column for column in shown(query) if column != "reason"] == shown("")
    assert "reason" in shown(query)


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["", "status=successful", "q=berhasil", "q=siti", "columns=amount"])
def test_it_stays_away_otherwise(shown, query):
    assert "reason" not in shown(query)


@pytest.mark.django_db
def test_it_joins_the_columns_that_a_person_chose_and_can_be_one_of_them(shown):
    assert shown("status=failed", "amount", "created_at") == ["id", "amount", "created_at", "reason"]
    assert shown("columns=amount&columns=id&status=failed") == ["amount", "id", "reason"]
    assert shown("", "reason", "amount") == ["id", "reason", "amount"]
    assert shown("status=failed", "reason", "amount") == ["id", "reason", "amount"]


@pytest.mark.django_db
def test_the_list_of_columns_has_no_tick_at_what_a_filter_brought(web, name):
    content = web.get(f"/{name}/?status=failed").content.decode()
    box = content[content.index('value="reason"') :].split(">", 1)[0]
    assert "checked" not in box
    assert 'value="amount" checked' in content


@pytest.mark.django_db
def test_a_report_has_it_last(name):
    later = ["disputed_at", *(column.name for column in MADE_HERE)]
    columns = [column.name for column in histories.get(name).columns if column.name not in later]
    assert columns[-1] == "reason"


@pytest.mark.django_db
def test_the_page_says_why(web, make, name):
    make(reason="other")
    page = web.get(f"/{name}/?status=failed").content.decode()
    assert "Failure Reason</th>" in page
    assert '<bdi title="Other reason">Other reason</bdi>' in page


# --- Finding -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_rows_are_found_by_filter_and_by_words_of_both_languages(scope, toko_sebelah, make, name):
    found = partial(factories.found, scope, name=name)
    one = REASONS[name][0]
    row, other = make(reason=one), make(reason="other")
    make()
    make(mode="test", reason=one)
    factories.MAKERS[name](toko_sebelah, status="failed", reason=one)
    assert found(f"reason={one}") == [row.pk]
    assert found(f"reason={one}&status=cancelled") == []
    for said in one.said:
        assert found(f"q={said}") == [row.pk], said
    assert found("q=Alasan Lain gagal") == [other.pk]
    assert found("q=alasan lain sukses") == []


@pytest.mark.django_db
def test_an_unknown_reason_shows_nothing_and_says_so(web, make, name):
    make(reason="other")
    content = web.get(f"/{name}/?reason=bad-luck").content.decode()
    assert "names a choice that doesn&#x27;t exist here" in content
    assert "data-href" not in content


@pytest.mark.django_db
def test_customer_service_reaches_no_older_ones_by_a_reason(customer_service, admin, make, name):
    old = make(reason="other", created_at=datetime(2020, 1, 1, tzinfo=UTC))
    for query in ("reason=other", "q=alasan lain"):
        assert factories.found(admin.scope("live"), query, name=name) == [old.pk]
        assert factories.found(customer_service.scope("live"), query, name=name) == []


# --- The row -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "reason"), [("successful", "other"), ("failed", "bad luck"), ("pending", "other")])
def test_the_database_refuses_a_reason_of_what_did_not_fail_and_an_unknown_one(make, name, status, reason):
    status = "processing" if status == "pending" and name != "payments" else status
    with pytest.raises(IntegrityError, match="_reason"), transaction.atomic():
        make(status=status, reason=reason)


@pytest.mark.django_db
def test_the_timeline_says_why_where_nobody_wrote_it(web, make, name):
    row = make(reason="other")
    for kind in ("created", "failed"):
        row.events.create(business=row.business, mode=row.mode, kind=kind, **SYSTEM.columns("by"))
    content = web.get(reverse(histories.get(name).row_url_name, args=[row.pk])).content.decode()
    assert content[content.index('class="timeline"') :].count("Other reason") == 1
