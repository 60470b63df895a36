"""Document → Schedules: what is set on screen, who may, and what is refused beside the field."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.html import escape
from django.utils.http import urlencode

from accounts.permissions import Role
from documents.models import Report, ScheduledReport
from documents.schedules import services
from flipdash import rls
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "operator"])
NEW = "/documents/schedules/new/"


@pytest.fixture(autouse=True)
def no_worker(files, asleep) -> None:
    """Nobody makes anything."""


def sent(member, **changed):
    return {
        "history": "money-transfers",
        "query": "status=failed&date_from=2026-11-01&date_to=2026-11-30",
        "name": "Failed of last month",
        "days": "last-month",
        "every": "month",
        "monthday": "31",
        "hour": "7",
        "format": "xlsx",
        "template": "",
        "to": [member.pk],
        **changed,
    }


def rows():
    return ScheduledReport.objects.all()


def test_what_is_set_on_screen_is_kept_with_relative_days(web, admin, scope, told):
    answer = web.post(NEW, sent(admin), follow=True)
    assert "Failed of last month" in answer.content.decode()
    with rls.inside(scope):
        made = rows().get()
        assert (made.query, made.days, made.monthday, made.hour) == ("status=failed", "last-month", 31, 7)
        assert [reader.member_id for reader in made.readers.all()] == [admin.pk]
    assert "schedule.made" in [event.kind for event in told]
    web.post(f"/documents/schedules/{made.pk}/edit/", sent(admin, every="week", weekday="4"))
    web.post(f"/documents/schedules/{made.pk}/pausing/")
    page = web.get("/documents/schedules/").content.decode()
    assert "every Friday at 07:00" in page
    assert "Paused" in page
    web.post(f"/documents/schedules/{made.pk}/pausing/", {"resume": "1"})
    assert "Delete" in web.get(f"/documents/schedules/{made.pk}/deletion/").content.decode()
    web.post(f"/documents/schedules/{made.pk}/deletion/")
    with rls.inside(scope):
        assert not rows().exists()


def test_what_it_shows_is_changed_from_the_history(web, admin, scope, client_of, people):
    web.post(NEW, sent(admin))
    with rls.inside(scope):
        made = rows().get()
    shown = web.get(f"/documents/schedules/{made.pk}/").content.decode()
    assert 'href="/money-transfers/?status=failed"' in shown
    other = "status=successful&date_from=2026-11-01&date_to=2026-11-02"
    offered = web.get(f"{NEW}?{urlencode({'history': 'money-transfers', 'query': other})}").content.decode()
    address = f"/documents/schedules/{made.pk}/edit/?{urlencode({'query': other})}"
    assert escape(address) in offered
    assert f"/documents/schedules/{made.pk}/edit/" not in web.get(f"{NEW}?history=payments&query=").content.decode()
    form = web.get(address).content.decode()
    assert "Successful" in form
    assert "Failed of last month" in form, "all else stays as it was"
    web.post(address, sent(admin, query=other, days="", format="csv"))
    with rls.inside(scope):
        made = rows().get()
        assert (made.query, made.days, made.format) == (other, "", "csv")
    web.post(address, sent(admin, query=other, days="yesterday"))
    with rls.inside(scope):
        assert (rows().get().query, rows().get().days) == ("status=successful", "yesterday")
    said = web.post(address, sent(admin, query="status=gone"), follow=True).content.decode()
    assert "Nothing was changed; choose others." in said
    with rls.inside(scope):
        assert rows().get().query == "status=successful"
    colleague = client_of(people[Role.MAKER])
    offered = colleague.get(f"{NEW}?history=money-transfers").content.decode()
    assert f"/documents/schedules/{made.pk}/edit/" not in offered
    assert colleague.post(address, sent(admin, query="")).status_code == 403


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"hour": "24"}, "hour", "00:00 to 23:00"),
        ({"hour": ""}, "hour", "00:00 to 23:00"),
        ({"to": []}, "to", "at least one person"),
        ({"to": ["x"]}, "to", "Only people of this business"),
        ({"monthday": "32"}, "monthday", "less than or equal to 31"),
        ({"monthday": ""}, "monthday", "from 1 to 31"),
        ({"name": "x" * 300}, "name", "at most 60"),
        ({"name": ""}, "name", "required"),
        ({"name": "abc\u202edef"}, "name", "turns the direction"),
        ({"days": "next-year"}, "days", "valid choice"),
        ({"every": "hour"}, "every", "valid choice"),
        ({"format": "exe"}, "format", "valid choice"),
        ({"template": "999999"}, "template", "was deleted"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(web, admin, changed, field, said):
    answer = web.post(NEW, sent(admin, **changed))
    assert said in " ".join(answer.context["form"].errors[field])
    assert not ScheduledReport.objects.using("operator").exists()


def test_recipients_are_who_may_download_of_this_business(web, admin, people, stranger):
    for other in (stranger, people[Role.CUSTOMER_SERVICE]):
        answer = web.post(NEW, sent(admin, to=[admin.pk, other.pk]))
        assert "Only people of this business" in " ".join(answer.context["form"].errors["to"])


def test_a_business_has_so_many(web, admin, monkeypatch):
    monkeypatch.setattr(services, "MOST", 1)
    factories.make_schedule(admin)
    assert "has 1 scheduled reports already" in web.post(NEW, sent(admin)).content.decode()


def test_a_colleague_looks_but_changes_nothing(client_of, admin, people):
    schedule = factories.make_schedule(admin)
    reviewer = client_of(people[Role.REVIEWER])
    assert "Run now" not in reviewer.get(f"/documents/schedules/{schedule.pk}/").content.decode()
    for act in ("pausing", "running", "deletion", "edit"):
        assert reviewer.post(f"/documents/schedules/{schedule.pk}/{act}/").status_code == 403


def test_the_link_asks_for_the_right_each_time(client_of, admin, people):
    run = factories.make_run(factories.make_schedule(admin))
    address = f"/documents/schedules/{run.schedule.pk}/runs/{run.pk}/"
    assert client_of(people[Role.REVIEWER]).get(address).status_code == 200
    assert client_of(people[Role.CUSTOMER_SERVICE]).get(address).status_code == 403
    activity = factories.make_schedule(admin, history="activity")
    run = factories.make_run(activity)
    address = f"/documents/schedules/{activity.pk}/runs/{run.pk}/"
    assert client_of(people[Role.REVIEWER]).get(address).status_code == 403, "who may not see the history"


def test_names_are_only_text(web, admin):
    factories.make_schedule(admin, "<script>alert(1)</script> 🎉")
    content = web.get("/documents/schedules/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 🎉" in content


def test_a_wrong_search_schedules_nothing(web, admin):
    answer = web.post(NEW, sent(admin, query="status=gone"), follow=True)
    assert "Nothing was scheduled" in answer.content.decode()
    assert web.get(f"{NEW}?history=nothing", follow=True).status_code == 200


def test_the_list_asks_the_same_however_many(web, admin, django_assert_max_num_queries):
    for number in range(4):
        factories.make_run(factories.make_schedule(admin, f"Schedule {number}"))
    web.get("/documents/schedules/")
    with django_assert_max_num_queries(9):
        web.get("/documents/schedules/")


def test_the_address_of_a_deleted_schedule_is_never_anothers(web, admin, scope):
    """What a tab that is still open sends must not reach a schedule that was made later."""
    first = factories.make_schedule(admin, "First")
    web.post(f"/documents/schedules/{first.pk}/deletion/")
    second = factories.make_schedule(admin, "Second")
    address = web.get("/documents/schedules/").content.decode().split('<a href="/documents/schedules/')[1].split("/")[0]
    assert address == str(second.pk) != str(first.pk)
    assert web.post(f"/documents/schedules/{first.pk}/deletion/").status_code == 404
    with rls.inside(scope):
        assert rows().get() == second


@pytest.mark.parametrize(
    ("days", "history", "is_offered"),
    [(1, "money-transfers", True), (-1, "money-transfers", False), (1, "activity", False)],
)
def test_the_page_of_a_run_offers_only_a_file_that_can_be_had(client_of, admin, people, days, history, is_offered):
    """Not one whose time is over, nor one of a history that the reader may not see."""
    expires_at = timezone.now() + timedelta(days=days)
    report = factories.make_report(admin, history=history, asked={"en": "All"}, expires_at=expires_at)
    Report.objects.filter(pk=report.pk).update(status="running")
    Report.objects.filter(pk=report.pk).update(status="ready", stored_as="reports/x.xlsx", size=1)
    run = factories.make_run(factories.make_schedule(admin), report)
    page = client_of(people[Role.REVIEWER]).get(f"/documents/schedules/{run.schedule.pk}/runs/{run.pk}/")
    assert (f"/documents/reports/{report.number}/file/" in page.content.decode()) is is_offered
