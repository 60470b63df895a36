"""The permission table, and the access walk: every URL × every person (trust: R1, W1).

What each person should get comes from the table and from the mark that every view carries; a view with
neither a permission nor "public" fails.
"""

import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError
from django.db.models import Exists
from django.http import HttpResponse
from django.template import Template
from django.test import Client
from django.test.utils import _TestState
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.models import Activity, Member, User
from accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from accounts.sign_in import backend
from accounts.sign_in.reauthentication import REAUTHENTICATED_AT
from developer.api import door
from flipdash import backoffice, clock
from flipdash.actors import Actor
from flipdash.histories import History
from flipdash.menu import landmark, menu_for, sections
from flipdash.mode import UNPREFIXED
from flipdash.scope import Scope, TenantQuerySet
from tests import factories
from tests.forms_and_rows import fingerprint, forms_of

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
BRIEF = ("get", "post")
THOROUGH = ("nobody", str(Role.ADMIN), str(Role.CUSTOMER_SERVICE))
"""Who tries a route by every method: who may do nothing, who may do all, and who may do the least.

Everybody else sends GET, HEAD and POST with their own rows, and GET and POST with another's or the other mode's:
what stands before the views (sign-in, mode, `@requires`) doesn't ask for the method.
"""


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
    operators_too: bool = False
    or_one_of: tuple[str, ...] = ()
    """Other permissions that open it, too."""

    @property
    def is_of_both_modes(self) -> bool:
        """Whether its rows belong to a business or a person, whatever the mode."""
        return self.pattern.startswith(("members/<", "members/invitations/", "my-profile/"))

    @property
    def is_personal(self) -> bool:
        """Whether its rows are one person's own."""
        return self.pattern.startswith("my-profile/")

    @property
    def is_the_askers(self) -> bool:
        """Whether only who asked for a row may act on it, and an Admin."""
        acts = ("edit/", "pausing/", "running/", "deletion/")
        of_schedules = tuple(f"documents/schedules/<bigid:schedule_id>/{act}" for act in acts)
        cancellations = (
            "documents/reports/<int:number>/cancellation/",
            "documents/statements/<int:statement_number>/cancellation/",
        )
        return self.pattern in {*cancellations, *of_schedules}

    def path(self, ids: dict[str, str]) -> str:
        """Fill the pattern's parts from the rows of one business and mode."""
        path = "/" + re.sub(r"\^\(\?P<app_label>(\w+)[^)]*\)/\$", r"\1/", self.pattern)  # the back office's one regex
        for part, value in ids.items():
            path = path.replace(part, value)
        assert "<" not in path, f"the walk has no row for {self.pattern}"
        return path


