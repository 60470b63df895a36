"""What a business keeps of reports and statements has an end: the disk is everybody's (attack.md A7)."""

from datetime import UTC, date, datetime

import pytest

from documents import room
from documents.models import Report, Statement
from documents.statements.wanted import StatementForm
from flipdash import clock, rls
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "operator"])


def filled_in(form) -> bool:
    """Let the form of statements hold March, whatever the deposit has."""
    form.days = date(2026, 3, 1), date(2026, 3, 31)
    form.cleaned_data = {"format": "csv", "separator": ","}
    return True


def test_both_kinds_of_files_together_and_the_page_says_until_when(web, admin, stranger, monkeypatch):
    monkeypatch.setattr(room, "MOST_STORED", 10 * room.GIGABYTE)
    monkeypatch.setattr(StatementForm, "is_valid", filled_in)
    schedule = factories.make_schedule(admin)
    asks = (
        ("/documents/reports/", {"history": "money-transfers", "query": "q=1"}),
        ("/documents/statements/", {"format": "csv"}),
        (f"/documents/schedules/{schedule.pk}/running/", {}),
    )

    def refused() -> list[bool]:
        pages = [web.post(path, form, follow=True).content.decode() for path, form in asks]
        return ["take 10 GB, and more isn’t kept. The oldest of them goes on 4 Jan 2027" in page for page in pages]

    until = datetime(2027, 1, 4, tzinfo=UTC)
    ready = {"status": "ready", "stored_as": "x", "finished_at": clock.now(), "expires_at": until}
    factories.make_report(admin, size=6 * room.GIGABYTE, **ready)
    factories.make_report(stranger, size=60 * room.GIGABYTE, **ready)
    factories.make_report(admin, mode="test", size=60 * room.GIGABYTE, **ready)
    whole = {"sha256": "0" * 64, "opening": 0, "closing": 0}
    statement = factories.make_statement(admin, size=4 * room.GIGABYTE, **whole, **ready)
    assert refused() == [True, True, True]
    with rls.inside(admin.scope("live")):
        assert (Report.objects.filter(size=None).count(), Statement.objects.filter(size=None).count()) == (0, 0)
        Statement.objects.filter(pk=statement.pk).update(size=4 * room.GIGABYTE - 1)
    assert refused() == [False, False, False]
