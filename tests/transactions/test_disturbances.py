"""Banks that the operator says are disturbed: who may say so, what the database keeps, and who is told."""

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.test import Client

from flipdash import backoffice
from flipdash.actors import SYSTEM, ActorKind
from tests import factories
from transactions import destinations, disturbances
from transactions.models import Destination

OFFICE = "/admin/transactions/destination/"
pytestmark = pytest.mark.django_db(databases=["default", "operator"])


@pytest.fixture
def heard(monkeypatch) -> list[tuple[str, str]]:
    told: list[tuple[str, str]] = []
    listener = lambda rows: told.extend((row.code, row.status) for row in rows)  # noqa: E731
    monkeypatch.setattr(disturbances, "_listeners", [listener])
    return told


def test_every_bank_that_can_be_paid_has_its_state():
    assert set(Destination.objects.values_list("code", flat=True)) == set(destinations.NAMES)


def test_a_change_is_told_once_and_says_who_made_it(heard):
    changed = disturbances.set_status(["bri", "bca"], "disturbed", by=SYSTEM)
    assert [row.code for row in changed] == ["bca", "bri"]
    at = Destination.objects.get(code="bri").changed_at
    assert disturbances.set_status(["bri", "bni"], "disturbed", by=SYSTEM)[0].code == "bni"
    assert Destination.objects.get(code="bri").changed_at == at
    assert heard == [("bca", "disturbed"), ("bri", "disturbed"), ("bni", "disturbed")]
    assert Destination.objects.get(code="bni").changer_name == SYSTEM.name


def test_who_listens_and_fails_leaves_nothing_changed(monkeypatch):
    monkeypatch.setattr(disturbances, "_listeners", [lambda rows: 1 / 0])
    with pytest.raises(ZeroDivisionError):
        disturbances.set_status(["bri"], "disturbed", by=SYSTEM)
    assert Destination.objects.get(code="bri").status == "operational"


@pytest.mark.parametrize(
    ("statement", "error", "words"),
    [
        ("DELETE FROM transactions_destination", ProgrammingError, "permission denied"),
        ("INSERT INTO transactions_destination (code) VALUES ('x')", ProgrammingError, "permission denied"),
        ("UPDATE transactions_destination SET code = 'x'", ProgrammingError, "permission denied"),
        ("UPDATE transactions_destination SET status = 'closed'", DatabaseError, "can't move"),
    ],
)
def test_the_database_keeps_the_list(statement, error, words):
    with pytest.raises(error, match=words), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_the_operator_says_so_in_the_back_office(monkeypatch, web, heard):
    monkeypatch.setattr(backoffice, "has_second_factor", lambda user: True)
    office, someone = (
        Client(),
        factories.make_operator(email="ayu@flipdash.test", name="Ayu", password="gayo-arabika-88"),
    )
    office.force_login(someone)
    row = Destination.objects.get(code="bni")
    try:
        for action, status in (
            ("set_disturbed", "disturbed"),
            ("set_heavily_disturbed", "heavily_disturbed"),
            ("set_operational", "operational"),
        ):
            office.post(OFFICE, {"action": action, "_selected_action": [row.pk]})
            row.refresh_from_db()
            assert (row.status, row.changer_kind, row.changer_name) == (status, ActorKind.OPERATOR, "Ayu")
        again = office.post(OFFICE, {"action": "set_operational", "_selected_action": [row.pk]}, follow=True)
        assert "Nothing was changed." in again.content.decode()
        assert len(heard) == 3
        assert web.post(OFFICE, {"action": "set_disturbed", "_selected_action": [row.pk]}).status_code == 404
        assert len(heard) == 3
    finally:
        disturbances.set_status(["bni"], "operational", by=SYSTEM)