SAME_FOR_ALL = {
    "<event:event>": "top-up",
    "reference/v<int:version>/<slug:name>": "reference/v3/getBalance",
    "reference/v<int:version>": "reference/v3",
}
"""Parts of addresses that name no row but something that everybody has, each with one such name."""


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[Route]:
    """Yield every address that the site routes."""
    for pattern in (resolver or get_resolver()).url_patterns:
        whole = prefix + str(pattern.pattern)
        for part, name in SAME_FOR_ALL.items():
            whole = whole.replace(part, name)
        if isinstance(pattern, URLPattern):
            mark = getattr(pattern.callback, "permission", None)
            too, others = (getattr(pattern.callback, name, ()) for name in ("operators_too", "or_one_of"))
            yield Route(whole, mark, bool(too), others)
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
        "international-transfers": {
            **{"beneficiary_name": mark, "transfer_kind": "B2B", "details": {"city": mark}},
            "attachment": factories.make_attachment(member.business, f"{mark}.pdf"[-100:], mode=mode),
        },
        "payments": {"sender_name": mark, "title": mark, "link": link},
    }
    made = {name: make(member.business, mode=mode, **marks[name]) for name, make in factories.MAKERS.items()}
    rows = {name: row.pk for name, row in made.items()}
    receipt_link = factories.make_receipt_link(member, made["money-transfers"], to=f"{mark.lower()}@example.test")
    report = factories.make_report(  # its number is nobody else’s
        member,
        mode=mode,
        status="ready",
        file_name=mark,
        stored_as=default_storage.save("walk/report.xls", ContentFile(mark.encode())),
        size=1,
        expires_at=timezone.now() + timedelta(days=1),
    )
    statement = factories.make_statement(
        member, mode=mode, status="ready", file_name=mark, stored_as=report.stored_as,
        **{"size": 1, "sha256": "0" * 64, "opening": 0, "closing": 0, "expires_at": report.expires_at},
    )  # fmt: skip
    refund = factories.make_refund(member.business, made["payments"], mode=mode, beneficiary_name=mark, cause=mark)
    settlement = factories.make_settlement(member.business, mode=mode)
    top_up = factories.make_top_up(member, mode=mode, note=mark)
    entry = factories.make_entry(member.business, mode=mode, by=Actor.named(mark))
    view = factories.make_view(member, mark, mode=mode)  # shared ones: tests/lists/test_views.py
    job = factories.make_import(
        member,
        mode=mode,
        status="failed",
        file_name=mark,
        faults_as=default_storage.save("walk/faults.csv", ContentFile(mark.encode())),
    )
    draft = factories.make_draft(member, mode=mode, mark=mark)
    by = replace(member.actor, name=mark).columns("by")
    callback_url = factories.make_callback_url(member, mode=mode)
    callback = factories.make_callback(callback_url, url=f"https://hooks.kopikita.com/{mark}")
    resend = factories.make_resend(member, callback, mode=mode)
    activity = Activity.objects.create(business=member.business, mode=mode, kind="report.made", area="report", **by)
    stored = default_storage.save("walk/invoice.pdf", ContentFile(mark.encode()))
    template = factories.make_template(member, mark[:60], mode=mode)
    schedule = factories.make_schedule(member, mark[:60], mode=mode)
    run = factories.make_run(schedule, report)
    invoice = factories.make_invoice(
        member.business, mode=mode, number=f"INV/{rows['payments']}"[:24], buyer_name=mark, stored_as=stored,
        sheet_stored_as=stored,
    )  # fmt: skip
    paper = factories.make_paper(member, invoice, number=mark[:40], stored_as=stored)
    return {
        "invoices/<bigid:pk>": f"invoices/{invoice.pk}",
        "<bigid:paper>": str(paper.pk),
        **{f"{name}/<bigid:pk>": f"{name}/{pk}" for name, pk in rows.items()},
        "deposit/history/<bigid:pk>": f"deposit/history/{entry.pk}",
        "refunds/<bigid:pk>": f"refunds/{refund.pk}",
        "payment-links/<bigid:pk>": f"payment-links/{link.pk}",
        "payments/settlements/<bigid:pk>": f"payments/settlements/{settlement.pk}",
        "top-ups/<bigid:pk>": f"top-ups/{top_up.pk}",
        "top-up-history/<bigid:pk>": f"top-up-history/{top_up.pk}",
        "members/activity/<bigid:pk>": f"members/activity/{activity.pk}",
        "developer/logs/<bigid:pk>": f"developer/logs/{factories.make_call(member, mode=mode, path=f'/{mark}').pk}",
        "callbacks/<bigid:pk>": f"callbacks/{callback.pk}",
        "<int:resend_number>": str(resend.number),
        "<path:object_id>": str(member.user.pk),
        "<int:pk>": "1",
        "<int:number>": str(report.number),
        "<int:statement_number>": str(statement.number),
        "<bigid:link>": str(receipt_link.pk),
        "<bigid:view>": str(view.pk),
        "<bigid:template>": str(template.pk),
        "<bigid:schedule_id>": str(schedule.pk),
        "<bigid:run>": str(run.pk),
        "disbursement/<id>": f"disbursement/{rows['money-transfers']}",
        "<bigid:key>": str(factories.make_key(member, mark, mode=mode).pk),
        "<int:import_number>": str(job.number),
        "<int:draft_number>": str(draft.number),
        "<bigid:series_id>": str(factories.make_series(member, mode=mode, beneficiary_name=mark).pk),
        "<bigid:batch_id>": str(batch.pk),
        **people_rows(member),
        **personal_rows(member),
        **UNKNOWN_KEYS,
    }


