"""What the database itself refuses, whatever the code does (trust: W2, W3)."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.db.utils import DatabaseError, ProgrammingError
from django.utils import timezone, translation

from flipdash import rls, world
from flipdash.actors import SYSTEM
from flipdash.states import MoveRefused, check_move, states_of
from tests.factories import make_batch, make_international, make_link, make_payment, make_transfer
from transactions.models import (
    Corridor,
    InternationalEvent,
    InternationalTransfer,
    MoneyTransfer,
    Payment,
    PaymentEvent,
    Quote,
    TransferEvent,
)
from transactions.models.international import WITHOUT_DECIMALS

pytestmark = pytest.mark.django_db
NEW_YEAR = datetime(2027, 1, 1, 2, tzinfo=UTC)
MAKERS = {MoneyTransfer: make_transfer, InternationalTransfer: make_international, Payment: make_payment}
MOVES = [(model, was, to) for model in MAKERS for was, to in itertools.permutations(states_of(model), 2)]


@pytest.fixture(params=MAKERS, ids=lambda model: model._meta.model_name)
def model(request):
    return request.param


@pytest.fixture
def make(model):
    return MAKERS[model]


@pytest.mark.parametrize(("model", "was", "to"), MOVES)
def test_code_and_database_allow_the_same_moves(kopi_kita, model, was, to):
    row = MAKERS[model](kopi_kita, status=was)
    rows = model.objects.filter(pk=row.pk)
    new = {"status": to, **({"paid_at": None} if model is Payment else {})}
    if to in states_of(model).moves()[was]:
        check_move(row, to)
        if model is not Payment:
            rows.update(disputed_at=Now())  # what has ended moves only so
        assert rows.update(**new) == 1
    else:
        with pytest.raises(MoveRefused):
            check_move(row, to)
        with pytest.raises(IntegrityError, match="can't move"), transaction.atomic():
            rows.update(**new)


APPROVED = {
    "amount": (99_000, 99_001),
    "fee": (9_900, 9_901),
    "account_number": ("0099", "00991"),
    "beneficiary_name": ("Siti", "Sita"),
    "send_at": (NEW_YEAR, NEW_YEAR + timedelta(days=1)),
}


@pytest.mark.parametrize(("field", "values"), APPROVED.items())
@pytest.mark.parametrize("make", [make_transfer, make_international])
def test_what_was_approved_stays_as_it_was(kopi_kita, make, field, values):
    """trust: M3. While it waits it may change, and is asked again."""
    value, other = values
    waiting = make(kopi_kita, status="pending_approval")
    assert type(waiting).objects.filter(pk=waiting.pk).update(**{field: value}) == 1
    for status in ("scheduled", "processing", "successful", "failed", "cancelled"):
        row = make(kopi_kita, status=status)
        with pytest.raises(IntegrityError, match="is past pending_approval"), transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(**{field: value})
    with pytest.raises(IntegrityError, match="is past pending_approval"), transaction.atomic():
        type(waiting).objects.filter(pk=waiting.pk).update(status="processing", **{field: other})


def test_settled_money_stays_settled(kopi_kita):
    payment = make_payment(kopi_kita, settlement_status="settled")
    with pytest.raises(IntegrityError, match="can't move"), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(settlement_status="pending", settled_at=None, settled_amount=None)


def test_a_timeline_is_never_changed(kopi_kita, make):
    row = make(kopi_kita, events=True)
    event = row.events.get()
    for act in (lambda: row.events.update(by_name="x"), lambda: row.events.all()._raw_delete("default")):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            act()
    with pytest.raises(IntegrityError), transaction.atomic():
        event.save()


@pytest.mark.parametrize(
    "trigger",
    ["transferevent_append_only", "internationalevent_append_only", "paymentevent_append_only", "quote_stays"],
)
def test_what_is_append_only_is_not_even_changed_by_the_owner(trigger):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname = %s AND tgenabled = 'O'", [trigger])
        assert cursor.fetchone() == (1,)


@pytest.fixture(params=["business", "mode"])
def elsewhere(request, kopi_kita, toko_sebelah):
    """Another business, or the other mode."""
    return {"business": toko_sebelah} if request.param == "business" else {"business": kopi_kita, "mode": "test"}


def make_quote(business, mode="live") -> Quote:
    """The quote of what make_international makes."""
    with rls.inside_of(business.pk, mode):
        return Quote.objects.create(
            business=business,
            mode=mode,
            corridor=Corridor.objects.get(country="SG"),
            amount=12_345_679,
            rate=Decimal("12345.6789"),
            fee=75_000,
            amount_received=1_000,
            expires_at=timezone.now() + timedelta(minutes=15),
        )


@pytest.mark.parametrize(
    ("make_target", "make_row", "field"),
    [
        (make_batch, make_transfer, "batch"),
        (make_quote, make_international, "quote"),
        (make_link, make_payment, "link"),
    ],
)
def test_a_reference_across_businesses_or_modes_is_refused(kopi_kita, elsewhere, make_target, make_row, field):
    target = make_target(**elsewhere)
    with pytest.raises(IntegrityError, match=f"{field}_tenant"), transaction.atomic():
        make_row(kopi_kita, **{field: target})
        check_deferred()


@pytest.mark.parametrize(
    ("event", "make_row", "field"),
    [
        (TransferEvent, make_transfer, "transfer"),
        (InternationalEvent, make_international, "transfer"),
        (PaymentEvent, make_payment, "payment"),
    ],
)
def test_a_line_in_anothers_timeline_is_refused(kopi_kita, elsewhere, event, make_row, field):
    foreign = make_row(**elsewhere)
    with pytest.raises(IntegrityError, match=f"{field}_tenant"), transaction.atomic():
        event.objects.create(
            business=kopi_kita, mode="live", kind="created", **{field: foreign}, **SYSTEM.columns("by")
        )
        check_deferred()


def check_deferred():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    ("make_row", "wrong"),
    [
        *((make_row, wrong) for make_row in MAKERS.values() for wrong in (
            {"amount": 0}, {"amount": -5}, {"fee": -1}, {"status": "gone"}, {"mode": "fake"},
        )),
        (make_transfer, {"destination_kind": "moon"}),
        (make_international, {"currency": "sgd"}),
        (make_international, {"country": "SGP"}),
        (make_international, {"amount_received": Decimal(0)}),
        (make_international, {"amount_received": Decimal("98000.5"), "currency": "JPY"}),
        (make_international, {"rate": Decimal(-1)}),
        (make_international, {"purpose": "mischief"}),
        (make_international, {"status": "failed", "returned_at": timezone.now()}),
        (make_payment, {"channel_kind": "cash"}),
        (make_payment, {"settlement_status": "half"}),
        (make_payment, {"settlement_status": "settled", "settled_amount": None}),
        (make_payment, {"settlement_status": "settled", "settled_at": None}),
        (make_payment, {"settlement_status": "settled", "settled_amount": 150_001}),
        (make_payment, {"settlement_status": "pending", "settled_amount": 1}),
        (make_payment, {"settlement_status": "settled", "status": "failed"}),
        (make_payment, {"status": "failed", "paid_at": timezone.now()}),
        (make_payment, {"paid_at": timezone.now() - timedelta(days=900)}),
    ],
)  # fmt: skip
def test_impossible_rows_are_refused(kopi_kita, make_row, wrong):
    with pytest.raises(DatabaseError), transaction.atomic():
        make_row(kopi_kita, **wrong)


@pytest.mark.parametrize("make_row", [make_transfer, make_international])
def test_completed_is_never_before_created(kopi_kita, make_row):
    row = make_row(kopi_kita)
    with pytest.raises(IntegrityError), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(completed_at=row.created_at.replace(year=2000))


def test_identity_never_changes(kopi_kita, toko_sebelah, model, make):
    row = make(kopi_kita)
    for change in ({"business": toko_sebelah}, {"mode": "test"}, {"created_at": row.created_at.replace(year=2000)}):
        with pytest.raises(IntegrityError, match="identity"), transaction.atomic():
            model.objects.filter(pk=row.pk).update(**change)


def test_a_quote_never_changes_and_is_used_once(kopi_kita):
    quote = make_quote(kopi_kita)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        Quote.objects.filter(pk=quote.pk).update(rate=1)
    make_international(kopi_kita, quote=quote)
    with pytest.raises(IntegrityError, match="quote_once"), transaction.atomic():
        make_international(kopi_kita, quote=quote)


def test_a_links_name_is_long_and_random(kopi_kita):
    slugs = {make_link(kopi_kita).slug for _n in range(20)}
    assert len(slugs) == 20
    assert min(map(len, slugs)) >= 22
    with pytest.raises(IntegrityError, match="slug_is_long"), transaction.atomic():
        make_link(kopi_kita, slug="guess-me")


def test_the_countries_that_can_be_paid_are_there_and_have_names():
    assert Corridor.objects.filter(is_active=True).count() == 51
    with translation.override("id"):
        assert str(Corridor.objects.get(country="KR")) == "Korea Selatan (KRW)"
    currencies = Corridor.objects.values_list("currency", flat=True)
    assert {c for c in currencies if world.decimals_of(c) == 0} == set(WITHOUT_DECIMALS)
    assert {world.decimals_of(c) for c in currencies} == {0, 2}


def test_the_app_role_owns_nothing_and_deletes_no_transaction(kopi_kita, model, make):
    make(kopi_kita)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, (SELECT count(*) FROM pg_tables WHERE tableowner = current_user)")
        assert cursor.fetchone() == ("flipdash_app", 0)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        model.objects.all()._raw_delete("default")


def test_the_app_role_reads_no_key_and_opens_no_corridor():
    for forbidden in ("SELECT key FROM transaction_number_key", "UPDATE transactions_corridor SET is_active = true"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(forbidden)


def test_ids_have_19_digits_in_order_of_time_and_hide_the_count(kopi_kita):
    ids = [make_transfer(kopi_kita).pk for _n in range(50)]
    assert {len(str(pk)) for pk in ids} == {19}
    assert len(set(ids)) == 50
    steps = {abs(b - a) % 10_000_000 for a, b in itertools.pairwise(ids)}
    assert steps != {1}
    assert len(steps) > 40


def test_the_scramble_is_a_permutation():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_function_privilege(current_user, 'scramble_transaction_number(bigint, bigint)', 'execute')"
        )
        assert cursor.fetchone() == (False,)
        cursor.execute(
            "SELECT count(DISTINCT next_transaction_id('2026-11-20 00:00+00')) FROM generate_series(1, 20000)"
        )
        assert cursor.fetchone() == (20_000,)
