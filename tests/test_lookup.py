"""The box over everything: what it finds, for whom, and where a whole number leads."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.permissions import Role
from flipdash import clock, db, lookup, menu
from flipdash.mode import Mode
from tests import factories

pytestmark = pytest.mark.django_db
BOX = "/find/"
MOST_QUERIES = 98
"""Of one look: thirteen kinds of things, each within a limit of time of its own, which takes three."""


def look(browser, term, url=BOX):
    """Return what the box shows under a field while one types, as labels by the head of their group."""
    answer = browser.get(url, {"q": term}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return {str(group.label): [hit.label for hit in group.hits] for group in answer.context["found"].groups}


@pytest.fixture
def everything(kopi_kita, admin):
    """Something of each kind that is called Zulaikha, and what Zulaikha's are not."""
    factories.make_transfer(kopi_kita, beneficiary_name="Zulaikha Putri", external_id="TRX-77")
    factories.make_international(kopi_kita, beneficiary_name="Zulaikha Overseas")
    factories.make_payment(kopi_kita, sender_name="Zulaikha Paying")
    factories.make_top_up(admin, note="Zulaikha asked for it")
    factories.make_member(kopi_kita, Role.MAKER, name="Zulaikha Colleague")
    factories.make_report(admin, file_name="Kopi-Kita_Zulaikha_R000001.xls")
    factories.make_transfer(kopi_kita, beneficiary_name="Budi")


# --- What is found ---------------------------------------------------------------------------------------------------


def test_all_kinds_of_things_are_found_by_one_word(web, everything):
    assert look(web, "zulaikha") == {
        "Money Transfer · Transaction History": ["Zulaikha Putri"],
        "International Transfer · Transaction History": ["Zulaikha Overseas"],
        "Accept Payment · Payment History": ["Zulaikha Paying"],
        "My Deposit · Top-Up History": ["BCA"],
        "People": ["Zulaikha Colleague"],
        "Reports": ["Kopi-Kita_Zulaikha_R000001.xls"],
    }


def test_people_and_pages_stand_before_rows_of_which_there_are_many(web, kopi_kita, everything):
    assert next(iter(look(web, "zulaikha"))) == "People"
    factories.make_transfer(kopi_kita, beneficiary_name="Deposit")
    assert next(iter(look(web, "deposit"))) == "Pages"


def test_a_page_that_is_called_so_itself_stands_before_others_of_its_section(web):
    assert look(web, "top-up deposit")["Pages"][0] == "Top-Up Deposit"
    assert look(web, "deposit history")["Pages"][0] == "Deposit History"


def test_every_line_leads_to_a_page_that_is_there(web, everything):
    hits = [hit for group in web.get(BOX, {"q": "zulaikha"}).context["found"].groups for hit in group.hits]
    for url in {hit.url for hit in hits}:
        assert web.get(url).status_code == 200


@pytest.mark.parametrize("role", Role)
def test_nobody_is_offered_what_the_role_may_not_open(client_of, people, role):
    scope, browser = people[role].scope("live"), client_of(people[role])
    pages = list(menu.pages_for(scope))
    assert len(pages) > 5
    for page in pages:
        answer = browser.get(page.url)
        assert answer.status_code in {200, 302}, page.url
        assert "re-authentication" not in answer.headers.get("Location", "") or page.url.endswith("/password/")


@pytest.mark.parametrize(("role", "sees"), [(Role.ADMIN, True), (Role.MAKER, False), (Role.CUSTOMER_SERVICE, False)])
def test_people_are_for_whoever_manages_them(client_of, people, everything, role, sees):
    assert ("People" in look(client_of(people[role]), "zulaikha")) == sees


def test_reports_are_for_whoever_may_download_them(client_of, people, everything):
    assert "Reports" in look(client_of(people[Role.REVIEWER]), "zulaikha")
    assert "Reports" not in look(client_of(people[Role.CUSTOMER_SERVICE]), "zulaikha")
    assert "Reports" not in look(client_of(people[Role.CUSTOMER_SERVICE]), "R000001")


