"""The demo: its people, its history, and how a business is filled to any size."""

from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts import demo as people
from accounts.models import Business, Member, User
from accounts.permissions import Permission, Role
from flipdash import clock
from flipdash.mode import Mode
from flipdash.states import states_of
from transactions import demo
from transactions.models import InternationalTransfer, MoneyTransfer, Payment, Status, TransferBatch, TransferEvent

KOPI_KITA = demo.HISTORIES[0]
OF_EACH_KIND = {
    MoneyTransfer: demo.HISTORIES,
    InternationalTransfer: demo.international.HISTORIES,
    Payment: demo.payments.HISTORIES,
}

ENDS = {
    Status.PENDING_APPROVAL: {"created"},
    Status.SCHEDULED: {"approved"},
    Status.PROCESSING: {"approved", "sent", "created"},
    Status.SUCCESSFUL: {"successful", "returned"},
    Status.FAILED: {"failed"},
    Status.CANCELLED: {"cancelled", "rejected"},
}


@pytest.fixture
def history(db):
    """The people, and the newest part of the history of Kopi Kita."""
    people.make_people()
    demo.write(KOPI_KITA, newest=KOPI_KITA.small)
    return MoneyTransfer.objects.filter(business__slug=KOPI_KITA.slug)


def counts():
    return [model.objects.count() for model in (Business, Member, MoneyTransfer, TransferEvent, TransferBatch)]


def test_every_role_has_a_person_who_signs_in_with_the_demo_password(db):
    people.make_people()

    members = Member.objects.filter(business__slug="kopi-kita")
    assert {member.role for member in members} == set(Role)
    assert User.objects.get(email="deposit-admin@kopikita.test").check_password(people.DEMO_PASSWORD)
    assert Member.objects.filter(business__slug="toko-sebelah").exists()


def test_a_changed_password_stays(db):
    people.make_people()
    maker = User.objects.get(email="maker@kopikita.test")
    maker.set_password("mine alone")
    maker.save()

    people.make_people()

    maker.refresh_from_db()
    assert maker.check_password("mine alone")


def test_the_same_part_again_adds_nothing(history):
    before = counts()

    people.make_people()
    demo.write(KOPI_KITA, newest=KOPI_KITA.small)

    assert counts() == before
    assert history.count() == KOPI_KITA.small


def test_the_small_part_and_the_rest_are_the_whole(history):
    demo.write(KOPI_KITA)
    demo.write(KOPI_KITA)

    assert history.count() == history.values("created_at").distinct().count() == KOPI_KITA.total


def test_all_states_are_present_and_open_ones_are_new(history):
    is_open = {Status.PENDING_APPROVAL, Status.PROCESSING, Status.SCHEDULED}
    assert set(history.values_list("status", flat=True)) == set(Status)
    newest = history.order_by("-created_at").values_list("status", flat=True)[:60]
    assert is_open <= set(newest)
    assert not history.filter(status__in=is_open, created_at__lt=clock.now() - timedelta(days=1)).exists()


def test_each_timeline_starts_with_created_and_agrees_with_the_state(history):
    for transfer in history.prefetch_related("events"):
        events = sorted(transfer.events.all(), key=lambda event: (event.at, event.pk))
        assert events[0].kind == "created"
        assert events[0].at == transfer.created_at
        assert events[-1].kind in ENDS[transfer.status], transfer.status
        assert [event.at for event in events] == sorted({event.at for event in events})
        assert max(event.at for event in events) <= clock.now()
        assert (transfer.completed_at is not None) == (transfer.status == Status.SUCCESSFUL)
        assert (transfer.returned_at is not None) == (events[-1].kind == "returned")


def test_makers_may_create_and_another_person_approved(history):
    allowed = {member.actor: member.permissions for member in Member.objects.filter(business__slug="kopi-kita")}
    for transfer in history:
        if transfer.via != "api":
            assert Permission.CREATE_TRANSACTIONS in allowed[transfer.maker]
        if transfer.approver:
            assert Permission.APPROVE_TRANSACTIONS in allowed[transfer.approver]
            assert transfer.approver != transfer.maker


def test_what_programs_created_has_an_idempotency_key_and_nothing_else(history):
    by_programs = history.filter(via="api")
    keys = set(by_programs.values_list("idempotency_key", flat=True))
    assert len(keys) == by_programs.count() > 50
    assert set(history.exclude(via="api").values_list("idempotency_key", flat=True)) == {""}


