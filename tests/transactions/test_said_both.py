"""What has ended, and whose rail says the opposite then: it may be paid until people settle it (trust: L8, D6)."""

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from accounts.permissions import Role
from deposits import ledger
from deposits.ledger import checks
from documents.receipts import bundles
from flipdash import backoffice, rls
from flipdash.models import Message
from tests import factories
from tests.deposits.conftest import connect
from tests.transactions import refunding
from tests.transactions.sending import create, fund, let_it_arrive, lines
from transactions.models import MoneyTransfer, RailCase, Status
from transactions.outgoing import answers, cases
from transactions.outgoing.refusals import MayBeTwice
from transactions.rails import Answer, Outcome
from transactions.refunds.services import REFUNDS, OverTheRest
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
PAID = Answer(Outcome.SUCCESSFUL)
FAILS, CONTRADICTS = "0012349003", "0012349008"


@pytest.fixture
def maker(kopi_kita):
    fund(kopi_kita)
    return factories.make_member(kopi_kita, Role.EXECUTOR)


def sent(maker, account=FAILS, **fields):
    """Return a transfer that has ended as the last digits of its account say."""
    transfer = create(maker, account_number=account, **fields)
    let_it_arrive()
    transfer.refresh_from_db()
    return transfer


def page_of(client, transfer):
    return client.get(reverse("transactions:transfer-detail", args=[transfer.pk])).content.decode()


def test_what_failed_and_is_paid_by_what_its_rail_says_now_is_not_paid_again(client_of, maker, admin):
    transfer = sent(maker)
    create(maker, account_number=FAILS, is_sure=False, amount=transfer.amount + 1)
    assert "Nothing was paid" in page_of(client_of(maker), transfer)
    for _time in range(2):
        answers.take(MONEY_TRANSFERS.key_of(transfer), PAID)
    assert lines(transfer)[-2:] == ["failed", "disputed"]
    told = Message.objects.filter(to=maker.user.email, text__contains="don’t pay it again")
    assert [message.subject for message in told] == ["The bank says the opposite now: Rp85,000"], (
        "the maker hears, once"
    )
    text = page_of(client_of(maker), transfer)
    assert "Nothing was paid" not in text
    assert "The bank has said both: first that it failed, then that it was paid." in text
    assert "FlipDash is looking into it: don’t pay it again." in text
    with pytest.raises(MayBeTwice):
        create(maker, account_number=FAILS, is_sure=False)
    transfer.refresh_from_db()
    for shown in ("transactions/twins.html", "refunds/twins.html"):
        said = render_to_string(shown, {"twins": [transfer]})
        assert "the bank has said that it failed, and that it was paid" in said
    assert not cases.close(RailCase.objects.get(), by=admin.user), "proposed"
    assert cases.close(RailCase.objects.get(), by=maker.user)
    transfer.refresh_from_db()
    assert (transfer.status, transfer.disputed_at) == (Status.FAILED, None)
    assert lines(transfer)[-1] == "upheld"
    assert "Nothing was paid" in page_of(client_of(maker), transfer)
    assert create(maker, account_number=FAILS, is_sure=False)


def test_what_was_paid_and_has_failed_by_what_its_rail_says_now_says_so(client_of, maker):
    transfer = sent(maker, CONTRADICTS)
    assert (transfer.status, bool(transfer.disputed_at)) == (Status.SUCCESSFUL, True)
    text = page_of(client_of(maker), transfer)
    assert "The bank has said both: first that it was paid, then that it failed." in text
    with pytest.raises(MayBeTwice):
        create(maker, account_number=CONTRADICTS, is_sure=False)


