"""What FlipDash itself notes is read in the language of whoever reads it: a worker has none of its own."""

import ast
import html
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.models import Activity, Member
from accounts.permissions import Role
from flipdash import histories, notes
from flipdash.forms import LineField
from flipdash.models import Message
from tests import factories
from tests.transactions.refunding import approve, now, request
from tests.transactions.sending import fund
from transactions.outgoing import acts, sweeps
from transactions.payments import arrivals
from transactions.transfers.series import running

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("accounts", "deposits", "developer", "documents", "imports", "lists", "transactions")
TRANSLATES = {"_", "gettext", "str", "ngettext"}
HAS_NO_NOTES = {"demo", "models", "migrations"}
KEPT = {"note", "name_reason"}
"""What people write, and FlipDash notes."""


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
@pytest.mark.usefixtures("asleep")
def test_a_timeline_its_head_the_log_and_the_mail_say_it_in_indonesian(kopi_kita, client_of, admin):
    service = factories.make_member(kopi_kita, Role.CUSTOMER_SERVICE)
    approver = factories.make_member(kopi_kita, Role.APPROVER)
    for reader in (service, admin):
        reader.user.language = "id"
        reader.user.save()
    refund = request(service, factories.make_payment(kopi_kita, amount=150_000))
    approve(approver, refund)
    Member.objects.filter(pk=approver.pk).update(role=Role.REVIEWER)
    fund(kopi_kita)
    Message.objects.all().delete()
    sweeps.tidy()
    assert now(refund).status == "cancelled"
    said = "Yang menyetujui tidak lagi berhak menyetujui"
    page = html.unescape(client_of(admin).get(reverse("transactions:refund-detail", args=[refund.pk])).content.decode())
    assert f"Dibatalkan: {said}." in page, "its head"
    assert page.count(said) == 2, "and its timeline"
    logged = Activity.objects.filter(kind="refund.cancelled").get()
    assert said in client_of(admin).get(f"/members/activity/{logged.pk}/").content.decode()
    assert said in Message.objects.get(to=service.user.email).text
    assert "note:" not in page


@pytest.mark.django_db
def test_what_was_noted_is_nobodys_reason_to_send_it_once_more(kopi_kita, client_of, admin):
    for reason, again in ((running.OTHER_NAME, ""), ("Nama panggilan", "Nama panggilan")):
        row = factories.make_transfer(kopi_kita, name_reason=reason)
        form = client_of(admin).get(f"/money-transfers/create/?again={row.pk}").context["form"]
        assert (form["name_reason"].value() or "") == again


def test_nobody_writes_in_the_name_of_flipdash():
    with pytest.raises(ValidationError, match="in your own words"):
        LineField().clean(running.OTHER_NAME)


def test_why_a_name_differs_is_read_so_in_a_history_and_its_report():
    [column] = [one for one in histories.get("money-transfers").columns if one.field == "name_reason"]
    row = {"name_reason": running.OTHER_NAME}
    assert column.text(row) == column.value(row) == "The bank has another name than before"
    assert column.text({"name_reason": "Nama panggilan"}) == "Nama panggilan"
    assert list(column.values({"name_reason": ["", running.OTHER_NAME]})) == ["", column.text(row)]


def test_all_that_it_notes_is_short_enough_and_declared():
    codes = [acts.APPROVER_GONE, running.APPROVED_ONCE, running.OTHER_NAME, *arrivals.NOTES.values()]
    assert all(code.startswith("note:") and notes.is_ours(code) for code in codes)
    assert not notes.is_ours("")
    with pytest.raises(ValueError, match="declared twice"):
        notes.declare(acts.APPROVER_GONE, "again")


def test_nobody_notes_finished_words():
    """What pages put together for one reader has other names, or is made for who reads it at once."""
    found = [
        f"{path.relative_to(ROOT)}:{line}" for path in sources() for line in finished_notes(ast.parse(path.read_text()))
    ]
    assert found == []


def sources() -> list[Path]:
    shown = ("admin.py", "finder.py", "paper.py", "finding.py")
    every = (path for app in APPS for path in (ROOT / app).rglob("*.py"))
    return [path for path in every if path.name not in shown and not HAS_NO_NOTES & set(path.parts)]


def finished_notes(tree: ast.AST) -> list[int]:
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in KEPT and translates(node.value):
            lines.append(node.value.lineno)
        if isinstance(node, ast.Assign) and translates(node.value):
            names = {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
            lines += [node.lineno] if names & KEPT else []
    return lines


def translates(value: ast.expr) -> bool:
    calls = (part.func for part in ast.walk(value) if isinstance(part, ast.Call))
    return any(isinstance(call, ast.Name) and call.id in TRANSLATES for call in calls)
