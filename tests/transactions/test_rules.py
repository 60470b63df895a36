"""What the database itself refuses, whatever the code does (trust: W2, W3)."""

import itertools

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError, ProgrammingError

from tests.factories import make_batch, make_transfer
from transactions.models import MOVES, MoneyTransfer, Status, TransferEvent

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("was", "to"), list(itertools.permutations(Status, 2)))
def test_code_and_database_allow_the_same_moves(kopi_kita, was, to):
    transfer = make_transfer(kopi_kita, status=was)
    rows = MoneyTransfer.objects.filter(pk=transfer.pk)
    if to in MOVES[was]:
        transfer.check_may_move(to)
        assert rows.update(status=to) == 1
    else:
        with pytest.raises(ValidationError):
            transfer.check_may_move(to)
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(status=to)


def test_a_timeline_is_never_changed(kopi_kita):
    transfer = make_transfer(kopi_kita, events=True)
    event = transfer.events.get()
    for act in (lambda: transfer.events.update(by="x"), lambda: transfer.events.all()._raw_delete("default")):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            act()
    with pytest.raises(IntegrityError), transaction.atomic():
        event.save()


def test_a_timeline_is_not_even_changed_by_the_owner(django_db_blocker, kopi_kita):
    make_transfer(kopi_kita, events=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname = 'transferevent_append_only' AND tgenabled = 'O'")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("other", ["business", "mode"])
def test_a_reference_across_businesses_or_modes_is_refused(kopi_kita, toko_sebelah, other):
    batch = make_batch(toko_sebelah) if other == "business" else make_batch(kopi_kita, mode="test")
    with pytest.raises(IntegrityError, match="moneytransfer_batch_tenant"), transaction.atomic():
        make_transfer(kopi_kita, batch=batch)
        check_deferred()
    foreign = make_transfer(batch.business, mode=batch.mode)
    with pytest.raises(IntegrityError, match="transferevent_transfer_tenant"), transaction.atomic():
        TransferEvent.objects.create(business=kopi_kita, mode="live", transfer=foreign, kind="created")
        check_deferred()


def check_deferred():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    "wrong",
    [{"amount": 0}, {"amount": -5}, {"fee": -1}, {"status": "gone"}, {"destination_kind": "moon"}, {"mode": "fake"}],
)
def test_impossible_rows_are_refused(kopi_kita, wrong):
    with pytest.raises(DatabaseError), transaction.atomic():
        make_transfer(kopi_kita, **wrong)


def test_completed_is_never_before_created(kopi_kita):
    transfer = make_transfer(kopi_kita)
    with pytest.raises(IntegrityError), transaction.atomic():
        MoneyTransfer.objects.filter(pk=transfer.pk).update(completed_at=transfer.created_at.replace(year=2000))


def test_identity_never_changes(kopi_kita, toko_sebelah):
    transfer = make_transfer(kopi_kita)
    for change in (
        {"business": toko_sebelah},
        {"mode": "test"},
        {"created_at": transfer.created_at.replace(year=2000)},
    ):
        with pytest.raises(IntegrityError, match="identity"), transaction.atomic():
            MoneyTransfer.objects.filter(pk=transfer.pk).update(**change)


def test_the_app_role_owns_nothing_and_deletes_no_transfer(kopi_kita):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, (SELECT count(*) FROM pg_tables WHERE tableowner = current_user)")
        assert cursor.fetchone() == ("flipdash_app", 0)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        MoneyTransfer.objects.all()._raw_delete("default")
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT key FROM transaction_number_key")


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