UNKNOWN_KEYS = {"<str:token>": "no-such-token", "<str:uidb36>": "1", "<str:key>": "no-such-key"}
"""What opens by a secret that nobody can guess."""


def people_rows(member) -> dict[str, str]:
    """Make what belongs to a business in both modes."""
    mark = marker(member.business, "people")
    colleague = factories.make_member(member.business, Role.REVIEWER, name=mark)
    invitation = factories.make_invitation(member, email=f"{mark}-{colleague.pk}@example.test".lower())
    return {
        "<bigid:member_id>": str(colleague.pk),
        "<bigid:invitation_id>": str(invitation.pk),
    }


def personal_rows(member) -> dict[str, str]:
    """Make what is one person's own, and not even their colleagues'."""
    factor, session = factories.make_passkey(member), factories.make_user_session(member)
    return {"<bigid:factor>": str(factor.pk), "<bigid:user_session>": str(session.pk)}


def content_of(response) -> str:
    return b"".join(response).decode(errors="replace")


def cause(response) -> str:
    """Return why a page broke: the test's browser keeps it, and shows what a person would see."""
    return "".join(traceback.format_exception(*response.exc_info)[-4:]) if response.exc_info else "no exception"


EVERYBODY_THERE_IS = [*map(str, Role), "stranger", "nobody", "deactivated", "operator"]

OUTSIDERS = ("deactivated", "operator")
"""Signed in, and nobody's member."""


SERIES = "money-transfers/create/repeating/<bigid:series_id>"
WRITING = {
    "documents/invoices/<bigid:pk>/": Permission.MANAGE_ACCOUNT,
    f"{SERIES}/pausing/": Permission.APPROVE_TRANSACTIONS,
    f"{SERIES}/stopping/": Permission.APPROVE_TRANSACTIONS,
}
"""Pages that more people may look at than may send their form of somebody else's, and what the form needs."""


def is_allowed(route: Route, member) -> bool:
    if route.mark == "everybody":
        return True
    return not ROLE_PERMISSIONS[Role(member.role)].isdisjoint({route.mark, *route.or_one_of})


def verdict(  # noqa: C901  # one question after the other, each with its answer
    route: Route, name, member, response, *, own_rows: bool, foreign_marks: list[str]
) -> str | None:
    """Return what is wrong with an answer, or None."""
    status, content = response.status_code, content_of(response)
    if name != "operator" and any(mark in content for mark in foreign_marks):
        return "shows another's row"
    if status >= 500:
        return f"broke: {cause(response)}"
    if route.mark == "public":
        return None
    if route.mark == door.MARK:
        return None if status in {401, 404} else f"answered {status} to who has no key"
    if name == "nobody":
        to_sign_in = status == 302 and response["Location"].startswith("/sign-in/")
        return None if to_sign_in else "let nobody in"
    if route.mark == backoffice.MARK:
        return None if name == "operator" or status == 404 else f"answered {status} in the back office"
    if name == "operator" and route.operators_too:
        return f"answered {status} for another's row" if "<" in route.pattern and status not in {404, 405} else None
    if name in OUTSIDERS:
        return None if status == 403 else f"answered {status} to somebody without a business"
    if not is_allowed(route, member):
        named = Permission(route.mark).label.replace("&", "&amp;") in content
        if response.request["REQUEST_METHOD"] == "HEAD":
            named = True
        return (
            None
            if status == 405 or (status == 403 and named)
            else f"answered {status} instead of a 403 that names the permission"
        )
    if route.is_the_askers and own_rows and name not in {Role.ADMIN, "stranger"}:  # the row is the Admin's
        named = Permission.MANAGE_MEMBERS.label in content or response.request["REQUEST_METHOD"] == "HEAD"  # no words
        return None if status == 405 or (status == 403 and named) else f"answered {status} for a colleague's row"
    if status == 403 and "reauth-password" not in content:
        writes = WRITING.get(route.pattern) if response.request["REQUEST_METHOD"] == "POST" else None
        if writes and not member.scope("live").can(writes) and writes.label.replace("&", "&amp;") in content:
            return None
        return "refused somebody who may"
    if "<" in route.pattern and not own_rows and status not in {404, 405}:
        return f"answered {status} for another's row"
    return None


