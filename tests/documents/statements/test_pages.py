"""Document → Statements: asked for, refused beside the field, downloaded as made; who may, and what is found."""

import re
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Activity
from accounts.permissions import Role
from documents.models import Statement
from documents.statements import services
from tests import factories
from tests.documents.statements.conftest import again, ask, content_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator", "snapshot"])
PAGE = "/documents/statements/"
MARCH = {"month": "2026-03", "first": "", "last": "", "format": "csv", "separator": ";"}


def days(first: str, last: str) -> dict[str, str]:
    return MARCH | {"month": "", "first": first, "last": last}


def errors_of(page) -> dict[str, list[str]]:
    """Return what the form says of its fields; the page says it too."""
    form = page.context["form"]
    for problems in form.errors.values():
        assert all(problem in page.content.decode() for problem in problems)
    return {name: list(problems) for name, problems in form.errors.items()}


def test_a_month_is_chosen_made_and_downloaded_as_it_was_made(web, scope, moved):
    today = scope.now().astimezone(scope.zone).date()
    last_month = today.replace(day=1) - timedelta(days=1)
    assert web.get(PAGE).context["form"]["month"].value() == f"{last_month:%Y-%m}"
    page = web.post(PAGE, MARCH, follow=True)
    assert "Statement S000001 is being made." in page.content.decode()
    assert f'hx-get="{PAGE}list/"' in page.content.decode()
    services.STATEMENTS.work()
    listed = web.get(f"{PAGE}list/").content.decode()
    assert "hx-get" not in listed
    assert "4 entries" in listed
    made = again(Statement.objects.using("operator").get())
    assert made.sha256 in listed
    answer = web.get(f"{PAGE}1/file/")
    assert sha256(b"".join(answer)).hexdigest() == made.sha256
    assert made.file_name in answer["Content-Disposition"]
    assert "sandbox" in answer["Content-Security-Policy"]
    assert b"Held for a transaction;" in content_of(made)
    kinds = Activity.objects.using("operator").filter(area="statement").values_list("kind", flat=True)
    assert sorted(kinds) == ["statement.downloaded", "statement.made", "statement.requested"]


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        (days("2026-03-31", "2026-03-01"), {"last": ["The period ends before it begins."]}),
        (days("2026-03-01", "2099-01-01"), {"last": ["This day hasn’t come yet."]}),
        (
            days("2099-01-01", "2099-02-01"),
            {"first": ["This day hasn’t come yet."], "last": ["This day hasn’t come yet."]},
        ),
        (
            days("2026-01-09", "2026-03-01"),
            {"first": ["There is no deposit before 10 Jan 2026, when your business joined."]},
        ),
        (days("yesterday", "2026-03-01"), {"first": ["Enter a day as YYYY-MM-DD, for example 2026-11-30."]}),
        (days("2026-03-01", ""), {"last": ["Choose a month, or the first and the last day."]}),
        (MARCH | {"month": "2025-12"}, {"month": ["The deposit has nothing of this month."]}),
        (MARCH | {"month": "2099-01"}, {"month": ["The deposit has nothing of this month."]}),
        (MARCH | {"first": "2026-03-01"}, {"first": ["Choose a month or days, not both."]}),
    ],
)
def test_a_period_that_can_be_none_is_refused_beside_the_field(web, old, sent, errors):
    page = web.post(PAGE, sent)
    assert page.status_code == 422
    assert errors_of(page) == errors
    assert not Statement.objects.using("operator").exists()
    assert page.context["form"]["first"].value() == sent["first"]


def test_more_than_a_year_is_refused(web, old, monkeypatch):
    monkeypatch.setattr(services, "MOST_DAYS", 31)
    assert web.post(PAGE, days("2026-03-01", "2026-03-31")).status_code == 302
    page = web.post(PAGE, days("2026-03-01", "2026-04-01"))
    assert errors_of(page) == {"last": ["A statement is of 31 days at most. Choose a shorter period."]}


@pytest.mark.parametrize("sent", [MARCH | {"format": "exe"}, MARCH | {"separator": "|"}, {}])
def test_what_is_no_choice_is_refused(web, old, sent):
    assert web.post(PAGE, sent).status_code == 422


