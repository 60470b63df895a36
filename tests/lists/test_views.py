"""Saved views: named, shared, made the default, opened later than their filters last, deleted."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.permissions import Role
from lists import services, settings
from lists.models import DefaultView, SavedView
from tests.factories import make_batch, make_member, make_transfer, make_view
from transactions.transfers.history import TransferHistory

pytestmark = pytest.mark.django_db
PAGE, ALL = "/money-transfers/", "/money-transfers/?view=all"


@pytest.fixture
def maker(kopi_kita):
    return make_member(kopi_kita, Role.MAKER, name="Dimas Maker")


def save(browser, name="Failed ones", query="status=failed", **fields):
    return browser.post("/views/new/", {"history": "money-transfers", "query": query, "name": name, **fields})


def menu(browser, url=ALL) -> list[str]:
    return re.findall(r'class="views__name"><bdi>(.*?)</bdi>', browser.get(url).content.decode())


def lands(browser, url) -> str:
    """Return where an address leads."""
    answer = browser.get(url, follow=True)
    return answer.redirect_chain[-1][0] if answer.redirect_chain else url


# --- Naming ----------------------------------------------------------------------------------------------------


def test_a_search_with_its_filters_gets_a_name(web, admin):
    answer = save(web, query="q=gayo&status=failed&status=cancelled")
    view = SavedView.objects.get()
    assert answer.status_code == 302
    assert view.query == "q=gayo&status=cancelled&status=failed"
    assert lands(web, answer["Location"]) == f"{PAGE}?{view.query}"
    assert menu(web) == ["Failed ones"]
    page = web.get(f"{PAGE}?{view.query}").content.decode()
    assert re.search(r"View <strong><bdi>Failed ones</bdi></strong>", page)


def test_the_form_says_what_will_be_saved(web):
    content = web.get("/views/new/?history=money-transfers&query=status%3Dfailed%26q%3Dgayo").content.decode()
    assert "<strong>Failed</strong>" in content
    assert "<strong>gayo</strong>" in content


def test_a_view_can_keep_the_columns_of_now(web, admin):
    services.choose_columns(admin.scope("live"), TransferHistory, ["amount", "id"])
    save(web, keep_columns="on")
    assert SavedView.objects.get().query == "columns=amount&columns=id&status=failed"
    services.reset_columns(admin.scope("live"), TransferHistory)
    make_transfer(admin.business, status="failed")
    answer = web.get(f"/views/{SavedView.objects.get().pk}/", follow=True)
    assert re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', answer.content.decode()) == [
        "Amount",
        "Transaction ID",
        "Failure Reason",
    ]  # what a filter brings comes last
    assert 'name="columns" value="amount"' in answer.content.decode()  # a new search keeps them


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "\x00", "abc\u202edef\u200b"])
def test_a_name_that_cannot_be_is_said_beside_the_field(web, name):
    answer = save(web, name=name)
    assert answer.status_code == 200
    assert 'id="id_name_error"' in answer.content.decode()
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("again", ["Failed ones", " failed  ONES "])
def test_saving_twice_under_one_name_is_said_beside_the_field(web, again):
    save(web)
    answer = save(web, name=again, query="status=cancelled")
    assert answer.status_code == 200
    assert "There is already a view of this name here" in answer.content.decode()
    assert SavedView.objects.count() == 1


def test_a_name_is_ones_own(web, client_of, maker, admin):
    save(web)
    assert save(client_of(maker)).status_code == 302
    assert web.post("/test/views/new/", {"history": "money-transfers", "name": "Failed ones"}).status_code == 302
    assert SavedView.objects.count() == 3


def test_a_name_is_text(web):
    save(web, name="<script>alert(1)</script>")
    for url in (ALL, "/views/", f"/views/{SavedView.objects.get().pk}/deletion/", f"{PAGE}?status=failed"):
        content = web.get(url).content.decode()
        assert "<script>alert" not in content
        assert "&lt;script&gt;alert(1)" in content


@pytest.mark.parametrize("query", ["status=gone", "nobody=knows", "q=\x00", "date_from=tomorrow", "columns=gone"])
def test_what_shows_nothing_cannot_be_saved(web, query):
    answer = save(web, query=query)
    assert answer["Location"].startswith(PAGE)
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("roles", [["boss"], ["maker", "boss"]])
def test_an_unknown_role_is_refused(web, roles):
    assert "Choose from these roles." in save(web, roles=roles).content.decode()
    assert not SavedView.objects.exists()


def test_pages_and_the_word_everything_are_not_saved(web):
    save(web, query="view=all&before=x&status=failed")
    assert not SavedView.objects.exists()  # the cursor is not of this history
    save(web, query="view=all&status=failed")
    assert SavedView.objects.get().query == "status=failed"


def test_there_is_no_limit(web, admin, monkeypatch):
    monkeypatch.setattr(settings, "MOST_IN_MENU", 3)
    for number in range(5):
        make_view(admin, name=f"View {number}")
    services.make_default(admin.scope("live"), SavedView.objects.get(name="View 4"))
    assert menu(web) == ["View 0", "View 1", "View 4"]  # the default first of all
    assert "Find more views" in web.get(ALL).content.decode()
    assert web.get("/views/").content.decode().count('class="view-row"') == 5


def test_the_page_of_all_views_says_whose_they_are_and_of_what(web, admin, maker):
    make_view(admin, name="Mine")
    make_view(maker, name="Theirs", roles=[Role.ADMIN, Role.MAKER])
    rows = re.findall(r'(?s)<li class="view-row">.*?</li>', web.get("/views/").content.decode())
    mine, theirs = (" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows)
    assert mine.startswith("Mine Money Transfer · Transaction History · only for you")
    assert theirs.startswith("Theirs Money Transfer · Transaction History · by Dimas Maker · shared with Admin, Maker")
    assert "Make default" in mine


# --- Sharing ---------------------------------------------------------------------------------------------------


def test_a_view_is_its_owners_until_shared(web, client_of, maker):
    save(web)
    assert menu(client_of(maker)) == []
    assert client_of(maker).get(f"/views/{SavedView.objects.get().pk}/").status_code == 404


def test_a_shared_view_is_seen_by_the_chosen_roles_only(web, client_of, people):
    save(web, roles=["maker", "reviewer"])
    view = SavedView.objects.get()
    for role, member in people.items():
        sees = role in {Role.MAKER, Role.REVIEWER}
        browser = client_of(member)
        assert menu(browser) == (["Failed ones"] if sees else [])
        # who manages the people may change what is shared, so they can open it
        assert browser.get(f"/views/{view.pk}/").status_code == (302 if sees or role == Role.ADMIN else 404)


@pytest.mark.parametrize("path", ["", "edit/", "deletion/", "default/"])
def test_another_businesss_or_modes_view_is_missing(web, client_of, stranger, admin, path):
    """trust: W1."""
    everybody = list(Role.values)
    theirs, tests = make_view(stranger, roles=everybody), make_view(admin, mode="test", roles=everybody)
    for method in (web.get, web.post):
        for view in (theirs, tests):
            assert method(f"/views/{view.pk}/{path}").status_code in {404, 405}
    assert SavedView.objects.count() == 2
    assert not DefaultView.objects.exists()
    assert menu(web) == []
    missing = web.get("/views/9223372036854775806/")
    assert missing.content == web.get(f"/views/{theirs.pk}/").content


def test_only_the_owner_or_an_admin_changes_a_shared_view(client_of, kopi_kita, maker, people, admin):
    view = make_view(maker, roles=[Role.MAKER, Role.REVIEWER])
    for method, path in (("get", "edit"), ("post", "edit"), ("get", "deletion"), ("post", "deletion")):
        answer = getattr(client_of(people[Role.REVIEWER]), method)(f"/views/{view.pk}/{path}/", {"name": "Mine now"})
        assert answer.status_code == 403
        assert "Multi Account Settings" in answer.content.decode()
    view.refresh_from_db()
    assert view.name == "Failed ones"
    answer = client_of(admin).post(f"/views/{view.pk}/edit/", {"name": "Failed, all", "roles": ["approver"]})
    view.refresh_from_db()
    assert (answer.status_code, view.name, view.roles, view.member) == (302, "Failed, all", ["approver"], maker)
    assert client_of(admin).post(f"/views/{view.pk}/deletion/").status_code == 302
    assert not SavedView.objects.exists()


def test_what_is_not_shared_is_not_an_admins_either(web, maker):
    view = make_view(maker)
    for path in ("", "edit/", "deletion/"):
        assert web.get(f"/views/{view.pk}/{path}").status_code == 404
    assert web.post(f"/views/{view.pk}/deletion/").status_code == 404


def test_renaming_to_a_taken_name_is_said_beside_the_field(web, admin):
    make_view(admin, name="Failed")
    view = make_view(admin, name="Other")
    content = web.post(f"/views/{view.pk}/edit/", {"name": "failed"}).content.decode()
    assert "There is already a view of this name here" in content
    view.refresh_from_db()
    assert view.name == "Other"


def test_deleting_asks_first_and_works_once(web, client_of, admin, maker):
    view = make_view(admin, roles=[Role.MAKER])
    services.make_default(maker.scope("live"), view)
    question = web.get(f"/views/{view.pk}/deletion/").content.decode()
    assert "shared with: Maker" in question
    assert "For 1 person the history opens with it now" in question
    assert SavedView.objects.exists()
    assert web.post(f"/views/{view.pk}/deletion/").status_code == 302
    assert web.post(f"/views/{view.pk}/deletion/").status_code == 404
    assert not SavedView.objects.exists()
    assert client_of(maker).get(PAGE).status_code == 200  # it was their default


def test_wrong_methods(web, admin):
    view = make_view(admin)
    for path in ("/views/", f"/views/{view.pk}/"):
        assert web.post(path).status_code == 405
    assert web.get(f"/views/{view.pk}/default/").status_code == 405
    assert web.get("/views/default/removal/").status_code == 405
    assert web.put("/views/new/").status_code == 405


# --- The default -------------------------------------------------------------------------------------------------


def test_a_history_opens_with_the_persons_default(web, client_of, admin, maker):
    make_transfer(admin.business, beneficiary_name="Seen Anyway")
    view = make_view(admin, roles=[Role.MAKER])
    for _twice in range(2):
        assert web.post(f"/views/{view.pk}/default/").status_code == 302
    assert DefaultView.objects.count() == 1
    assert lands(web, PAGE) == f"{PAGE}?status=failed"
    assert client_of(maker).get(PAGE).status_code == 200  # it is the Admin's alone
    assert web.get("/test" + PAGE).status_code == 200
    shown = web.get(PAGE, follow=True).content.decode()
    assert re.search(r'View <strong><bdi>Failed ones</bdi></strong>.*?href="/money-transfers/\?view=all"', shown, re.S)
    assert "Seen Anyway" not in shown
    assert "Seen Anyway" in web.get(ALL).content.decode()


def test_every_way_to_everything_minds_the_default(web, admin):
    """A "Clear all" that led to the default view would clear nothing."""
    services.make_default(admin.scope("live"), make_view(admin))
    for url in (f"{PAGE}?status=failed", f"{PAGE}?q=nothing-like-this", f"{PAGE}?nobody=knows"):
        main = web.get(url).content.decode().partition("<main")[2]
        assert f'href="{PAGE}"' not in main
        assert f'href="{ALL}"' in main
    answer = web.post("/documents/reports/", {"history": "money-transfers", "query": "view=all"})
    assert answer["Location"] == ALL
    assert 'value="view=all"' in web.get(ALL).content.decode()


def test_an_empty_search_is_not_the_bare_address(web, admin):
    services.make_default(admin.scope("live"), make_view(admin))
    assert web.get(f"{PAGE}?q=").status_code == 200


def test_a_default_of_everything_does_not_go_round_in_circles(web, admin):
    services.make_default(admin.scope("live"), make_view(admin, query=""))
    assert lands(web, PAGE) == ALL


def test_a_new_view_can_become_the_default_and_cease_to_be(web):
    save(web, is_default="on")
    assert lands(web, PAGE) == f"{PAGE}?status=failed"
    for _twice in range(2):
        assert web.post("/views/default/removal/", {"history": "money-transfers"}).status_code == 302
    assert web.get(PAGE).status_code == 200
    assert web.post("/views/default/removal/", {"history": "gone"}).status_code == 404


def test_a_default_that_is_no_longer_shared_is_not_opened(client_of, admin, maker):
    view = make_view(admin, roles=[Role.MAKER])
    services.make_default(maker.scope("live"), view)
    assert lands(client_of(maker), PAGE) == f"{PAGE}?status=failed"
    services.change_view(view, by=admin.scope("live"), name=view.name, roles=[])
    assert client_of(maker).get(PAGE).status_code == 200


# --- What no longer exists ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "words", "left", "said"),
    [
        (
            "channel=va&status=failed",
            {"channel": "Channel"},
            "status=failed",
            "named “Channel”, which no longer exists: it",
        ),
        (
            "status=failed&status=stuck",
            {"status": "Status", "status=stuck": "Stuck"},
            "status=failed",
            "“Status: Stuck”",
        ),
        ("columns=old&columns=fee", {"columns": "Column", "columns=old": "Old"}, "columns=fee", "“Column: Old”"),
        ("channel=va", {"channel": "Channel"}, "view=all", "This view named “Channel”"),
        ("a=1&b=2", {}, "view=all", "This view named “a”, “b”, which no longer exist: they were left out."),
    ],
)
def test_a_view_still_opens_and_says_what_was_dropped(web, admin, query, words, left, said):
    make_transfer(admin.business, status="failed")
    view = make_view(admin, query=query, words=words)
    assert "<tr data-href" not in web.get(f"{PAGE}?{query}").content.decode()  # typed, the same shows nothing
    for opened in (f"/views/{view.pk}/", None):
        if opened is None:
            services.make_default(admin.scope("live"), view)
        answer = web.get(opened or PAGE, follow=True)
        assert answer.redirect_chain == [(f"{PAGE}?{left}", 302)]
        assert said in answer.content.decode()
        assert "<tr data-href" in answer.content.decode()


def test_a_deleted_batch_is_dropped_by_its_name(web, admin):
    batch = make_batch(admin.business, "Payroll Nov 2026")
    save(web, query=f"batch={batch.pk}")
    batch.delete()
    assert "“Batch: Payroll Nov 2026”" in web.get(f"/views/{SavedView.objects.get().pk}/", follow=True).content.decode()


def test_another_businesss_batch_in_a_view_is_dropped(web, admin, stranger):
    """A view's query is read under the scope of whoever opens it."""
    batch = make_batch(stranger.business, "Theirs")
    answer = web.get(f"/views/{make_view(admin, query=f'batch={batch.pk}').pk}/", follow=True)
    assert "Theirs" not in answer.content.decode()
    assert answer.redirect_chain == [(ALL, 302)]