def test_another_business_and_the_other_mode_find_nothing(web, client_of, stranger, everything):
    assert look(client_of(stranger), "zulaikha") == {}
    assert list(look(web, "zulaikha", "/test" + BOX)) == ["People"]


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize(
    ("term", "page"),
    [
        ("deposit hist", "/deposit/history/"),
        ("riwayat deposit", "/deposit/history/"),
        ("top-up", "/deposit/top-up/"),
        ("tambah akun", "/members/new/"),
        ("add account", "/members/new/"),
        ("LAPORAN", "/documents/reports/"),
        ("security policy", "/settings/account/#security"),
        ("kebijakan keamanan", "/settings/account/#security"),
        ("profil", "/my-profile/"),
    ],
)
def test_pages_are_found_by_their_names_in_both_languages(web, admin, language, term, page):
    admin.user.language = language
    admin.user.save()
    groups = web.get(BOX, {"q": term}).context["found"].groups
    assert page in [hit.url for group in groups for hit in group.hits]


def test_without_a_word_it_shows_the_pages_of_the_menu_and_asks_nothing_of_histories(web, scope, everything):
    with CaptureQueriesContext(connection) as queries:
        found = lookup.look_up(scope, "  ")
    assert [str(group.label) for group in found.groups] == ["Pages"]
    assert {hit.url for hit in found.groups[0].hits} >= {"/money-transfers/", "/documents/reports/", "/members/"}
    assert len(queries) == 0
    assert "Zulaikha Putri" not in web.get(BOX).content.decode()


def test_a_group_is_short_and_says_where_all_of_it_is(web, kopi_kita):
    for _row in range(lookup.LINES + 1):
        factories.make_transfer(kopi_kita, beneficiary_name="Wulan")
    page = web.get(BOX, {"q": "wulan"})
    (group,) = page.context["found"].groups
    assert len(group.hits) == lookup.LINES
    assert group.more_url == "/money-transfers/?q=wulan"
    assert 'href="/money-transfers/?q=wulan"' in page.content.decode()


# --- Where numbers lead ----------------------------------------------------------------------------------------------


def test_a_whole_number_leads_straight_there(web, admin, kopi_kita):
    transfer = factories.make_transfer(kopi_kita, external_id="Trx-0077/A")
    payment = factories.make_payment(kopi_kita, reference="VA261127935250")
    abroad, top_up = factories.make_international(kopi_kita), factories.make_top_up(admin)
    factories.make_report(admin, number=12, file_name="a.xls")
    leads = {
        str(transfer.pk): f"/money-transfers/{transfer.pk}/",
        f" {str(transfer.pk)[:10]} {str(transfer.pk)[10:]}": f"/money-transfers/{transfer.pk}/",
        "trx-0077/a": f"/money-transfers/{transfer.pk}/",
        str(payment.pk): f"/payments/{payment.pk}/",
        "va261127935250": f"/payments/{payment.pk}/",
        str(abroad.pk): f"/international-transfers/{abroad.pk}/",
        str(top_up.pk): f"/deposit/top-up-history/{top_up.pk}/",
        "r12": "/documents/reports/?before=13",
        "R000012": "/documents/reports/?before=13",
        admin.user.email: f"/members/{admin.pk}/",
    }
    for term, url in leads.items():
        answer = web.get(BOX, {"q": term})
        assert (answer.status_code, answer.headers.get("Location")) == (302, url), term
    report = web.get("/documents/reports/?before=13").context["rows"][0]
    assert report.number == 12


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_what_something_left_in_the_ledger_doesnt_stand_in_its_way(web, kopi_kita):
    top_up = factories.make_top_up_in(kopi_kita, status="successful")
    assert list(look(web, str(top_up.pk))) == ["My Deposit · Top-Up History", "My Deposit · Deposit History"]
    assert web.get(BOX, {"q": top_up.pk})["Location"] == f"/deposit/top-up-history/{top_up.pk}/"


def test_a_number_that_two_things_have_leads_to_a_choice(web, kopi_kita):
    factories.make_transfer(kopi_kita, external_id="INV-1")
    factories.make_payment(kopi_kita, external_id="INV-1")
    page = web.get(BOX, {"q": "inv-1"})
    assert page.status_code == 200
    assert page.context["found"].count == 2


def test_a_name_leads_nowhere_by_itself(web, everything):
    assert web.get(BOX, {"q": "zulaikha putri"}).status_code == 200


