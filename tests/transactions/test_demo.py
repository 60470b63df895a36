"""The demo: its people, its history, and how a business is filled to any size."""

from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts import demo as people
from accounts.models import Business, Member, User
from accounts.permissions import Role
from flipdash import clock, world
from flipdash.mode import Mode
from flipdash.states import states_of
from transactions import demo
from transactions.corridors import CORRIDORS
from transactions.demo.pouring import values
from transactions.international.codes import CLEAN, clean_account, clean_iban
from transactions.models import Corridor, InternationalTransfer, MoneyTransfer, Payment, Status

KOPI_KITA = demo.HISTORIES[0]
OF_EACH_KIND = {Payment: demo.payments.HISTORIES}


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


def test_the_plan_is_the_same_on_every_run_and_as_large_as_it_says(db):
    people.make_people()
    for history in demo.HISTORIES:
        business = Business.objects.get(slug=history.slug)
        rows = demo.plan(history, business)
        assert [values(row) for row in rows] == [values(row) for row in demo.plan(history, business)]
        assert len({row.created_at for row in rows}) == len(rows) == history.total
        assert all(row.created_at < clock.now() for row in rows)


def test_the_plan_has_batches_that_are_whole_and_what_is_open_is_new(db):
    people.make_people()
    rows = demo.plan(KOPI_KITA, Business.objects.get(slug=KOPI_KITA.slug))
    batches = {}
    for row in rows:
        batches.setdefault(row.batch_name, []).append(row)
    payrolls = [some for name, some in batches.items() if name and name.startswith("Payroll")]
    assert 12 <= len(payrolls) <= 14
    for some in payrolls:
        assert 40 <= len(some) <= 120
        assert len({(row.maker, row.batch_at, row.approver, row.approved_at) for row in some}) == 1
    is_open = {Status.PENDING_APPROVAL, Status.PROCESSING, Status.SCHEDULED}
    assert {row.status for row in rows} == set(Status)
    assert is_open <= {row.status for row in [one for one in rows if not one.batch_name][:60]}
    assert not [row for row in rows if row.status in is_open and row.created_at < clock.now() - timedelta(days=1)]


def test_the_modes_and_the_neighbour_have_their_own(db, monkeypatch):
    done = []
    monkeypatch.setattr(demo.year, "write", done.append)  # it commits: see test_demo_deposit.py
    monkeypatch.setattr(demo.today, "write", lambda: done.append("today"))
    call_command("seed")

    assert done == [*demo.HISTORIES, "today"]
    for model, plans in OF_EACH_KIND.items():
        made = Counter(model.objects.values_list("business__slug", "mode"))
        assert made == {(history.slug, history.mode): history.total for history in plans}


def test_the_demo_is_as_large_as_the_design_says():
    """design.md §11, and what issue 3 asks for in Test Mode and for the neighbour."""
    every_kind = {MoneyTransfer: demo.HISTORIES, InternationalTransfer: demo.international.HISTORIES, **OF_EACH_KIND}
    totals = {model: {(h.slug, h.mode): h.total for h in plans} for model, plans in every_kind.items()}
    for model, least in ((MoneyTransfer, 5_000), (InternationalTransfer, 500), (Payment, 3_000)):
        assert totals[model]["kopi-kita", "live"] >= least
        assert totals[model]["kopi-kita", "test"] >= 100
        assert totals[model]["toko-sebelah", "live"] >= 20


@pytest.mark.parametrize("kind", [demo.payments], ids=["payments"])
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
    # Whether one is still pending depends on the hour.
    assert set(rows.values_list("status", flat=True)) | {"pending"} == set(states_of(model))
    for row in rows.prefetch_related("events")[:300]:
        events = sorted(row.events.all(), key=lambda event: (event.at, event.pk))
        assert (events[0].kind, events[0].at) == ("created", row.created_at)
        assert max(event.at for event in events) <= clock.now()
        assert row.is_successful == any(event.kind == "successful" for event in events)
        assert str(row.pk)[:12] == f"{row.created_at:%y%m%d%H%M%S}"


def test_abroad_each_says_what_its_corridor_asks_for(db):
    """By the rules of the form: no fields but the corridor's, each as it is kept; whoever is paid again is the same."""
    people.make_people()
    history = demo.international.HISTORIES[0]
    business = Business.objects.get(slug=history.slug)
    rows = demo.international.plan(history, business)
    assert rows == demo.international.plan(history, business)
    assert len({row.created_at for row in rows}) == len(rows) == history.total
    corridors = {corridor.country: corridor for corridor in Corridor.objects.all()}
    by = business.members.first().scope("live")
    accounts = {}
    for row in rows:
        made = demo.international.made(row, by, corridors, None, "simulator")
        draft, rules = made.draft, CORRIDORS[row.place.country]
        asked = {one.name: one for one in rules.asked(row.kind)}
        assert row.kind in rules.kinds
        assert not rules.with_attachment & {row.kind}
        assert set(draft.details) == {name for name, one in asked.items() if one.is_required}
        for name, value in draft.details.items():
            assert CLEAN.get(name, lambda rules, value: value)(rules, value) == value
        judge = clean_iban if rules.has_iban else clean_account
        assert judge(rules, draft.account_number) == draft.account_number
        assert rules.minimum <= made.received <= rules.maximum
        assert made.received == world.in_currency(made.received, rules.currency)
        assert 0 <= row.amount - made.received * made.rate < made.rate
        place = draft.account_number, draft.beneficiary_bank, draft.details.get("sort_code")
        assert accounts.setdefault((row.place.country, draft.beneficiary_name), place) == place


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
