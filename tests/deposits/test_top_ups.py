"""Asking for a top-up, marking it as transferred, cancelling, expiring (trust: D1, L6)."""

import uuid
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from accounts.permissions import Role
from deposits.models import BankAccount, TopUp, TopUpEvent, TopUpStatus
from deposits.topups import services as topups
from deposits.topups.services import BankRefused, CodesUsedUp, NotWaiting, WrongAmount
from flipdash import clock, rls, states
from tests import factories
from tests.deposits.banking import again, ask, long_ago, mark

commits = pytest.mark.django_db(transaction=True, databases=["default", "operator"])
pytestmark = pytest.mark.django_db


def test_the_exact_amount_is_the_amount_and_a_code(scope):
    top_up = ask(scope, note="Modal akhir bulan")
    assert top_up.exact_amount == 5_000_000 + top_up.code
    assert 1 <= top_up.code <= 999
    assert (top_up.status, top_up.maker_name) == (TopUpStatus.WAITING, "Rina Admin")
    assert top_up.expires_at - top_up.created_at == timedelta(hours=24)
    with rls.inside(scope):
        assert [event.kind for event in top_up.events.visible_to(scope)] == ["created"]


@pytest.mark.parametrize("amount", [0, 9_000, 10_001, 1_000_001_000, -5_000_000, 5_000_500])
def test_amounts_outside_the_limits_are_refused(scope, amount):
    with pytest.raises(WrongAmount):
        ask(scope, amount)


@pytest.mark.parametrize("amount", [10_000, 1_000_000_000])
def test_the_limits_themselves_are_allowed(scope, amount):
    assert ask(scope, amount).amount == amount


@pytest.mark.parametrize("bank", ["", "xyz", "BCA", "danamon"])
def test_unknown_banks_are_refused(scope, bank):
    with pytest.raises(BankRefused):
        ask(scope, bank=bank)


@pytest.fixture
def disturbed():
    """BCA, while nothing arrives there."""
    rows = BankAccount.objects.using("operator").filter(bank="bca")
    rows.update(status="disturbed")
    yield
    rows.update(status="ok")


@commits
def test_a_disturbed_bank_is_refused(scope, disturbed):
    with pytest.raises(BankRefused, match="disturbed"):
        ask(scope)
    assert ask(scope, bank="bri").bank == "bri"


def test_the_same_form_asks_once(scope):
    """trust: L6"""
    key = uuid.uuid4()
    first = ask(scope, idempotency_key=key)
    assert ask(scope, idempotency_key=key) == first
    assert ask(scope, 7_000_000, idempotency_key=key) == first
    with rls.inside(scope):
        assert TopUp.objects.visible_to(scope).count() == 1


def in_threads(count, act):
    """Run act(number) in threads of their own, begun at the same moment; returns what each returned or raised."""
    barrier, results = Barrier(count), [None] * count

    def run(number):
        try:
            barrier.wait()
            results[number] = act(number)
        except Exception as problem:  # what went wrong is the answer
            results[number] = problem
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@commits
def test_twins_of_one_form_ask_once(scope):
    """trust: L6, also when the twin says another amount."""
    key = uuid.uuid4()
    results = in_threads(8, lambda number: ask(scope, 5_000_000 + 1_000 * (number % 3), idempotency_key=key))
    assert len({top_up.pk for top_up in results}) == 1


@commits
def test_more_at_once_than_there_are_codes_get_each_code_once(kopi_kita, toko_sebelah, settings):
    """trust: D1: one bank, one amount, many businesses; whoever finds none left is told so."""
    settings.TOP_UPS_OPEN = settings.TOP_UPS_OF_AN_AMOUNT = settings.TOP_UPS_AN_HOUR = 2_000
    businesses = [kopi_kita, toko_sebelah, *(factories.make_business(f"Bisnis {n}") for n in range(6))]
    scopes = [factories.make_member(business, Role.ADMIN).scope("live") for business in businesses]
    first = ask(scopes[0])
    others = [code for code in range(1, 1_000) if code != first.code]
    with rls.inside(scopes[0]):
        TopUp.objects.bulk_create(taken(first, code) for code in others[:900])

    def ask_six(number):
        told = []
        for turn in range(6):
            try:
                told.append(ask(scopes[(number + turn) % len(scopes)]).exact_amount)
            except CodesUsedUp as problem:
                told.append(str(problem))
        return told

    told = [one for six in in_threads(24, ask_six) for one in six]
    amounts = [one for one in told if isinstance(one, int)]
    refused = [one for one in told if isinstance(one, str)]
    assert sorted(amounts) == [5_000_000 + code for code in others[900:]]
    assert len(refused) == 144 - 98
    assert set(refused) == {"All codes for this amount and bank are in use: choose another amount or another bank."}
    # Another bank, another amount and the other mode have codes of their own.
    assert ask(scopes[0], bank="bri")
    assert ask(scopes[0], 5_001_000)
    assert ask(scopes[0].member.scope("test"))


