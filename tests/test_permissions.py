"""The permission table, and the wall walk: every URL × every person (trust: R1, W1).

What each person should get comes from the table and from the mark that every view carries; a view with
neither a permission nor "public" fails.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.models import Activity
from accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from accounts.proof import PROVED_AT
from flipdash import clock, events
from flipdash.mode import UNPREFIXED
from tests import factories

# product.md §3, row by row, written out again on purpose: a slip in the literal shows here.
EVERYBODY = set(Role)
EXPECTED = {
    Permission.VIEW_HISTORY: EVERYBODY,
    Permission.DOWNLOAD_REPORTS: EVERYBODY - {Role.CUSTOMER_SERVICE},
    Permission.TOP_UP_DEPOSIT: {Role.ADMIN, Role.APPROVER, Role.DEPOSIT_ADMIN, Role.EXECUTOR},
    Permission.CREATE_TRANSACTIONS: {Role.ADMIN, Role.EXECUTOR, Role.MAKER},
    Permission.APPROVE_TRANSACTIONS: {Role.ADMIN, Role.APPROVER, Role.EXECUTOR},
    Permission.REQUEST_REFUND: {Role.ADMIN, Role.DEPOSIT_ADMIN, Role.EXECUTOR, Role.CUSTOMER_SERVICE},
    Permission.MANAGE_API: {Role.ADMIN, Role.DEVELOPER},
    Permission.MANAGE_ACCOUNT: {Role.ADMIN},
    Permission.MANAGE_MEMBERS: {Role.ADMIN},
}
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


@pytest.mark.parametrize("permission", Permission)
def test_table_grants_exactly_what_the_product_says(permission):
    assert {role for role in Role if permission in ROLE_PERMISSIONS[role]} == EXPECTED[permission]


def test_only_customer_service_sees_recent_history_only(people):
    assert {role for role, member in people.items() if member.sees_recent_only} == {Role.CUSTOMER_SERVICE}


@dataclass(frozen=True)
class Route:
    """One address of the site."""

    pattern: str
    mark: str | None

    @property
    def is_of_both_modes(self) -> bool:
        """Whether its rows belong to a business, whatever the mode."""
        return self.pattern.startswith("members/")

    def path(self, ids: dict[str, str]) -> str:
        """Fill the pattern's parts from the rows of one business and mode."""
        path = "/" + self.pattern
        for part, value in ids.items():
            path = path.replace(part, value)
        assert "<" not in path, f"the walk has no row for {self.pattern}"
        return path


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[Route]:
    """Yield every address that the site routes."""
    for pattern in (resolver or get_resolver()).url_patterns:
        whole = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield Route(whole, getattr(pattern.callback, "permission", None))
        else:
            yield from routes(pattern, whole)


def test_every_route_says_who_may():
    silent = [route.pattern for route in routes() if route.mark is None]
    assert silent == []


def marker(business, mode) -> str:
    """What stands in every row of one business and mode, and nowhere else."""
    return f"Mark-of-{business.slug}-{mode}"


def rows_of(member, mode) -> dict[str, str]:
    """Make a row of each kind, marked as its business's and mode's, and say where its id goes in an address."""
    mark = marker(member.business, mode)
    batch = factories.make_batch(member.business, mark, mode=mode)
    link = factories.make_link(member.business, mark, mode=mode)
    marks = {
        "money-transfers": {"beneficiary_name": mark, "batch": batch},
        "international-transfers": {"beneficiary_name": mark},
        "payments": {"sender_name": mark, "title": mark, "link": link},
    }
    rows = {name: make(member.business, mode=mode, **marks[name]).pk for name, make in factories.MAKERS.items()}
    report = factories.make_report(  # its number is nobody else’s
        member,
        mode=mode,
        status="ready",
        file_name=mark,
        stored_as=default_storage.save("walk/report.xls", ContentFile(mark.encode())),
        size=1,
        expires_at=timezone.now() + timedelta(days=1),
    )
    top_up = factories.make_top_up(member, mode=mode, note=mark)
    events.record(member.scope(mode), "report.downloaded", file=mark)
    rows["members/activity"] = Activity.objects.filter(business=member.business, mode=mode).latest("id").pk
    view = factories.make_view(member, mark, mode=mode)  # shared ones: tests/workspace/test_views.py
    job = factories.make_import(
        member,
        mode=mode,
        status="failed",
        file_name=mark,
        faults_as=default_storage.save("walk/faults.csv", ContentFile(mark.encode())),
    )
    return {
        **{f"{name}/<bigid:pk>": f"{name}/{pk}" for name, pk in rows.items()},
        "top-ups/<bigid:pk>": f"top-ups/{top_up.pk}",
        "top-up-history/<bigid:pk>": f"top-up-history/{top_up.pk}",
        "<int:number>": str(report.number),
        "<bigid:view>": str(view.pk),
        "<int:import_number>": str(job.number),
        **people_rows(member),
        "<str:token>": "no-such-token",
    }


def people_rows(member) -> dict[str, str]:
    """Make what belongs to a business in both modes."""
    mark = marker(member.business, "people")
    colleague = factories.make_member(member.business, Role.REVIEWER, name=mark)
    invitation = factories.make_invitation(member, email=f"{mark}-{colleague.pk}@example.test".lower())
    return {"<bigid:member_id>": str(colleague.pk), "<bigid:invitation_id>": str(invitation.pk)}


def content_of(response) -> str:
    return b"".join(response).decode(errors="replace")


def is_allowed(route: Route, member) -> bool:
    if member is None or route.mark == "public":
        return route.mark == "public"
    return route.mark == "everybody" or Permission(route.mark) in ROLE_PERMISSIONS[Role(member.role)]


