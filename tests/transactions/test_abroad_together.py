"""Transfers abroad among those that are approved together: what arrives of each is seen before (trust: M3)."""

import pytest

from accounts.permissions import Role
from flipdash import rls
from tests import factories
from tests.superuser import superuser
from tests.transactions.abroad import begin, finish, let_it_run_out, text_of, unseen
from tests.transactions.sending import fund
from transactions.international import services
from transactions.models import BulkApproval, InternationalTransfer, RailOrder, Status
from transactions.outgoing import many
from transactions.outgoing.refusals import CorridorClosed, QuoteOver

pytestmark = [
    pytest.mark.django_db(databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]


@pytest.fixture(autouse=True)
def inside(kopi_kita):
    """Quotes are shown inside of their business only."""
    fund(kopi_kita, 100_000_000, mode="live")
    with rls.inside_of(kopi_kita.pk, "live"):
        yield


@pytest.fixture
def making(kopi_kita, client_of):
    return client_of(factories.make_member(kopi_kita, Role.MAKER))


@pytest.fixture
def approver(kopi_kita):
    return factories.make_member(kopi_kita, Role.APPROVER)


def make(web, corridor, **typed):
    typed = {"internal_reference": f"PO-{InternationalTransfer.objects.count()}", **typed}
    finish(web, corridor, begin(web, corridor, **typed))
    return InternationalTransfer.objects.latest("created_at", "pk")


def test_whoever_approves_many_sees_what_arrives_of_each_at_which_rate(making, approver, client_of):
    rows = [make(making, "GB B2B"), make(making, "DE B2B")]
    web = client_of(approver)
    for page in (web.get("/approvals/"), web.get("/approvals/selection/", {"which": "shown"})):
        said = text_of(page)
        for row, received in zip(rows, ("GBP 1,250.50", "EUR 900.00"), strict=True):
            assert f"{received} arrives at 1 {row.currency} = Rp{row.rate:,.4f}, which holds until" in said
        assert "Another rate than when it was made" not in said.partition("What arrives abroad")[2]


def test_a_new_rate_is_pointed_at_for_whoever_did_not_ask_for_it(making, approver, client_of):
    row = make(making, "GB B2B")
    let_it_run_out(row)
    web = client_of(approver)
    assert "this quote has run out" in text_of(web.get("/approvals/"))
    with rls.inside(approver.scope("live")):
        services.requote(approver.scope("live"), row.pk)
    assert "New rate" in text_of(web.get("/approvals/"))
    assert "Another rate than when it was made: 1" in text_of(web.get("/approvals/selection/", {"which": "shown"}))


def test_quotes_that_ran_out_before_a_worker_came_are_named_and_nothing_is_tried_over():
    problem = many.PROBLEMS[QuoteOver]
    assert "quote" in str(BulkApproval.PROBLEMS[problem])
    assert all(word in BulkApproval.PROBLEMS for word in many.PROBLEMS.values())


@pytest.fixture
def close():
    """Close the corridor to Britain, which neither the app nor an operator may, until the test is over."""

    def set_open(is_open):
        with superuser() as database:
            database.execute("UPDATE transactions_corridor SET is_active = %s WHERE country = 'GB'", [is_open])

    yield lambda: set_open(False)
    set_open(True)


def test_nothing_leaves_by_a_corridor_that_closed_meanwhile(making, approver, client_of, close):
    row, other = make(making, "GB B2B"), make(making, "GB B2B", amount="99.00")
    close()
    web, url = client_of(approver), f"/international-transfers/{row.pk}/approval/"
    page = web.post(url, unseen(web.get(url)), follow=True)
    assert "Nothing can be sent to this country now" in text_of(page)
    let_it_run_out(other)
    with rls.inside(approver.scope("live")), pytest.raises(CorridorClosed):
        services.requote(approver.scope("live"), other.pk)
    row.refresh_from_db()
    assert row.status == Status.PENDING_APPROVAL
    assert not RailOrder.objects.exists()