def given_up(scope, top_up):
    with rls.inside(scope):
        topups.cancel(scope, top_up)


def test_no_business_uses_up_the_codes_of_an_amount(scope, kopi_kita, toko_sebelah, settings):
    """attack.md A1: closing one frees none before its quiet period is over."""
    settings.TOP_UPS_OF_AN_AMOUNT = 3
    asked = [ask(scope) for _each in range(3)]
    given_up(scope, asked[0])
    with pytest.raises(topups.TooMany, match="3 top-ups of this amount"):
        ask(scope)
    ask(scope, amount=2_000_000)
    ask(scope, bank="mandiri")
    ask(factories.make_member(toko_sebelah, Role.ADMIN).scope("live"))


def test_open_top_ups_of_a_business_have_a_number(scope, settings):
    settings.TOP_UPS_OPEN = 2
    first, _second = ask(scope), ask(scope, amount=2_000_000)
    with pytest.raises(topups.TooMany, match="2 open"):
        ask(scope, amount=3_000_000)
    given_up(scope, first)
    ask(scope, amount=3_000_000)


def test_top_ups_within_an_hour_have_a_number(scope, settings):
    settings.TOP_UPS_AN_HOUR = 2
    for amount in (1_000_000, 2_000_000):
        given_up(scope, ask(scope, amount=amount))
    with pytest.raises(topups.TooMany, match="within an hour"):
        ask(scope, amount=3_000_000)


@commits
def test_many_at_once_stay_within_the_share(scope, settings):
    settings.TOP_UPS_OF_AN_AMOUNT = 2

    answers = in_threads(6, lambda number: ask(scope))
    assert sum(isinstance(answer, TopUp) for answer in answers) == 2


def test_000_is_never_given_out(scope, settings):
    """Also when every other code is in use: a bare amount is nobody's."""
    settings.TOP_UPS_OPEN = settings.TOP_UPS_OF_AN_AMOUNT = settings.TOP_UPS_AN_HOUR = 2_000
    with rls.inside(scope):
        asked = ask(scope, bank="bri")
        others = [code for code in range(1, 1_000) if code != asked.code]
        TopUp.objects.bulk_create(taken(asked, code) for code in others)
        with pytest.raises(CodesUsedUp):
            ask(scope, bank="bri")


def taken(asked: TopUp, code: int) -> TopUp:
    """Another top-up of the same amount and bank, with a code of one's choice."""
    names = ("business_id", "mode", "amount", "bank", "created_at", "expires_at")
    values = {name: getattr(asked, name) for name in names} | asked.maker.columns("maker")
    return TopUp(
        **values, pk=asked.pk + code, code=code, exact_amount=asked.amount + code, idempotency_key=uuid.uuid4()
    )


@pytest.mark.parametrize("code", [0, 1_000])
def test_the_database_refuses_other_codes_than_001_to_999(scope, code):
    asked = ask(scope)
    with rls.inside(scope), pytest.raises(IntegrityError, match="topup_amounts"), transaction.atomic():
        taken(asked, code).save(force_insert=True)


def test_the_database_refuses_a_code_twice(scope):
    """trust: D1, without the function that chooses codes."""
    first = ask(scope)
    with rls.inside(scope), pytest.raises(IntegrityError, match="topup_code_once"), transaction.atomic():
        first.pk, first.idempotency_key, first._state.adding = first.pk + 1, uuid.uuid4(), True
        first.save(force_insert=True)


# --- Marking and cancelling --------------------------------------------------------------------------------------


def test_marked_once(scope):
    top_up = ask(scope)
    marked = mark(scope, top_up)
    assert marked.status == TopUpStatus.CHECKING
    with pytest.raises(NotWaiting, match="already being checked"):
        mark(scope, top_up)
    with rls.inside(scope):
        assert [event.kind for event in top_up.events.visible_to(scope).order_by("id")] == ["created", "marked"]


def test_an_atm_transfer_names_its_sender(scope):
    marked = mark(scope, ask(scope), sender_bank="Bank Jago", sender_name="Siti")
    assert (marked.is_atm, marked.sender_bank, marked.sender_name) == (True, "Bank Jago", "Siti")


@commits
def test_two_tabs_mark_and_cancel_at_once(scope):
    for _round in range(10):
        top_up = ask(scope)

        def act(number, top_up=top_up):
            with rls.inside(scope):
                return [topups.mark_transferred, topups.cancel][number % 2](scope, top_up)

        results = in_threads(4, act)
        assert sum(isinstance(result, TopUp) for result in results) == 1
        assert sum(isinstance(result, NotWaiting) for result in results) == 3