def browser(user) -> Client:
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user)
        session = client.session
        session[REAUTHENTICATED_AT] = clock.now().timestamp()  # or the walk would end at re-authentication
        session.save()
    return client


class Walk:
    """Visits addresses as everybody there is, and keeps what was wrong."""

    def __init__(self, people: dict, stranger: Member) -> None:
        business = people[Role.ADMIN].business
        deactivated = factories.make_member(business, Role.ADMIN, is_active=False)
        operator = factories.make_operator(email="op@flipdash.test", name="Olga", password="gayo-arabika-88")
        self.members = {**{str(role): member for role, member in people.items()}, "stranger": stranger}
        users = {name: member.user for name, member in self.members.items()}
        self.users = {**users, "nobody": None, "deactivated": deactivated.user, "operator": operator}
        self.clients = {name: browser(user) for name, user in self.users.items()}
        self.own = {mode: rows_of(people[Role.ADMIN], mode) for mode in ("live", "test")}
        self.foreign = {mode: rows_of(stranger, mode) for mode in ("live", "test")}
        kinds = ("live", "test", "people")
        self.marks = {marker(b, kind) for b in (business, stranger.business) for kind in kinds}
        self.wrong: list[str] = []
        self.requests = 0

    def visit(self, name: str, route: Route, path: str, *, own_rows: bool, methods: tuple[str, ...] = METHODS) -> None:
        member = self.members.get(name)
        mode = "test" if path.startswith("/test/") else "live"
        own_marks = {marker(member.business, kind) for kind in (mode, "people")} if member else set()
        foreign_marks = sorted(self.marks - own_marks)
        for method in methods:
            response = getattr(self.clients[name], method)(path)
            self.requests += 1
            problem = verdict(route, name, member, response, own_rows=own_rows, foreign_marks=foreign_marks)
            if problem:
                self.wrong.append(f"{name} {method.upper()} {path}: {problem}")
            changes = method not in {"get", "head", "options"}
            try:
                if changes and self.users[name] and "_auth_user_id" not in self.clients[name].session:
                    self.clients[name] = browser(self.users[name])  # that was the way out
            except DatabaseError as error:
                raise AssertionError(f"{name} {method.upper()} {path} left the connection so: {self.wrong}") from error

    def go(self, route: Route, names: list[str]) -> None:
        """Visit one route as some of them: with one's own rows, another business's, and the other mode's."""
        prefixed = not f"/{route.pattern}".startswith(UNPREFIXED)
        for name in names:
            is_own = name == Role.ADMIN if route.is_personal else name != "stranger"
            # One door stands before the whole back office: seven of the eight roles try it by two methods.
            is_at_the_door = route.mark == backoffice.MARK and name in Role.values and name != Role.ADMIN
            methods = METHODS if name in THOROUGH else BRIEF if is_at_the_door else METHODS[:3]
            self.visit(name, route, route.path(self.own["live"]), own_rows=is_own, methods=methods)
            if route.mark == backoffice.MARK or name in OUTSIDERS:
                continue
            if prefixed and name != "nobody" and "<" not in route.pattern:
                self.visit(name, route, "/test" + route.path({}), own_rows=True, methods=BRIEF)
            if "<" in route.pattern:
                is_own_there = name == "stranger"
                self.visit(name, route, route.path(self.foreign["live"]), own_rows=is_own_there, methods=BRIEF)
                if prefixed and name != "nobody":
                    is_own_here = is_own and route.is_of_both_modes
                    path = "/test" + route.path(self.own["live"])
                    self.visit(name, route, path, own_rows=is_own_here, methods=BRIEF)


