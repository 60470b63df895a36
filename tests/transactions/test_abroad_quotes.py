"""Quotes: how many are asked for and kept, whose they are, and which one a transfer was made at (trust: Q1, M3)."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.permissions import Role
from flipdash import rls
from tests import factories
from tests.transactions.abroad import begin, finish, text_of
from tests.transactions.sending import fund
from transactions import rails
from transactions.international import quotes, services
from transactions.models import Corridor, InternationalTransfer, Quote
from transactions.outgoing.refusals import MayBeTwice, QuoteOver
from transactions.rails import simulated_quotes
from transactions.rails.simulator import Simulator

pytestmark = [
    pytest.mark.django_db(databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]


@pytest.fixture(autouse=True)
def inside(kopi_kita):
    fund(kopi_kita, 100_000_000, mode="live")
    with rls.inside_of(kopi_kita.pk, "live"):
        yield


def asked_by(member, amount=100):
    wanted = quotes.Wanted(Corridor.objects.get(country="GB"), "B2B", "received", Decimal(amount))
    return quotes.ask(member.scope("live"), wanted)


def of_age(quote, age, **changes):
    """Return the same quote as one that was asked for so long ago."""
    values = {field.attname: getattr(quote, field.attname) for field in Quote._meta.concrete_fields}
    at = timezone.now() - age
    return Quote.objects.create(
        **values | {"id": None, "created_at": at, "expires_at": at + timedelta(seconds=90)} | changes
    )


def test_a_day_has_a_limit_too(admin, monkeypatch):
    monkeypatch.setattr(quotes, "MOST_A_DAY", 2)
    for _n in range(2):
        asked_by(admin)
    with pytest.raises(quotes.NoQuote, match="within a day"):
        asked_by(admin)
    assert Quote.objects.count() == 2


def test_without_the_cache_those_that_are_kept_are_counted(admin, monkeypatch):
    monkeypatch.setattr(quotes, "MOST_A_DAY", 2)
    monkeypatch.setattr(quotes.cache, "incr", lambda key: 1)
    for _n in range(2):
        asked_by(admin)
    with pytest.raises(quotes.NoQuote, match="within a day"):
        asked_by(admin)


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_quotes_of_which_nothing_was_made_are_forgotten_and_no_others(admin, kopi_kita):
    long_ago = quotes.KEPT_FOR + timedelta(hours=1)
    new = asked_by(admin)
    used, seen, unused = (of_age(new, long_ago, amount=new.amount + n) for n in range(3))
    renewed = of_age(new, quotes.KEPT_FOR - timedelta(hours=1), renews_id=seen.pk)
    row = factories.make_international(
        kopi_kita,
        **{name: getattr(used, name) for name in ("amount", "rate", "fee", "amount_received")},
        **{"country": "GB", "currency": "GBP", "status": "pending_approval", "transfer_kind": "B2B", "quote": used},
        created_at=used.created_at,
    )
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Quote.objects.filter(pk=unused.pk)._raw_delete("default")
    assert quotes.forget_unused() == 1
    assert set(Quote.objects.values_list("pk", flat=True)) == {new.pk, used.pk, seen.pk, renewed.pk}
    assert quotes.forget_unused() == 0
    assert row.quote_id == used.pk


@dataclass
class OtherRail(Simulator):
    name: str = "other"


def test_a_quote_is_of_the_rail_that_gave_it(admin, client_of, kopi_kita, monkeypatch):
    maker, approver = (factories.make_member(kopi_kita, role) for role in (Role.MAKER, Role.APPROVER))
    web = client_of(maker)
    finish(web, "GB B2B", begin(web, "GB B2B"))
    page = begin(web, "DE B2B")
    row = InternationalTransfer.objects.get()
    monkeypatch.setattr(rails, "serving", lambda mode: OtherRail())
    assert "That quote" not in text_of(finish(web, "DE B2B", page)), "another one is asked for, and shown"
    assert InternationalTransfer.objects.count() == 1
    url, approving = f"/international-transfers/{row.pk}/approval/", client_of(approver)
    assert "The quote has run out" in text_of(approving.get(url))
    scope = approver.scope("live")
    with rls.inside(scope):
        with pytest.raises(QuoteOver):
            services.INTERNATIONAL.ready([row])
        assert services.requote(scope, row.pk).quote.rail == "other"
    row.refresh_from_db()
    services.INTERNATIONAL.ready([row])


def test_however_often_it_was_asked_for_the_rate_is_compared_with_that_of_its_maker(
    admin, client_of, kopi_kita, monkeypatch, django_assert_num_queries
):
    maker, approver = (factories.make_member(kopi_kita, role) for role in (Role.MAKER, Role.APPROVER))
    web = client_of(maker)
    finish(web, "GB B2B", begin(web, "GB B2B"))
    row = InternationalTransfer.objects.get()
    made_at, scope = row.quote, approver.scope("live")
    for rate in ("21555.5000", "21666.5000"):
        monkeypatch.setattr(simulated_quotes, "rate_at", lambda currency, moment, rate=rate: Decimal(rate))
        monkeypatch.setattr(quotes, "seconds_left", lambda quote: 0)
        with rls.inside(scope):
            services.requote(scope, row.pk)
    monkeypatch.undo()
    row.refresh_from_db()
    quote = services.quote_of(scope, row)
    with django_assert_num_queries(0):
        assert quotes.seen_before(quote, row.created_at) == made_at
    said = text_of(client_of(approver).get(f"/international-transfers/{row.pk}/approval/"))
    assert "is 1 GBP = Rp21,666.5000 now" in said
    assert "21,555.5" not in said


def test_a_quote_that_was_used_in_this_moment_says_by_what(web, monkeypatch):
    page = begin(web, "GB B2B")
    finish(web, "GB B2B", page)
    row = InternationalTransfer.objects.get()
    again = begin(web, "GB B2B", is_sure="on")

    def is_over(*_args, **_more):
        raise QuoteOver

    monkeypatch.setattr(quotes, "holds", lambda scope, pk: True)
    monkeypatch.setattr(services, "create", is_over)
    said = finish(web, "GB B2B", again, quote=row.quote_id)
    assert "That quote was used already" in text_of(said)
    assert f"/international-transfers/{row.pk}/" in said.content.decode()


def test_a_duplicate_that_came_and_went_is_said(web, monkeypatch):
    page = begin(web, "GB B2B")

    def is_twice(*_args, **_more):
        raise MayBeTwice

    monkeypatch.setattr(services, "create", is_twice)
    said = finish(web, "GB B2B", page)
    assert "has just changed. Send it once more" in text_of(said)
    assert 'value="0123 4567"' in said.content.decode(), "what was typed stays"