def test_the_month_of_today_and_of_joining_are_cut_where_there_are_no_days(web, scope):
    today = scope.now().astimezone(scope.zone).date()
    for month in (f"{today:%Y-%m}", "2026-01"):
        assert web.post(PAGE, MARCH | {"month": month}).status_code == 302
    now, joined = Statement.objects.using("operator").order_by("number")
    assert (now.first, now.last) == (today.replace(day=1), today)
    assert (joined.first.isoformat(), joined.last.isoformat()) == ("2026-01-10", "2026-01-31")


def test_no_one_waits_for_too_many_at_once(web, scope, moved, monkeypatch):
    monkeypatch.setattr(services, "MOST_WAITING", 1)
    ask(scope)
    page = web.post(PAGE, MARCH | {"format": "xlsx"}, follow=True)
    assert "No statement was made: too many are being made already." in page.content.decode()
    assert Statement.objects.using("operator").count() == 1


# --- Who may -------------------------------------------------------------------------------------------------------


def test_customer_service_sees_none_and_another_s_are_not_there(client_of, people, stranger, scope, moved, make):
    made = make("csv")
    assert client_of(people[Role.REVIEWER]).get(f"{PAGE}{made.number}/file/").status_code == 200
    service = client_of(people[Role.CUSTOMER_SERVICE])
    for address in (PAGE, f"{PAGE}list/", f"{PAGE}{made.number}/file/"):
        assert service.get(address).status_code == 403
        if address != PAGE and not address.endswith("list/"):
            assert client_of(stranger).get(address).status_code == 404
            assert client_of(people[Role.REVIEWER]).get(f"/test{address}").status_code == 404
    assert service.post(PAGE, MARCH).status_code == 403


def test_only_who_asked_or_manages_people_cancels_it(client_of, people, scope, moved):
    asked = ask(people[Role.REVIEWER].scope("live"))
    address = f"{PAGE}{asked.number}/cancellation/"
    assert client_of(people[Role.MAKER]).post(address).status_code == 403
    assert "was cancelled" in client_of(people[Role.REVIEWER]).post(address, follow=True).content.decode()
    assert "already finished" in client_of(people[Role.ADMIN]).post(address, follow=True).content.decode()
    assert again(asked).status == "cancelled"


def test_what_is_over_or_gone_is_not_there(web, scope, moved, make, quiet):
    made = make("csv")
    (quiet / made.stored_as).unlink()
    assert web.get(f"{PAGE}{made.number}/file/").status_code == 404
    Statement.objects.using("operator").update(expires_at=timezone.now() - timedelta(seconds=1))
    assert web.get(f"{PAGE}{made.number}/file/").status_code == 404


def test_why_there_is_none_is_said(web, scope, moved):
    ask(scope)
    Statement.objects.using("operator").update(status="failed", problem="does not follow", finished_at=timezone.now())
    assert "The balances of this period don’t follow from one another" in web.get(PAGE).content.decode()


def test_a_longer_list_asks_no_more_of_the_database(web, scope, admin, moved):
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            page = web.get(PAGE)
        assert "S0000" in page.content.decode()
        return len(caught)

    ask(scope)
    queries()  # what a session asks once
    few = queries()
    for number in range(2, 31):
        factories.make_statement(admin, number=number)
    assert queries() == few
    assert re.search(r"\?before=\d+", web.get(PAGE).content.decode())
    assert web.get(f"{PAGE}?before=6").context["newest_url"] == PAGE


# --- Ctrl K --------------------------------------------------------------------------------------------------------


def found(web, term: str) -> list[str]:
    """Return the documents that a term leads to, or that are shown."""
    answer = web.get("/find/", {"q": term})
    shown = re.findall(r'href="(/documents/[^"]+)"', answer.content.decode())
    return [answer["Location"]] if answer.status_code == 302 else shown


def test_statements_and_invoices_are_found(web, client_of, people, stranger, scope, old, moved, make):
    make("pdf")
    invoice = factories.make_invoice(old)
    for term in ("statement mar 2026", "S000001", "deposit-statement"):
        assert f"{PAGE}?before=2" in found(web, term), term
    for term in (invoice.number, "invoice october 2026"):
        assert f"/documents/invoices/{invoice.pk}/" in found(web, term), term
    for other in (client_of(stranger), client_of(people[Role.CUSTOMER_SERVICE])):
        assert f"{PAGE}?before=2" not in found(other, "statement mar 2026")
        assert f"/documents/invoices/{invoice.pk}/" not in found(other, invoice.number)