@pytest.fixture
def plain_templates(monkeypatch) -> None:
    """Render as in production: the test runner's renderer copies the context of every template that is included."""
    monkeypatch.setattr(Template, "_render", _TestState.saved_data.template_render)


@pytest.fixture
def walk(files, people, stranger, plain_templates, monkeypatch) -> Walk:
    monkeypatch.setattr(backoffice, "has_second_factor", lambda user: True)
    return Walk(people, stranger)


@pytest.mark.django_db(databases=["default", "operator"])
@pytest.mark.parametrize("name", EVERYBODY_THERE_IS)
def test_the_access_walk(walk, name):
    """One test for each person, so that several processes share them."""
    everything = list(routes())
    for route in everything:
        walk.go(route, [name])
    print(f"\naccess walk: {len(everything)} routes, {name}, {walk.requests} requests, {len(walk.wrong)} wrong")
    assert walk.wrong == []


@pytest.mark.django_db(databases=["default", "operator"])
def test_the_walk_is_walked_by_everybody(walk):
    assert list(walk.users) == EVERYBODY_THERE_IS


@pytest.mark.django_db
def test_every_part_of_an_address_has_a_row(files, admin):
    ids = rows_of(admin, "live")
    for route in routes():
        route.path(ids)  # or it says which has none


@pytest.mark.django_db(databases=["default", "operator"])
def test_a_stranger_changes_nothing_of_a_business(walk, kopi_kita):
    """trust: W1. With every method on every address of Kopi Kita's rows, and Kopi Kita's rows stay as they are."""
    before = fingerprint(kopi_kita.pk)
    for route in routes():
        walk.visit("stranger", route, route.path(walk.own["live"]), own_rows=False)
    assert fingerprint(kopi_kita.pk) == before


EXTRA = {
    "business": "{}",
    "business_id": "{}",
    "mode": "test",
    "member": "{}",
    "is_staff": "on",
    "status": "successful",
}
"""What no form has, and somebody adds (trust: R5)."""


@pytest.mark.django_db(databases=["default", "operator"])
def test_forms_with_another_businesss_ids_change_nothing_of_it(walk, kopi_kita, stranger, people):
    """trust: W1, W2, R5. Every form that the Admin is shown is sent with each of its fields naming another's row."""
    others = {(stranger.business.pk, None): None, (kopi_kita.pk, "test"): None}
    others = {of: fingerprint(*of) for of in others}
    staff = list(User.objects.filter(is_staff=True))
    ids = [*dict.fromkeys(value.rpartition("/")[2] for value in walk.foreign["live"].values()), str(stranger.pk)]
    extra = {name: value.format(stranger.business.pk) for name, value in EXTRA.items()}
    web, forms, sent = walk.clients[str(Role.ADMIN)], {}, 0
    for route in routes():
        path = route.path(walk.own["live"])
        answer = web.get(path)
        if answer.status_code == 200 and "text/html" in answer.get("Content-Type", ""):
            for form in forms_of(path, content_of(answer)):
                forms.setdefault((form.action, tuple(sorted(form.fields))), form)
    for form in forms.values():
        if form.action.startswith("/sign-out/"):
            continue
        for field in form.fields:
            for foreign in ids:
                answer = web.post(form.action, {**extra, **form.fields, field: foreign})
                sent += 1
                assert answer.status_code < 500, (form.action, field, foreign, cause(answer))
        for of, before in others.items():
            assert fingerprint(*of) == before, (form, of)
    assert list(User.objects.filter(is_staff=True)) == staff
    print(f"\nforms: {len(forms)} forms, {sent} sent with {len(ids)} foreign ids, 0 changes")
    assert len(forms) > 10


def _without_login(monkeypatch):
    monkeypatch.setattr("django.contrib.auth.middleware.LoginRequiredMiddleware.process_view", lambda *_a: None)


def _without_permissions(monkeypatch):
    monkeypatch.setattr(Scope, "can", lambda self, permission: True)