def test_an_id_begins_with_the_time_of_the_transfer(history):
    for transfer in history[:50]:
        assert str(transfer.pk)[:12] == f"{transfer.created_at:%y%m%d%H%M%S}"


def test_a_batch_of_the_payroll_is_whole_after_both_parts(history):
    demo.write(KOPI_KITA)

    batches = TransferBatch.objects.filter(name__startswith="Payroll")
    assert 12 <= batches.count() <= 14
    assert len(set(batches.values_list("name", flat=True))) == batches.count()
    assert all(40 <= batch.transfers.count() <= 120 for batch in batches)


def test_the_modes_and_the_neighbour_have_their_own(db, monkeypatch):
    monkeypatch.setattr(demo.deposit, "write", lambda history: 0)  # it commits: see test_demo_deposit.py
    call_command("seed")

    for model, plans in OF_EACH_KIND.items():
        made = Counter(model.objects.values_list("business__slug", "mode"))
        assert made == {(history.slug, history.mode): history.total for history in plans}


def test_the_demo_is_as_large_as_the_design_says():
    """design.md §11, and what issue 3 asks for in Test Mode and for the neighbour."""
    totals = {model: {(h.slug, h.mode): h.total for h in plans} for model, plans in OF_EACH_KIND.items()}
    for model, least in ((MoneyTransfer, 5_000), (InternationalTransfer, 500), (Payment, 3_000)):
        assert totals[model]["kopi-kita", "live"] >= least
        assert totals[model]["kopi-kita", "test"] >= 100
        assert totals[model]["toko-sebelah", "live"] >= 20


@pytest.mark.parametrize("kind", [demo.international, demo.payments], ids=["international", "payments"])
def test_other_kinds_are_the_same_on_every_run_and_believable(db, kind):
    people.make_people()
    kopi_kita, model = kind.HISTORIES[0], kind.TABLES.model
    kind.write(kopi_kita, newest=kopi_kita.small)
    before = set(model.objects.values_list("created_at", "amount", "status"))
    kind.write(kopi_kita, newest=kopi_kita.small)
    kind.write(kopi_kita)
    kind.write(kopi_kita)

    rows = model.objects.all()
    assert before <= set(rows.values_list("created_at", "amount", "status"))
    assert rows.count() == rows.values("created_at").distinct().count() == kopi_kita.total
    assert set(rows.values_list("status", flat=True)) == set(states_of(model))
    for row in rows.prefetch_related("events")[:300]:
        events = sorted(row.events.all(), key=lambda event: (event.at, event.pk))
        assert (events[0].kind, events[0].at) == ("created", row.created_at)
        assert max(event.at for event in events) <= clock.now()
        assert row.is_successful == any(event.kind == "successful" for event in events)
        assert str(row.pk)[:12] == f"{row.created_at:%y%m%d%H%M%S}"


def test_abroad_the_amounts_agree_with_their_rate_and_their_quote(db):
    people.make_people()
    demo.international.write(demo.international.HISTORIES[0])

    for transfer in InternationalTransfer.objects.select_related("quote__corridor"):
        assert abs(transfer.amount / transfer.rate - transfer.amount_received) < 1
        if transfer.via == "dashboard":
            assert transfer.quote.amount_received == transfer.amount_received
            assert transfer.quote.created_at < transfer.created_at < transfer.quote.expires_at
            assert transfer.quote.corridor.currency == transfer.currency


def test_rows_fills_a_business_to_exactly_that_many(db):
    for rows in (150, 150, 200, 100):
        call_command("seed", rows=rows, business="warung-baru", stdout=StringIO())

    filled = MoneyTransfer.objects.filter(business__slug="warung-baru", mode=Mode.LIVE)
    assert filled.count() == 200
    assert filled.filter(created_at__gt=clock.now()).count() == 0


def test_an_unknown_business_is_named(db):
    with pytest.raises(CommandError, match="nobody"):
        call_command("seed", business="nobody")


@pytest.mark.parametrize("command", ["seed", "bootstrap", "demo_people"])
def test_production_is_refused(db, settings, command):
    settings.LOCAL = settings.TESTING = False

    with pytest.raises(CommandError, match="development"):
        call_command(command)
    assert not User.objects.exists()


def test_demo_people_are_printed_with_the_word_password_before_theirs():
    out = StringIO()

    call_command("demo_people", stdout=out)

    (line,) = [line for line in out.getvalue().splitlines() if "customer-service@kopikita.test" in line]
    assert line.split() == [
        "Customer",
        "Service",
        "customer-service@kopikita.test",
        "Password:",
        people.DEMO_PASSWORD,
    ]
