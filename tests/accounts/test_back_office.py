"""The operator's back office: who gets in, and what can be done there (trust: A6)."""

from datetime import date

import pytest
from django.contrib.admin import site
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from accounts import operators
from accounts.models import Activity, User
from flipdash import backoffice, mail, rls
from flipdash.actors import SYSTEM, Actor
from flipdash.models import Heartbeat, Message
from flipdash.rls import inside_of
from tests import factories
from tests.transactions.sending import held
from tests.transactions.settling import begin
from transactions.models import Destination, PaymentArrival, RailCase, RailOrder

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])  # who sees commits only


@pytest.fixture
def operator() -> User:
    return operators.make_operator(email="op@flipdash.test", name="Olga Operator", password="gayo-arabika-88")


@pytest.fixture
def with_factor(monkeypatch) -> None:
    monkeypatch.setattr(backoffice, "has_second_factor", lambda user: True)


@pytest.fixture
def office(operator, with_factor) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def pages() -> list[str]:
    lists = [reverse(f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist") for m in site._registry]
    return ["/admin/", *lists]


@pytest.mark.parametrize("page", ["/admin/", "/admin/accounts/user/", "/admin/login/", "/admin/jsi18n/"])
def test_nobody_is_sent_to_our_own_sign_in(client, page):
    answer = client.get(page)
    assert (
        answer.status_code == 404
        if page == "/admin/login/"
        else answer["Location"].startswith("/sign-in/?next=/admin/")
    )


def test_without_a_second_factor_the_door_stays_closed(operator):
    client = Client()
    client.force_login(operator)
    answer = client.get("/admin/")
    assert answer.status_code == 403
    assert "needs a second factor" in answer.content.decode()
    assert not backoffice.has_second_factor(operator)


def test_an_admin_of_a_business_finds_nothing(web, with_factor):
    for page in pages():
        assert web.get(page).status_code == 404


def test_a_suspended_operator_finds_nothing(office, operator):
    User.objects.filter(pk=operator.pk).update(is_active=False)
    assert office.get("/admin/").status_code == 302


def test_the_operator_is_in_no_business(office):
    answer = office.get("/money-transfers/")
    assert answer.status_code == 403
    assert "/admin/" in answer.content.decode()


@pytest.mark.parametrize("page", pages())
def test_every_list_opens(office, admin, page):
    factories.make_transfer(admin.business)
    factories.make_report(admin)
    answer = office.get(page)
    assert answer.status_code == 200
    assert "FlipDash back office" in answer.content.decode()
    assert answer["Cache-Control"]


def _stands(row):
    """All that the database has of a row, as its business sees it; of a mail, which is of none, as workers do."""
    if isinstance(row, Message):
        return Message.objects.filter(pk=row.pk).values().get()
    with rls.inside_of(getattr(row, "business_id", None) or row.pk, "live"):
        return type(row).objects.filter(pk=row.pk).values().get()


def _arrival(business):
    payment = factories.make_payment(business)
    with inside_of(business.pk, "live"):
        return PaymentArrival.objects.create(
            **{"business": business, "mode": "live", "payment": payment, "rail": "simulator", "rail_id": "1"},
            **{"amount": 50_000, "status": "waiting", "problem": "late"},
        )


def _order(business):
    row = held(business)
    what = {"source": "money_transfer", "source_id": row.pk, "key": f"money_transfer-{row.pk}"}
    return RailOrder.objects.create(business=business, mode="live", rail="simulator", bank="bca", **what)


@pytest.mark.parametrize(
    "model",
    # tests/deposits has those of the deposit, and Operations is a page without rows: tests/flipdash/test_operations.py
    [model for model in site._registry if model._meta.app_label != "deposits" and model is not Heartbeat],
    ids=lambda model: model.__name__,
)
def test_nothing_is_added_changed_or_deleted(office, admin, model):
    row = {
        "MoneyTransfer": lambda: factories.make_transfer(admin.business),
        "InternationalTransfer": lambda: factories.make_international(admin.business),
        "Payment": lambda: factories.make_payment(admin.business),
        "Refund": lambda: factories.make_refund(admin.business),
        "Invoice": lambda: factories.make_invoice(admin.business),
        "PaymentArrival": lambda: _arrival(admin.business),
        "SettlementRun": lambda: begin(admin.business, date(2025, 9, 2)),
        "RailOrder": lambda: _order(admin.business),
        "RailCase": lambda: RailCase.objects.create(
            business=admin.business, mode="live", order=_order(admin.business), kind="no_answer", was="processing"
        ),
        "Destination": lambda: Destination.objects.get(code="bca"),
        "Report": lambda: factories.make_report(admin),
        "Statement": lambda: factories.make_statement(admin),
        "Business": lambda: admin.business,
        "User": lambda: admin.user,
        "Member": lambda: admin,
        "Message": lambda: mail.queue(to="ana@kopikita.test", subject="Hello", text="Text", language="en"),
        "Activity": lambda: Activity.objects.create(
            business=admin.business, mode="live", kind="x", area="x", **SYSTEM.columns("by")
        ),
    }[model.__name__]()
    before = _stands(row)
    base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert office.get(reverse(f"{base}_change", args=[row.pk])).status_code == 200
    for name, args in (("add", ()), ("change", (row.pk,)), ("delete", (row.pk,))):
        answer = office.post(reverse(f"{base}_{name}", args=args), {"name": "x", "amount": "1", "post": "yes"})
        assert answer.status_code == 403, name
    office.post(reverse(f"{base}_changelist"), {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"})
    assert _stands(row) == before


def test_a_password_is_no_field(office, admin):
    content = office.get(f"/admin/accounts/user/{admin.user.pk}/change/").content.decode()
    assert "argon2" not in content
    assert admin.user.password not in content


def test_a_mail_that_failed_is_sent_again_and_its_text_is_shown_to_nobody(office):
    """hostile.24a 6: nothing sent a failed one again."""
    mails = [mail.queue(to=f"{n}@kopikita.test", subject="Hello", text="https://x/key", language="en") for n in "abc"]
    for status in ("sending", "failed"):
        Message.objects.filter(pk__in=[mails[0].pk, mails[1].pk]).update(status=status, attempt=8)
    Message.objects.filter(status="failed").update(finished_at=Now())
    url = "/admin/flipdash/message/"
    content = office.get(url).content.decode() + office.get(f"{url}{mails[0].pk}/change/").content.decode()
    assert "a@kopikita.test" in content
    assert "https://x/key" not in content
    chosen = {"action": "send_again", "_selected_action": [mails[0].pk, mails[2].pk]}
    assert "1 mail is sent again." in office.post(url, chosen, follow=True).content.decode()
    stand = Message.objects.order_by("pk").values_list("status", "attempt", "finished_at")
    assert stand[0] == stand[2] == ("queued", 0, None)
    assert Message.objects.filter(status="failed").count() == 1
    call_command("send_mails_again")
    assert not Message.objects.filter(status="failed").exists()


def test_suspending_ends_access_and_stands_in_the_businesss_log(office, operator, web, admin):
    url = "/admin/accounts/user/"
    office.post(url, {"action": "suspend", "_selected_action": admin.user.pk})
    assert web.get("/money-transfers/").status_code == 302
    told = Activity.objects.get(kind="access.suspended")
    assert (told.business, Actor.of(told, "by"), told.by_name, told.role) == (
        admin.business,
        operators.Operator(operator).actor,
        "Olga Operator",
        "operator",
    )
    office.post(url, {"action": "restore", "_selected_action": admin.user.pk})
    assert User.objects.get(pk=admin.user.pk).is_active


def test_suspending_oneself_or_a_colleague_is_refused(office, operator):
    office.post("/admin/accounts/user/", {"action": "suspend", "_selected_action": operator.pk})
    assert User.objects.get(pk=operator.pk).is_active


def test_a_member_cannot_become_the_operators(admin):
    with pytest.raises(operators.StillMember):
        operators.make_operator(email=admin.user.email.upper(), name="x", password="gayo-arabika-88")


def test_the_command_asks_for_the_password_and_shows_none(monkeypatch, capsys):
    answers = iter(["gayo-arabika-88"] * 2)
    monkeypatch.setattr("accounts.management.commands.make_operator.getpass", lambda _: next(answers))
    call_command("make_operator", "Olga@flipdash.test")
    user = User.objects.get(email="olga@flipdash.test")
    assert user.is_staff
    assert user.check_password("gayo-arabika-88")
    assert "gayo" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (["short", "short"], "at least 12"),
        (["éééééé1234", "éééééé1234"], "at least 12"),  # 16 bytes, and 10 characters
        (["x" * 1_025] * 2, "at most 1,024"),
        (["qwerty123456"] * 2, "commonest"),
        (["olga-flipdash-1"] * 2, "your name"),
        (["gayo-arabika-88", "other-arabika-88"], "differ"),
    ],
)
def test_the_command_refuses_a_bad_password(monkeypatch, answers, words):
    given = iter(answers)
    monkeypatch.setattr("accounts.management.commands.make_operator.getpass", lambda _: next(given))
    with pytest.raises(CommandError, match=words):
        call_command("make_operator", "olga@flipdash.test")
    assert not User.objects.filter(email="olga@flipdash.test").exists()


def test_who_serves_makes_nobody_the_operators(admin):
    """attack.md A14: not even by its own statement."""
    admin.user.is_staff = True
    with pytest.raises(IntegrityError, match="by the operator alone"), transaction.atomic():
        admin.user.save()
    with pytest.raises(IntegrityError, match="by the operator alone"), transaction.atomic():
        User.objects.create(email="eve@evil.test", name="Eve", is_staff=True)
    someone = factories.make_operator()
    with pytest.raises(IntegrityError, match="by the operator alone"), transaction.atomic():
        User.objects.filter(pk=someone.pk).update(is_staff=False)
    User.objects.filter(pk=someone.pk).update(name="Olga")  # what else they have is theirs to change