def _without_the_business(monkeypatch):
    monkeypatch.setattr(TenantQuerySet, "visible_to", lambda self, scope, **_k: self.filter(mode=scope.mode))
    monkeypatch.setattr(History, "visible_rows", lambda self: self.model.objects.filter(mode=self.scope.mode))


def _without_the_mode(monkeypatch):
    monkeypatch.setattr(
        TenantQuerySet, "visible_to", lambda self, scope, **_k: self.filter(business_id=scope.business.pk)
    )


def _without_asking_whose_it_is(monkeypatch):
    monkeypatch.setattr("documents.models.Report.may_be_cancelled_by", lambda self, scope: True)


def _without_deactivation(monkeypatch):
    everybody = Member.objects.select_related("business", "user").annotate(has_factor=Exists(backend.FACTORS))
    monkeypatch.setattr("accounts.sign_in.backend._members", lambda: everybody.order_by("pk"))


def _without_the_back_offices_door(monkeypatch):
    monkeypatch.setattr(User, "is_staff", property(lambda self: True, lambda self, value: None))


def _without_the_named_permission(monkeypatch):
    monkeypatch.setattr("flipdash.gate.refuse", lambda request, permission: HttpResponse(status=403))


def _without_the_page_for_who_has_no_business(monkeypatch):
    monkeypatch.setattr("accounts.middleware.ScopeMiddleware.process_view", lambda *_a: None)


GUARDS = {
    _without_login: ("nobody", "money-transfers/"),
    _without_permissions: (str(Role.MAKER), "members/activity/"),
    _without_the_business: ("stranger", "money-transfers/<bigid:pk>/"),
    _without_the_mode: (
        str(Role.ADMIN),
        "money-transfers/<bigid:pk>/",
    ),  # of most others the second wall keeps the mode
    _without_asking_whose_it_is: (str(Role.APPROVER), "documents/reports/<int:number>/cancellation/"),
    _without_deactivation: ("deactivated", "documents/reports/"),
    _without_the_back_offices_door: (str(Role.ADMIN), "admin/"),
    _without_the_named_permission: (str(Role.CUSTOMER_SERVICE), "documents/reports/"),
    _without_the_page_for_who_has_no_business: ("operator", "documents/reports/"),
}
"""What is taken away, and the walker and the route by which the walk has to notice."""


@pytest.mark.django_db(databases=["default", "operator"])
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__.strip("_"))
def test_the_walk_notices_when_a_guard_is_gone(walk, guard, monkeypatch):
    name, pattern = GUARDS[guard]
    route = next(route for route in routes() if route.pattern == pattern)
    walk.go(route, [name])
    assert walk.wrong == []
    guard(monkeypatch)
    walk.clients[name] = browser(walk.users[name])  # the old one holds on to the middleware as it was
    walk.go(route, [name])
    assert walk.wrong


@pytest.mark.django_db
@pytest.mark.parametrize(
    "route",
    [route.pattern for route in routes() if "<" in route.pattern and route.mark not in (backoffice.MARK, door.MARK)],
)
def test_foreign_and_missing_answer_the_same(files, web, stranger, route):
    """trust.md §1.4: byte for byte, so that an answer doesn't tell what exists."""
    missing = {
        "<int:number>": "999999",
        "<int:import_number>": "999999",
        "<int:draft_number>": "999999",
        "<bigid:batch_id>": "999999",
        "<bigid:series_id>": "999999",
        "<int:resend_number>": "999999",
        "<bigid:pk>": "1111111111111111111",
        "<bigid:view>": "999999",
        "<bigid:template>": "999999",
        "<bigid:schedule_id>": "999999",
        "<int:statement_number>": "999999",
        "<bigid:run>": "999999",
        "<bigid:link>": "999999",
        "<bigid:paper>": "999999",
        "<bigid:key>": "999999",
        "<bigid:member_id>": "999999",
        "<bigid:invitation_id>": "999999",
        "<bigid:factor>": "999999",
        "<bigid:user_session>": "999999",
        "<str:token>": "no-such-token-either",
        "<str:uidb36>": "9zzz",
        "<str:key>": "no-such-key-either",
    }
    answers = [web.get(Route(route, None).path(ids)) for ids in (rows_of(stranger, "live"), missing)]
    by_a_secret = any(part in route for part in UNKNOWN_KEYS)  # those say kindly that the link is of no use
    assert answers[0].status_code == answers[1].status_code != (0 if by_a_secret else 200)
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