def test_what_is_under_review_says_so_in_lists_on_its_page_and_by_a_filter(client_of, maker, admin):
    failed, other, paid = sent(maker), sent(maker, "0012349002"), sent(maker, CONTRADICTS)
    answers.take(MONEY_TRANSFERS.key_of(failed), PAID)
    client = client_of(maker)
    mark = '<span class="tag tag--warning">Under review</span>'

    def listed(**query):
        return client.get(reverse("transactions:transfers"), query).content.decode()

    assert listed().count(mark) == 2
    found = listed(afterwards="disputed")
    assert [str(row.pk) in found for row in (failed, paid, other)] == [True, True, False]
    assert "Afterwards" in found, "the chip says by what it is filtered"
    assert str(paid.pk) not in listed(afterwards="returned")
    assert mark in page_of(client, failed)
    assert "Under review since" in page_of(client, failed)
    assert mark not in page_of(client, other)
    assert "Under review since" not in page_of(client, other)
    assert not cases.close(RailCase.objects.get(was="failed"), by=admin.user), "proposed"
    assert cases.close(RailCase.objects.get(was="failed"), by=maker.user)
    assert mark not in page_of(client, failed)


def test_there_is_no_receipt_while_nobody_knows_whether_it_was_paid(client_of, maker):
    transfer, other = sent(maker, CONTRADICTS), sent(maker, "0012340000")
    client = client_of(maker)
    for row, status in ((transfer, 404), (other, 200)):
        receipt = reverse("documents:money-transfers-receipt", args=[row.pk])
        assert client.get(receipt).status_code == status
        assert (receipt in page_of(client, row)) is (status == 200)
    history = factories.history(maker.scope("live"), "", "money-transfers")
    assert bundles.numbers(history) == [other.pk]


def test_a_refund_that_failed_and_was_paid_takes_of_the_payment(kopi_kita, maker):
    """trust: D6. The form and the database."""
    payment = factories.make_payment(kopi_kita, amount=150_000)
    refund = refunding.request(maker, payment, amount=150_000, account_number=FAILS)
    let_it_arrive()
    assert refunding.left(payment) == 150_000
    answers.take(REFUNDS.key_of(refund), PAID)
    assert refunding.left(payment) == 0
    again = refunding.request(maker, other := factories.make_payment(kopi_kita, amount=150_000), account_number=FAILS)
    let_it_arrive()
    refunding.request(maker, other, amount=150_000)
    answers.take(REFUNDS.key_of(again), PAID)
    assert refunding.left(other) == 0, "never below zero, whatever is gone"
    assert refunding.now(refund).given == 150_000
    with pytest.raises(IntegrityError, match="refunds of payment"):
        factories.make_refund(kopi_kita, payment, amount=20_000)
    other = factories.make_payment(kopi_kita, amount=150_000)
    refund = refunding.request(maker, other, amount=100_000, account_number=FAILS)
    let_it_arrive()
    answers.take(REFUNDS.key_of(refund), PAID)
    with pytest.raises(OverTheRest) as problem:
        refunding.request(maker, other, amount=60_000)
    assert problem.value.left == 50_000


@pytest.fixture
def operators_people(monkeypatch):
    """Two of the operator's, each in the back office."""
    monkeypatch.setattr(backoffice, "has_second_factor", lambda user: True)
    clients = Client(), Client()
    for client, name in zip(clients, ("Ayu", "Bayu"), strict=True):
        email = f"{name.lower()}@flipdash.test"
        client.force_login(factories.make_operator(email=email, name=name, password="gayo-arabika-88"))
    return clients


def balance(business):
    with rls.inside_of(business.pk, "live"):
        return ledger.balance(ledger.LedgerOwner(business, "live"))


def wrong():
    with connect("superuser") as superuser, superuser.cursor() as cursor:
        return {result.check.name: result.examples for result in checks.run(cursor) if result.count}


def named(cursor):
    return {result.check.name for result in checks.run(cursor) if result.count}


def act(client, case, action="book"):
    page = client.post(
        reverse("admin:transactions_railcase_changelist"),
        {"action": action, "_selected_action": [case.pk]},
        follow=True,
    )
    return page.content.decode()