def test_after_the_deadline_nothing_is_marked_or_cancelled(scope):
    top_up = ask(scope, at=clock.now() - timedelta(hours=25))
    for act in (topups.mark_transferred, topups.cancel):
        with rls.inside(scope), pytest.raises(NotWaiting, match="expired"):
            act(scope, top_up)
    with rls.inside(scope):
        top_up.refresh_from_db()
        assert top_up.status == TopUpStatus.EXPIRED
        assert TopUpEvent.objects.visible_to(scope).filter(kind="expired").count() == 1


def test_cancelled_is_not_marked(scope):
    top_up = ask(scope)
    with rls.inside(scope):
        topups.cancel(scope, top_up)
    with pytest.raises(NotWaiting, match="cancelled"):
        mark(scope, top_up)


# --- Time --------------------------------------------------------------------------------------------------------


@commits
def test_the_sweep_expires_what_is_due(scope, stranger):
    old = ask(scope, at=clock.now() - timedelta(hours=25))
    others = ask(stranger.scope("test"), at=clock.now() - timedelta(hours=24, seconds=1))
    fresh, marked = ask(scope), ask(scope, at=clock.now() - timedelta(hours=23))
    mark(scope, marked)
    assert topups.expire_due() == 2
    assert topups.expire_due() == 0
    assert [again(t).status for t in (old, others, fresh, marked)] == ["expired", "expired", "waiting", "checking"]


@commits
def test_what_is_checked_in_vain_expires_after_the_quiet_period(scope):
    top_up = ask(scope, at=long_ago(9))
    mark(scope, top_up, at=long_ago(9) + timedelta(hours=1))
    assert topups.expire_due() == 1
    assert again(top_up).status == "expired"


@commits
def test_a_code_is_free_again_only_after_the_quiet_period(scope):
    with rls.inside(scope):
        recent = topups.cancel(scope, ask(scope))
        old = ask(scope, at=long_ago(8))
        topups.cancel(scope, old, at=long_ago(8) + timedelta(hours=1))
    assert topups.free_codes() == 1
    assert again(recent).is_code_held
    assert not again(old).is_code_held


# --- What the database refuses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["successful", "checking", "nonsense"])
def test_the_database_refuses_moves_that_the_table_lacks(scope, status):
    with rls.inside(scope):
        top_up = topups.cancel(scope, ask(scope))
        with pytest.raises(DatabaseError), transaction.atomic():
            TopUp.objects.visible_to(scope).filter(pk=top_up.pk).update(status=status)
        with pytest.raises(states.MoveRefused):
            states.step(top_up, TopUpStatus.CHECKING)


@pytest.mark.parametrize(
    "values",
    [
        {"status": "successful", "posting_id": 1, "credited_amount": 5_000_000, "settled_at": clock_now}
        for clock_now in ["2026-11-25 00:00+00"]
    ]
    + [{"exact_amount": 1}, {"bank": "bri"}, {"expires_at": "2099-01-01 00:00+00"}, {"is_code_held": False}],
)
def test_the_database_refuses_money_from_nowhere(scope, values):
    """trust §1.1: nobody becomes successful without a line and a posting; what was asked for stays."""
    with rls.inside(scope):
        top_up = ask(scope)
        with pytest.raises(DatabaseError), transaction.atomic():
            TopUp.objects.visible_to(scope).filter(pk=top_up.pk).update(**values)


def test_a_timeline_is_only_added_to(scope):
    with rls.inside(scope):
        ask(scope)
        for statement in ("UPDATE deposits_topupevent SET by_name = 'x'", "DELETE FROM deposits_topupevent"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM deposits_topup")


def test_a_forgotten_scope_shows_no_top_ups(scope, stranger):
    """trust: W4"""
    ask(stranger.scope("live"))
    ask(scope.member.scope("test"))
    assert TopUp.objects.count() == 0
    with rls.inside(scope):
        own = ask(scope)
        assert list(TopUp.objects.all()) == [own]


def test_the_app_sees_no_foreign_statement_lines_and_writes_no_accounts(scope):
    with rls.inside(scope):
        for statement in (
            "INSERT INTO deposits_bankaccount (bank, account_number, holder, status) VALUES ('bca', '6666', 'x', 'ok')",
            "UPDATE deposits_bankaccount SET account_number = '66666'",
            "SELECT * FROM deposits_statementimport",
            "UPDATE deposits_statementline SET amount = 1",
            "INSERT INTO deposits_correction (why) VALUES ('x')",
        ):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                connection.cursor().execute(statement)