def test_the_menu_stands_in_the_order_of_the_product():
    names = [(str(section.label), [str(entry.label) for entry in entries]) for section, entries in sections()]
    assert names == [
        ("Approvals", ["Approvals"]),
        ("Money Transfer", ["Create Transfer", "Bulk Transfer", "Transaction History"]),
        ("International Transfer", ["Create Transfer", "Transaction History"]),
        ("Accept Payment", ["Payment Links", "Payment History"]),
        ("My Deposit", ["Overview", "Deposit History", "Top-Up History"]),
        ("Refund", ["Refund History", "Request Refund"]),
        ("Document", ["Invoices", "Statements", "Reports", "Schedules", "Files"]),
        ("Manage Multi Account", ["Accounts", "Activity Log"]),
        ("Developer", ["Manage API", "Callback Deliveries", "API Logs", "API Reference"]),
        ("Settings", ["Account & Profile", "Import history"]),
    ]


@pytest.mark.parametrize(
    ("path", "section", "entry"),
    [
        ("/deposit/", "My Deposit", "Overview"),
        ("/deposit/history/", "My Deposit", "Deposit History"),
        ("/deposit/history/5/", "My Deposit", "Deposit History"),
        ("/deposit/top-up-history/5/", "My Deposit", "Top-Up History"),
        ("/deposit/top-up/", "My Deposit", None),  # forms behind buttons: the section alone
        ("/deposit/top-ups/5/", "My Deposit", None),
        ("/members/activity/", "Manage Multi Account", "Activity Log"),
        ("/members/add/", "Manage Multi Account", "Accounts"),
        ("/", None, None),
    ],
)
@pytest.mark.django_db
def test_menu_marks_where_one_is(scope, path, section, entry):
    menu = menu_for(scope.member.permissions, landmark(scope, path))
    assert [shown.label for shown in menu if shown.is_current] == [section] * (section is not None)
    assert [e.label for shown in menu for e in shown.entries if e.is_current] == [entry] * (entry is not None)
    assert [shown.label for shown in menu if shown.is_nearest] == [section] * (section is not None and entry is None)


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role)
def test_the_head_of_a_section_leads_to_its_first_page_that_the_role_may_open(client_of, people, role):
    browser = client_of(people[role])
    for section in menu_for(ROLE_PERMISSIONS[role], "/"):
        page = browser.get(section.url)
        assert page.status_code == 200
        marked = re.findall(
            r'<a class="sidebar__link[^"]*"\s+href="([^"]*)"\s+aria-current="page"', page.content.decode()
        )
        assert marked == [section.url]


@pytest.mark.django_db
def test_the_top_up_form_is_in_my_deposit_and_is_not_its_overview(web):
    content = web.get("/deposit/top-up/").content.decode()
    marked = re.findall(r'<a [^>]*?aria-current="(?:true|page)"[^>]*>(.*?)</a>', content, re.DOTALL)
    inside = [re.sub(r"<[^>]+>", " ", text).split() for text in marked]
    assert ["My", "Deposit"] in inside
    assert ["Overview"] not in inside


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/payments/?q=siti", "/payments/?q=siti"),
        ("http://testserver/documents/reports/", None),  # this page itself
        ("https://elsewhere.test/payments/", None),
        ("http://testserver//elsewhere.test/", None),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_403_leads_back_to_where_one_came_from_on_this_site(client_of, people, referer, back):
    page = client_of(people[Role.CUSTOMER_SERVICE]).get("/documents/reports/", headers={"Referer": referer})
    content = page.content.decode()
    assert page.status_code == 403
    assert (page.context["back_url"] or None) == back
    assert ("Back to Home" in content) == (back is None)
    assert (f'href="{back}">Back<' in content) == (back is not None)
    assert "elsewhere.test" not in content