def test_a_view_of_a_history_that_is_gone_can_only_be_deleted(web, admin):
    view = make_view(admin, history="carrier-pigeons")
    assert web.get(f"/views/{view.pk}/").status_code == 404
    assert "Its history no longer exists." in web.get("/views/").content.decode()
    assert web.post(f"/views/{view.pk}/deletion/").status_code == 302


# --- Scopes --------------------------------------------------------------------------------------------------------


def test_a_shared_view_never_shows_customer_service_more(client_of, admin, customer_service):
    """trust: the last 7 days, unless a search word of 3 characters leads further: in a view as anywhere."""
    old = timezone.now() - timedelta(days=30)
    make_transfer(admin.business, beneficiary_name="Long Ago", created_at=old, status="failed")
    make_transfer(admin.business, beneficiary_name="Today", status="failed")
    shared = [Role.CUSTOMER_SERVICE]
    dates = urlencode({"date_from": f"{old - timedelta(days=1):%Y-%m-%d}", "status": "failed"})
    by_filter, by_word = make_view(admin, query=dates, roles=shared), make_view(admin, "b", query="q=lo", roles=shared)
    browser = client_of(customer_service)
    services.make_default(customer_service.scope("live"), by_filter)
    for url in (f"/views/{by_filter.pk}/", PAGE, f"/views/{by_word.pk}/"):
        assert "Long Ago" not in browser.get(url, follow=True).content.decode()
    assert "Today" in browser.get(PAGE, follow=True).content.decode()