def verdict(route: Route, member, response, *, own_rows: bool, foreign_marks: list[str]) -> str | None:
    """Return what is wrong with an answer, or None."""
    status, content = response.status_code, content_of(response)
    if any(mark in content for mark in foreign_marks):
        return "shows another's row"
    if status >= 500:
        return "broke"
    if route.mark == "public":
        return None
    if member is None:
        to_sign_in = status == 302 and response["Location"].startswith("/sign-in/")
        return None if to_sign_in else "let nobody in"
    if not is_allowed(route, member):
        named = Permission(route.mark).label.replace("&", "&amp;") in content
        if response.request["REQUEST_METHOD"] == "HEAD":
            named = True
        return (
            None
            if status == 405 or (status == 403 and named)
            else f"answered {status} instead of a 403 that names the permission"
        )
    if status == 403:
        return "refused somebody who may"
    if "<" in route.pattern and not own_rows and status not in {404, 405}:
        return f"answered {status} for another's row"
    return None


def browser(member) -> Client:
    client = Client(raise_request_exception=False)
    if member:
        client.force_login(member.user)
        session = client.session
        session[PROVED_AT] = clock.now().timestamp()  # or the walk would end at the proof
        session.save()
    return client


@pytest.mark.django_db
def test_the_wall_walk(files, people, stranger, kopi_kita):
    deactivated = factories.make_member(kopi_kita, Role.ADMIN, is_active=False)
    own = {mode: rows_of(people[Role.ADMIN], mode) for mode in ("live", "test")}
    foreign = rows_of(stranger, "live")
    rows_of(stranger, "test")
    kinds = ("live", "test", "people")
    marks = {marker(business, kind) for business in (kopi_kita, stranger.business) for kind in kinds}
    walkers = {**{str(role): member for role, member in people.items()}, "nobody": None, "stranger": stranger}
    clients = {name: browser(member) for name, member in walkers.items()}
    wrong, requests = [], Counter()

    def walk(name, member, route, path, *, own_rows):
        for method in METHODS:
            response = getattr(clients[name], method)(path)
            if member and "_auth_user_id" not in clients[name].session:
                clients[name] = browser(member)  # that was the way out
            requests[name] += 1
            mode = "test" if path.startswith("/test/") else "live"
            own_marks = {marker(member.business, kind) for kind in (mode, "people")} if member else set()
            foreign_marks = sorted(marks - own_marks)
            if problem := verdict(route, member, response, own_rows=own_rows, foreign_marks=foreign_marks):
                wrong.append(f"{name} {method.upper()} {path}: {problem}")

    everything = list(routes())
    for route in everything:
        prefixed = not f"/{route.pattern}".startswith(UNPREFIXED)
        for name, member in walkers.items():
            in_both = route.is_of_both_modes and name != "stranger"
            walk(name, member, route, route.path(own["live"]), own_rows=name != "stranger")
            if prefixed and member and "<" not in route.pattern:
                walk(name, member, route, "/test" + route.path({}), own_rows=True)
            if "<" in route.pattern:
                walk(name, member, route, route.path(foreign), own_rows=name == "stranger")
                if prefixed and member:
                    walk(name, member, route, "/test" + route.path(own["live"]), own_rows=in_both)
        if prefixed and route.mark != "public":
            requests["deactivated"] += 1
            if browser(deactivated).get(route.path(own["live"])).status_code != 403:
                wrong.append(f"deactivated GET {route.pattern}: let in")

    print(
        f"\nwall walk: {len(everything)} routes, {len(walkers) + 1} people, "
        f"{requests.total()} requests, {len(wrong)} wrong"
    )
    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize("route", [route.pattern for route in routes() if "<" in route.pattern])
def test_foreign_and_missing_answer_the_same(files, web, stranger, route):
    """trust.md §1.4: byte for byte, so that an answer doesn't tell what exists."""
    missing = {
        "<int:number>": "999999",
        "<int:import_number>": "999999",
        "<bigid:pk>": "1111111111111111111",
        "<bigid:view>": "999999",
        "<bigid:member_id>": "999999",
        "<bigid:invitation_id>": "999999",
        "<str:token>": "no-such-token-either",
    }
    answers = [web.get(Route(route, None).path(ids)) for ids in (rows_of(stranger, "live"), missing)]
    assert answers[0].status_code == answers[1].status_code != 200
    assert answers[0].content == answers[1].content


@pytest.mark.django_db
@pytest.mark.parametrize("name", factories.MAKERS)
def test_ones_own_transaction_opens(files, web, admin, name):
    """Or the walk would meet nothing but 404s."""
    ids = rows_of(admin, "live")
    assert web.get(Route(f"{name}/<bigid:pk>/", None).path(ids)).status_code == 200
    assert web.get(Route(f"documents/receipts/{name}/<bigid:pk>/", None).path(ids)).status_code == 200


@pytest.mark.django_db
def test_403_names_the_permission_and_who_can_grant_it(client_of, people):
    answer = client_of(people[Role.CUSTOMER_SERVICE]).get("/documents/reports/")
    assert answer.status_code == 403
    assert "Download Transaction and Deposit Reports" in answer.content.decode()
    assert people[Role.ADMIN].user.email in answer.content.decode()


@pytest.mark.django_db
def test_menu_shows_only_what_the_role_may_use(client_of, people):
    admin = client_of(people[Role.ADMIN]).get("/money-transfers/").content.decode()
    service = client_of(people[Role.CUSTOMER_SERVICE]).get("/money-transfers/").content.decode()
    assert "/documents/reports/" in admin
    assert "/documents/reports/" not in service
