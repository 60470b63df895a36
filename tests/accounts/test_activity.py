"""The Activity Log: what is kept of an act, and the page and report that show it (trust: I2, W1)."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from accounts.activity import recording as activity
from accounts.models import Activity, User
from accounts.operators import Operator
from documents.models import Report
from documents.reports import services
from flipdash import events
from flipdash.actors import Actor
from flipdash.mode import Mode
from flipdash.scope import Scope
from tests import factories
from tests.factories import found, history

pytestmark = pytest.mark.django_db
PAGE = "/members/activity/"


def record(scope, kind="report.downloaded", subject=None, **facts) -> Activity:
    events.record(scope, kind, subject, **facts)
    return Activity.objects.latest("id")


def test_who_did_what_to_what_from_where_is_kept(admin):
    scope = admin.scope("live", address="203.0.113.9", agent="Firefox")
    report = factories.make_report(admin)
    kept = record(scope, subject=report, file="a.xls")
    assert (Actor.of(kept, "by"), kept.by_name, kept.by_email) == (admin.actor, "Rina Admin", admin.user.email)
    assert (kept.role, kept.via, kept.address, kept.agent) == ("admin", "dashboard", "203.0.113.9", "Firefox")
    assert (kept.subject_type, kept.subject_id, kept.subject_label) == (
        "documents.report",
        str(report.pk),
        report.reference,
    )
    assert (kept.kind, kept.area, kept.facts) == ("report.downloaded", "report", {"file": "a.xls"})


def test_keeping_costs_one_insert(scope, django_assert_num_queries):
    with django_assert_num_queries(3) as queries:  # the savepoint, the row, the release
        events.record(scope, "report.downloaded", file="a.xls")
    assert sum("INSERT" in query["sql"] for query in queries) == 1


def test_an_act_that_fails_leaves_nothing(scope, monkeypatch):
    monkeypatch.setattr(services.REPORTS, "wake_on_commit", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        services.request_report(scope, history="money-transfers", query="")
    assert not Activity.objects.exists()


def test_events_of_people_go_to_live_mode_and_others_stay_in_theirs(admin):
    test = admin.scope("test")
    assert record(test, "profile.language_changed").mode == Mode.LIVE
    assert record(test, "report.made").mode == Mode.TEST


def test_test_mode_says_where_events_of_people_are(web):
    text = "they are in Live Mode"
    assert text in web.get("/test" + PAGE).content.decode()
    assert text not in web.get(PAGE).content.decode()


def test_what_cannot_be_seen_is_written_out(web, scope):
    """trust: I2. NUL and half a surrogate would be refused by Postgres, and the act with them."""
    record(scope, file="a\x00b\u202ec\ud800d\x1b[31m")
    content = web.get(PAGE).content.decode()
    assert "a[U+0000]b[U+202E]c[U+D800]d[U+001B][31m" in content


def test_what_was_typed_stays_text(web, scope, monkeypatch):
    monkeypatch.setitem(events._facts, "<b>label", events.Fact("<b>label"))
    kept = record(scope, file='<script>alert(1)</script>"', **{"<b>label": "<i>"})
    for page in (PAGE, reverse("activity:event", args=[kept.pk])):
        content = web.get(page).content.decode()
        assert "<script>alert" not in content
        assert "<b>label" not in content
        assert "&lt;script&gt;" in content


def test_a_long_fact_is_cut_and_a_long_agent_too(admin):
    kept = record(admin.scope("live", agent="x" * 5_000), file="y" * 5_000)
    assert len(kept.agent) == 200
    assert len(kept.facts["file"]) == activity.LONGEST_FACT


def test_the_event_page_shows_every_fact(web, scope):
    kept = record(scope, role=("maker", "approver"), required=(True, False), reason="")
    content = web.get(reverse("activity:event", args=[kept.pk])).content.decode()
    for words in ("Report downloaded", "Rina Admin", "Maker → Approver", "yes → no", "Required"):
        assert words in content


def test_languages_are_told_only_when_they_change(web, admin):
    for language in ("id", "id", "en"):
        web.post("/my-profile/language/", {"language": language})
    kept = Activity.objects.order_by("id")
    assert [row.facts["language"] for row in kept] == [["en", "id"], ["id", "en"]]
    assert "English → Bahasa Indonesia" in web.get(PAGE).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "q=Rina",
        "q=downloaded",
        "q=Laporan+diunduh",
        "q=R000077",
        "q=203.0.113.9",
        "q=rina+203.0",
        "q=rina+today",
        "q=hari+ini+r000077",
        "area=report",
    ],
)
def test_it_is_found_by_who_what_subject_and_address(admin, query):
    scope = admin.scope("live", address="203.0.113.9")
    other = factories.make_member(admin.business, "maker", name="Budi").scope("live", address="198.51.100.7")
    wanted = record(scope, subject=factories.make_report(admin, number=77))
    record(other, "profile.language_changed")
    assert found(scope, query, "activity") == [wanted.pk]


def test_filters_by_person_and_date(admin):
    maker = factories.make_member(admin.business, "maker", name="Budi")
    record(admin.scope("live"))
    by_maker = record(maker.scope("live"))
    assert found(admin.scope("live"), f"person={maker.pk}", "activity") == [by_maker.pk]
    assert found(admin.scope("live"), "date_to=2020-01-01", "activity") == []
    assert not history(admin.scope("live"), "area=nonsense", "activity").is_valid


def test_a_persons_events_are_not_their_namesakes(admin):
    maker, namesake = (factories.make_member(admin.business, "maker", name="Budi") for _ in range(2))
    own = record(maker.scope("live"))
    record(namesake.scope("live"))
    User.objects.filter(pk=maker.user_id).update(name="Budi Santoso")
    later = record(type(maker).objects.get(pk=maker.pk).scope("live"))
    assert sorted(found(admin.scope("live"), f"person={maker.pk}", "activity")) == [own.pk, later.pk]
    operator = Operator(User(pk=maker.pk, email="budi@operator.test", name="Budi"))  # of the same number
    events.record(Scope(admin.business, Mode.LIVE, operator, "backoffice"), "access.restored")
    assert Activity.objects.filter(by_kind="operator").count() == 1
    assert len(found(admin.scope("live"), f"person={maker.pk}", "activity")) == 2


def test_a_stranger_is_no_choice_and_no_row(admin, stranger):
    kept = record(stranger.scope("live"))
    assert found(admin.scope("live"), "", "activity") == []
    assert not history(admin.scope("live"), f"person={stranger.pk}", "activity").is_valid
    assert Actor.of(kept, "by") == stranger.actor


def test_only_who_manages_people_sees_it(client_of, people):
    answers = {role: client_of(member).get(PAGE).status_code for role, member in people.items()}
    assert {role for role, status in answers.items() if status == 200} == {"admin"}


def test_counts_are_of_events(web, scope):
    record(scope)
    record(scope)
    assert "2 events" in web.get(PAGE).content.decode()


# --- What is told ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
@pytest.mark.parametrize("format", ["csv", "xls", "xlsx"])
def test_a_report_of_the_log_holds_its_rows_and_no_formula(files, web, scope, format):
    record(scope, file="a.xls")
    Activity.objects.create(
        business=scope.business,
        mode="live",
        kind="report.made",
        area="report",
        **Actor.named("=1+1").columns("by"),
        subject_label="@x",
    )
    answer = web.post("/documents/reports/", {"history": "activity", "query": "", "format": format})
    assert answer.status_code == 302
    report = Report.objects.get()
    services.REPORTS.work(report.pk)
    report.refresh_from_db()
    assert report.status == "ready"
    content = b"".join(web.get(f"/documents/reports/{report.number}/file/"))
    if format == "csv":
        text = content.decode("utf-8-sig")
        assert "'=1+1" in text
        assert "'@x" in text
        assert "File: a.xls" in text
        assert "Report requested" in text
    kinds = list(Activity.objects.order_by("id").values_list("kind", flat=True))
    assert kinds[-3:] == ["report.requested", "report.made", "report.downloaded"]


def test_looking_whether_a_file_is_there_is_no_download(files, web, scope):
    name = default_storage.save("reports/a.xls", ContentFile(b"x"))
    report = factories.make_report(
        scope.member, status="ready", stored_as=name, size=1, expires_at=timezone.now() + timedelta(days=1)
    )
    web.head(f"/documents/reports/{report.number}/file/")
    assert not Activity.objects.filter(kind="report.downloaded").exists()