def test_a_history_that_the_role_may_not_see_has_no_views(web, admin, monkeypatch):
    view = make_view(admin)
    monkeypatch.setattr(TransferHistory, "permission", "nobody:may")
    assert web.get(f"/views/{view.pk}/").status_code == 404
    assert web.get("/views/new/?history=money-transfers").status_code == 404
    assert "Failed ones" not in web.get("/views/").content.decode()


def test_the_database_refuses_a_default_of_another_scope(admin, stranger):
    view = make_view(stranger)
    with pytest.raises(IntegrityError), transaction.atomic():
        DefaultView.objects.create(
            business=admin.business, mode="live", member=admin, history="money-transfers", view=view
        )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("fields", [{"name": ""}, {"roles": ["boss"]}, {"mode": "none"}])
def test_the_database_refuses_a_view_that_cannot_be(admin, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_view(admin, **fields)


def test_many_views_cost_no_more_queries(web, admin, maker):
    counts = []
    for more in (1, 20):
        for number in range(more):
            make_view(admin, name=f"Mine {more} {number}")
            make_view(maker, name=f"Shared {more} {number}", roles=[Role.ADMIN])
        with CaptureQueriesContext(connection) as queries:
            web.get(ALL)
        counts.append(len(queries))
    assert counts[1] <= counts[0] <= 26


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/money-transfers/", "All transactions"),
        ("/deposit/history/", "All entries"),
        ("/deposit/top-up-history/", "All top-ups"),
        ("/members/activity/", "All events"),
    ],
)
def test_the_way_back_to_everything_says_of_what(web, address, words):
    content = web.get(address).content.decode()
    assert re.search(rf"</svg>\s*{words}\s*</a>", content)