def test_another_businesss_number_and_the_other_modes_lead_nowhere(web, kopi_kita, stranger, toko_sebelah):
    theirs = factories.make_transfer(toko_sebelah, external_id="THEIRS-1")
    tests = factories.make_transfer(kopi_kita, mode=Mode.TEST)
    report = factories.make_report(stranger, number=7)
    for term in (theirs.pk, "THEIRS-1", tests.pk, f"R{report.number:06d}", stranger.user.email):
        page = web.get(BOX, {"q": term})
        assert page.status_code == 200
        assert page.context["found"].count == 0
    assert web.get("/test" + BOX, {"q": tests.pk})["Location"] == f"/test/money-transfers/{tests.pk}/"


def test_customer_service_is_shown_older_ones_by_words_and_numbers_alone(client_of, customer_service, kopi_kita):
    old = clock.now() - timedelta(days=40)
    aged = factories.make_transfer(kopi_kita, beneficiary_name="Zulaikha", status="failed", created_at=old)
    browser = client_of(customer_service)
    assert look(browser, "zulaikha") == {"Money Transfer · Transaction History": ["Zulaikha"]}
    assert look(browser, "failed") == {}
    assert look(browser, "Zu") == {}
    assert web_location(browser, aged.pk) == f"/money-transfers/{aged.pk}/"


def web_location(browser, term):
    return browser.get(BOX, {"q": term}).headers.get("Location")


# --- Its limits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("term", ["zulaikha", "zu", "1850000", "2611270503315315094", "sri failed last week", "R12"])
def test_it_asks_a_bounded_number_of_queries(scope, everything, kopi_kita, term):
    counts = []
    for _more in range(3):
        for make in factories.MAKERS.values():
            for _row in range(lookup.LINES + 1):
                make(kopi_kita, amount=1_850_000)
        factories.make_member(kopi_kita, Role.MAKER, name="Zulaikha Too")
        with CaptureQueriesContext(connection) as queries:
            lookup.look_up(scope, term)
        counts.append(len(queries))
    assert counts[2] <= counts[1] <= MOST_QUERIES


def test_what_takes_too_long_is_left_out_and_said(web, everything, monkeypatch):
    def too_slow(*args):
        raise db.TooSlow

    monkeypatch.setattr(lookup, "_in_history", too_slow)
    page = web.get(BOX, {"q": "zulaikha"})
    assert [str(group.label) for group in page.context["found"].groups] == ["People", "Reports"]
    assert "There was no time to look everywhere" in page.content.decode()


def test_the_database_itself_stops_a_slow_look(scope, settings, monkeypatch):
    def sleep(scope, term):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")

    settings.HISTORY_TIMEOUT_MS = 300
    monkeypatch.setattr(lookup, "_finders", [sleep])
    assert lookup.look_up(scope, "zulaikha").is_late


@pytest.mark.parametrize("term", ["x" * 201, "a b c d e f g h i", "kopi\x00", "\ud800"])
def test_what_cannot_be_searched_for_is_said_in_words(web, term):
    page = web.get(BOX + "?q=" + "".join(f"%{byte:02x}" for byte in term.encode("utf-8", "surrogatepass")))
    assert page.status_code == 200
    assert page.context["found"].problem or page.context["found"].count == 0


@pytest.mark.parametrize("term", ["%", "_", "' OR 1=1 --", "R9999999999", "9" * 40, "🙂", "‮evil", "kopi & <teh>"])
def test_odd_words_find_nothing_and_break_nothing(web, everything, term):
    page = web.get(BOX, {"q": term})
    assert page.status_code == 200
    assert html.escape("nothing was found", quote=False) in page.content.decode().lower()


def test_whatever_was_typed_is_escaped(web, kopi_kita):
    factories.make_transfer(kopi_kita, beneficiary_name="<script>alert(1)</script> Zulaikha")
    for term in ("<script>alert(2)</script>", "zulaikha"):
        for headers in ({}, {"HX-Request": "true"}):
            content = web.get(BOX, {"q": term}, headers=headers).content.decode()
            assert "<script>alert" not in content
            assert "&lt;script&gt;alert" in content


def test_the_options_of_the_dialog_are_options_and_those_of_the_page_are_links(web, everything):
    options = web.get(BOX, {"q": "zulaikha"}, headers={"HX-Request": "true"}).content.decode()
    assert "<h1" not in options
    ids = re.findall(r'role="option"\s+id="([\w-]+)"', options)
    assert len(ids) == len(set(ids)) == 6
    page = web.get(BOX, {"q": "zulaikha"}).content.decode()
    assert 'role="option"' not in page


def test_wrong_methods(web):
    assert web.post(BOX, {"q": "x"}).status_code == 405
