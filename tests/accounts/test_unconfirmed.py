"""Sign-ups that nobody confirmed: no history, and gone after 30 days with all of theirs (decision 0145)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.db import OperationalError, connections, transaction
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import Activity, Business, Member, User
from accounts.permissions import Role
from accounts.sign_in import services, unconfirmed
from accounts.sign_in.adapter import AccountAdapter
from accounts.sign_in.services import confirm_email, free_unconfirmed
from accounts.tasks import tidy_people
from deposits.models import Posting
from deposits.tasks import tidy_top_ups
from documents.invoices import services as invoicing
from documents.models import Invoice
from flipdash.mode import Mode
from tests.accounts.test_sign_up import FORM, PASSWORD, link_in_mail, sign_up
from tests.factories import make_invitation, make_member
from tests.twins import at_once, let_another_wait

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])  # the operator sees commits


def make_sign_up(number: int = 1, *, days: int = 31) -> Member:
    names = {"business_name": f"Warung {number}", "name": "Tini", "email": f"tini{number}@warung.test"}
    member = services.sign_up(**names, password=PASSWORD, language="id")
    User.objects.filter(pk=member.user_id).update(date_joined=timezone.now() - timedelta(days=days))
    return member


def left() -> tuple[int, int, int, int]:
    return tuple(model.objects.count() for model in (User, EmailAddress, Member, Business))


def test_what_nobody_confirmed_is_gone_after_30_days_whole(client, admin):
    before = left()
    sign_up(client)
    Client().post("/sign-in/", {"login": FORM["email"], "password": "wrong password here"})
    tidy_people()
    assert left() == tuple(number + 1 for number in before), "the link still works"
    User.objects.filter(email="tini@warung.test").update(date_joined=timezone.now() - timedelta(days=31))
    tidy_people()
    assert left() == before
    assert sign_up(Client()).status_code == 302, "and the address is free"


def test_what_each_business_gets_by_itself_it_gets_once_confirmed(client):
    """A posting or an invoice stays for good, and whoever has one with it."""
    before, opened = left(), lambda: Posting.objects.using("operator").filter(kind="opening").count()
    sign_up(client)
    Business.objects.update(created_at=timezone.now() - timedelta(days=70))
    User.objects.update(date_joined=timezone.now() - timedelta(days=70))
    tidy_top_ups()
    invoicing.queue_due()
    assert (opened(), Invoice.objects.using("operator").count()) == (0, 0)
    tidy_people()
    assert left() == before
    sign_up(client, email="tono@warung.test")
    Business.objects.update(created_at=timezone.now() - timedelta(days=70))
    client.post(link_in_mail("tono@warung.test"))
    tidy_top_ups()
    invoicing.queue_due()
    assert opened() == 1
    assert Invoice.objects.using("operator").exists()


def test_its_log_begins_when_the_address_is_confirmed(client):
    sign_up(client)
    Client().post("/sign-in/", {"login": FORM["email"], "password": "wrong password here"})
    assert not Activity.objects.exists()
    client.post(link_in_mail())
    assert list(Activity.objects.order_by("pk").values_list("kind", flat=True)) == ["business.signed-up", "sign-in"]


def test_whoever_confirmed_stays_with_whatever_they_have(admin):
    member = make_sign_up()
    confirm_email(member.user)
    before = left()
    assert (unconfirmed.throw_away_old(), left()) == (0, before)


def test_who_gave_way_to_an_invitation_is_deleted_too(admin):
    before = left()
    member = make_sign_up()
    with transaction.atomic():
        free_unconfirmed(member.user.email)
    assert (unconfirmed.throw_away_old(), left()) == (1, before)


def test_a_business_in_which_somebody_else_is_stays(admin):
    member = make_sign_up()
    make_member(member.business, Role.MAKER)
    assert unconfirmed.throw_away_old() == 1
    assert Business.objects.filter(pk=member.business_id).exists()
    assert not User.objects.filter(pk=member.user_id).exists()


def test_one_on_which_something_hangs_stays_and_keeps_no_other(admin, caplog):
    kept, other = make_sign_up(1), make_sign_up(2)
    make_invitation(kept)
    assert unconfirmed.throw_away_old() == 1
    assert list(User.objects.filter(pk__in=[kept.user_id, other.user_id])) == [kept.user]
    assert "something hangs on person" in caplog.text


def test_many_go_in_batches_and_no_more_than_so_many_at_a_time(admin, monkeypatch):
    monkeypatch.setattr(unconfirmed, "A_BATCH", 2)
    monkeypatch.setattr(unconfirmed, "MOST_BATCHES", 2)
    for number in range(5):
        make_sign_up(number)
    assert [unconfirmed.throw_away_old() for _turn in range(3)] == [4, 1, 0]


def clicked(address: EmailAddress) -> bool:
    """Let the link be clicked on, of which the address was read a moment ago."""
    request = RequestFactory().post("/")
    request.mode = Mode.LIVE
    return AccountAdapter(request).confirm_email(request, address)


def test_two_clicks_at_once_begin_the_log_once(admin):
    """trust: twin."""
    member = make_sign_up()
    read = [EmailAddress.objects.get(user=member.user) for _click in range(2)]
    assert sorted(at_once(2, lambda number: clicked(read[number]))) == [False, True]
    assert list(Activity.objects.using("operator").values_list("kind", flat=True)) == ["business.signed-up"]


def test_what_is_deleted_while_its_link_is_clicked_on_is_not_confirmed(admin):
    before = left()
    read = EmailAddress.objects.get(user=make_sign_up().user)
    assert unconfirmed.throw_away_old() == 1
    assert not clicked(read)
    assert left() == before


def test_deletion_and_an_invitation_lock_in_one_order(admin):
    """trust: twin. In two orders the database ends one of them."""
    before, member = left(), make_sign_up()

    def thrown_away() -> int:
        try:
            return unconfirmed.throw_away_old()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=member.user_id)  # as free_unconfirmed begins
            thrown = pool.submit(thrown_away)
            let_another_wait()
            free_unconfirmed(member.user.email)
        assert (thrown.result(), left()) == (1, before)


def test_what_fails_of_the_tidying_keeps_sessions_no_longer(admin, monkeypatch, caplog):
    Session.objects.create(session_key="over", expire_date=timezone.now() - timedelta(days=1))

    def throw_away_old() -> None:
        raise OperationalError

    monkeypatch.setattr(unconfirmed, "throw_away_old", throw_away_old)
    tidy_people()
    assert not Session.objects.filter(session_key="over").exists()
    assert "throw_away_old failed" in caplog.text