@pytest.mark.parametrize(("account", "after"), [(FAILS, "successful"), (CONTRADICTS, "failed")])
def test_two_people_book_what_the_rail_says_now_and_once(kopi_kita, maker, operators_people, account, after):
    """trust: D3, L8. One proposes it, another books it; the deposit has it whole, and the books stand."""
    transfer = sent(maker, account)
    if account == FAILS:
        answers.take(MONEY_TRANSFERS.key_of(transfer), PAID)
    first, second = operators_people
    case, before = RailCase.objects.get(), balance(kopi_kita).total
    assert "Somebody else has to approve it" in act(first, case)
    assert "You have proposed this yourself" in act(first, case)
    assert balance(kopi_kita).total == before
    assert "Done." in act(second, case)
    assert "has nothing to book" in act(second, case)
    whole = transfer.amount + transfer.fee
    assert balance(kopi_kita).total == 10_000_000 - (whole if after == "successful" else 0)
    transfer.refresh_from_db()
    assert (transfer.status, transfer.disputed_at) == (after, None)
    assert bool(transfer.reason) == (after == "failed")
    assert lines(transfer)[-2:] == ["disputed", after]
    assert wrong() == {}
    with connect("superuser") as superuser, superuser.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        with superuser.transaction(force_rollback=True):
            cursor.execute("ALTER TABLE transactions_railcase DROP CONSTRAINT railcase_opposite_proposed")
            cursor.execute("UPDATE transactions_railcase SET proposed_at = NULL, proposer_id = closer_id")
            assert named(cursor) == {"What was corrected as a rail says was settled by two people, and whole"}
        with superuser.transaction(force_rollback=True):
            cursor.execute("UPDATE transactions_railcase SET proposal = 'leave'")
            assert named(cursor) == {"What was corrected as a rail says was settled by two people, and whole"}


def test_who_closes_a_case_that_was_booked_meanwhile_changes_nothing_of_it(kopi_kita, maker, admin):
    """trust: D3, L8. It says still who proposed and who booked it."""
    transfer = sent(maker)
    answers.take(MONEY_TRANSFERS.key_of(transfer), PAID)
    shown, approver = RailCase.objects.get(), factories.make_member(kopi_kita, Role.APPROVER)
    assert not cases.book(shown, by=admin.user)
    assert cases.book(shown, by=approver.user)
    booked = RailCase.objects.values().get()
    assert not cases.close(shown, by=maker.user, note="Nothing was paid.")
    assert RailCase.objects.values().get() == booked
    assert booked["closer_name"] == approver.user.name
    assert wrong() == {}


def test_what_was_paid_after_all_is_not_booked_below_zero(kopi_kita, maker, operators_people):
    transfer = sent(maker)
    answers.take(MONEY_TRANSFERS.key_of(transfer), PAID)
    create(maker, amount=balance(kopi_kita).available - 2_500 - 10_000)
    first, second = operators_people
    case = RailCase.objects.get()
    act(first, case)
    assert "are missing. Nothing was changed." in act(second, case)
    case.refresh_from_db()
    assert case.status == "open"
    assert "Proposed." in act(second, case, "close")
    assert "Proposed." in act(second, case), "the other one has fallen, and nothing was booked"
    assert "Proposed." in act(second, case, "close")
    assert "Closed." in act(first, case, "close")


def test_one_person_alone_closes_no_case_in_which_a_rail_says_the_opposite(kopi_kita, maker, operators_people):
    """What came back and is booked nowhere could be theirs."""
    transfer = sent(maker, CONTRADICTS)
    first, second = operators_people
    case, before = RailCase.objects.get(), balance(kopi_kita).total
    assert "Somebody else has to approve it" in act(first, case, "close")
    assert "You have proposed this yourself" in act(first, case, "close")
    case.refresh_from_db()
    assert (case.status, case.proposal) == ("open", "leave")
    for nothing in ("proposed_at = NULL", "proposal = ''"):
        with (
            pytest.raises(psycopg.errors.CheckViolation, match="railcase_opposite_proposed"),
            connect("operator") as anyone,
        ):
            anyone.execute(f"UPDATE transactions_railcase SET status = 'closed', {nothing}")
    assert "Closed." in act(second, case, "close")
    transfer.refresh_from_db()
    assert (transfer.status, transfer.disputed_at) == (Status.SUCCESSFUL, None)
    assert balance(kopi_kita).total == before
    assert wrong() == {}


def test_what_has_ended_stays_so_while_its_rail_says_nothing_else(maker):
    """In the database too."""
    transfer = sent(maker)
    with pytest.raises(DatabaseError, match="nobody has said the opposite"):
        MoneyTransfer.objects.filter(pk=transfer.pk).update(status="successful", reason="")
