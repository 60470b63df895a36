"""Manage API → Callback URL: saved apart, their secrets, and test calls (product.md §7; trust: F1, F2, C5, C7)."""

import contextlib
import json
import re
import socket
from datetime import timedelta
from ipaddress import ip_network
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest
from standardwebhooks import Webhook

from accounts.models import Activity
from accounts.permissions import Role
from accounts.sign_in.reauthentication import REAUTHENTICATED_AT
from developer.callbacks import places, testing
from developer.keys import services as keys
from developer.models import Callback, CallbackAttempt, CallbackEvent, CallbackUrl
from flipdash import addresses, clock, rls
from flipdash.models import Message
from tests import factories
from tests.developer.receivers import found_at, receiver, status

pytestmark = pytest.mark.django_db
MANAGE = "/developer/manage/"
URL = "https://hooks.kopikita.co.id/flipdash"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")


@pytest.fixture
def developer(people):
    return people[Role.DEVELOPER]


@pytest.fixture
def page(client_of, developer):
    """The developer's browser, with the password typed a moment ago."""
    return proved(client_of(developer))


def proved(client):
    session = client.session
    session[REAUTHENTICATED_AT] = clock.now().timestamp()
    session.save()
    return client


@pytest.fixture(autouse=True)
def names(monkeypatch) -> None:
    """Every name is found, at a public address."""
    monkeypatch.setattr(socket, "getaddrinfo", found_at("93.184.216.34"))


def text_of(response) -> str:
    return response.content.decode()


def save(page, url=URL, event="top-up", prefix=""):
    return page.post(f"{prefix}{MANAGE}callbacks/{event}/address/", {"url": url})


def row_of(member, event="top-up", mode="live"):
    with rls.inside(member.scope(mode)):
        return CallbackUrl.objects.filter(event=event).first()


# --- Saving --------------------------------------------------------------------------------------------------


def test_each_event_has_an_address_of_its_own(page, developer):
    shown = text_of(page.get(MANAGE))
    for event in CallbackEvent:
        assert f'id="id_{event}_url"' in shown
    save(page)
    save(page, "https://hooks.kopikita.co.id/payments", "payment")
    assert row_of(developer).url == URL
    assert row_of(developer).host == "hooks.kopikita.co.id"
    assert row_of(developer, "payment").url == "https://hooks.kopikita.co.id/payments"
    assert row_of(developer, "refund") is None
    assert row_of(developer, mode="test") is None
    shown = text_of(page.get(MANAGE))
    assert f'value="{URL}"' in shown
    assert f'value="{URL}"' not in text_of(page.get("/test" + MANAGE))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.kopikita.co.id/", "begins with https://"),
        ("https://127.0.0.1/", "no IP address"),
        ("https://u:p@hooks.kopikita.co.id/", "Leave the name and password out"),
        ("https://hooks.kopikita.co.id:22/", "Use port"),
        ("https://hooks.internal/", "can’t be reached"),
        ("https://hooks.kopikita.co.id/" + "x" * 2_000, "more than 2000"),
        ("<script>alert(1)</script>", "begins with https://"),
        ("https://hooks.kopikita.co.id/a b", "without spaces"),
        ("javascript:alert(1)", "begins with https://"),
        ("https://hooks.kopikita.co.id/\x00", "ull characters"),
    ],
)
def test_a_bad_address_is_refused_beside_its_field_and_stays_typed(page, developer, url, words):
    answer = save(page, url)
    shown = text_of(answer)
    assert answer.status_code == 200
    field = shown[shown.index('id="callback-top-up"') : shown.index('id="callback-bank-status"')]
    assert words in field
    assert "field--bad" in shown
    assert 'aria-invalid="true"' in field
    assert shown.count("field__error") == 1
    assert "<script>alert" not in shown
    if "\x00" not in url:
        assert url.replace("<", "&lt;").replace(">", "&gt;") in field
    assert row_of(developer) is None


@pytest.mark.parametrize("address", ["10.0.0.7", "127.0.0.1", "169.254.169.254", "::1"])
def test_a_name_that_leads_inside_is_refused(page, developer, monkeypatch, address):
    monkeypatch.setattr(socket, "getaddrinfo", found_at(address))
    assert "inside a network" in text_of(save(page))
    assert row_of(developer) is None


def test_a_name_that_nobody_knows_is_refused(page, developer, monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "No server of the name hooks.kopikita.co.id was found" in text_of(save(page))
    assert row_of(developer) is None


def test_test_mode_takes_http_too(page, developer):
    save(page, "http://hooks.kopikita.co.id/a", prefix="/test")
    assert row_of(developer, mode="test").url == "http://hooks.kopikita.co.id/a"


def test_an_empty_address_is_removed_after_a_question(page, developer):
    save(page)
    answer = save(page, "")
    assert answer.headers["Location"].endswith("/callbacks/top-up/removal/")
    assert row_of(developer).url == URL
    assert URL in text_of(page.get(answer.headers["Location"]))
    page.post(answer.headers["Location"])
    assert (row_of(developer).url, row_of(developer).host) == ("", "")
    assert save(page, "").headers["Location"].startswith(MANAGE)  # nothing to remove


def test_the_password_comes_first_and_carries_what_was_typed(client_of, developer):
    browser = client_of(developer)
    answer = save(browser)
    assert answer.status_code == 403
    assert "reauth-password" in text_of(answer)
    assert f'name="url" value="{URL}"' in text_of(answer)
    assert row_of(developer) is None
    for address in ("removal/", "secret/"):
        assert "/re-authentication/" in browser.get(f"{MANAGE}callbacks/top-up/{address}").headers["Location"]
    assert browser.post(f"{MANAGE}callbacks/top-up/secret/text/").status_code == 403


def test_all_admins_are_told_and_the_log_has_no_query(page, people, developer):
    save(page, URL + "?key=hidden-in-the-query")
    told = [message for message in Message.objects.all() if URL in message.text]
    assert [message.to for message in told] == [people[Role.ADMIN].user.email]
    assert "Top-Up" in told[0].text
    [logged] = Activity.objects.filter(kind="callback-url.saved")
    assert logged.facts["new"] == URL + "?…"
    assert not any("hidden-in-the-query" in message.text for message in Message.objects.all())
    save(page, URL + "?key=hidden-in-the-query")
    assert Activity.objects.filter(kind="callback-url.saved").count() == 1  # nothing was changed


def test_another_event_is_no_address(page):
    assert page.get(f"{MANAGE}callbacks/weather/").status_code == 404


def test_who_may_not_manage_the_api_is_refused(client_of, people):
    browser = proved(client_of(people[Role.MAKER]))
    assert save(browser).status_code == 403
    for path in ("callbacks/top-up/", "callbacks/top-up/removal/", "callbacks/top-up/secret/"):
        assert browser.get(MANAGE + path).status_code == 403
    assert browser.get("/developer/callbacks/").status_code == 403


# --- The secret ----------------------------------------------------------------------------------------------


def test_the_secret_is_shown_after_the_password_and_changed_with_a_day_of_both(page, developer):
    save(page)
    address = f"{MANAGE}callbacks/top-up/"
    assert not SECRET.search(text_of(page.get(address)))
    [first] = set(SECRET.findall(text_of(page.post(address + "secret/text/"))))
    assert "For 24 hours" in text_of(page.get(address + "secret/"))
    answer = page.post(address + "secret/")
    [second] = set(SECRET.findall(text_of(answer)))
    assert first != second
    assert "no-store" in answer.headers["Cache-Control"]
    row = row_of(developer)
    assert testing.secrets_of(row) == [second, first]
    assert "stops at once" in text_of(page.get(address + "secret/"))
    row.old_secret_until = clock.now() - timedelta(seconds=1)
    assert testing.secrets_of(row) == [second]
    for message in Message.objects.all():
        assert not SECRET.search(message.text)
    assert not [one for one in Activity.objects.all() if SECRET.search(str(one.facts))]


def test_an_event_without_an_address_has_no_secret(page):
    address = f"{MANAGE}callbacks/refund/"
    assert "No address is saved" in text_of(page.get(address))
    assert page.post(address + "secret/text/").status_code == 404
    assert page.post(address + "test/").status_code == 404


# --- Send Test -----------------------------------------------------------------------------------------------


@pytest.fixture
def this_machine(settings, monkeypatch):
    """This machine's own servers are called as if they were public ones, on any port."""
    settings.CALLBACK_NETWORKS = [ip_network("127.0.0.0/8")]
    monkeypatch.setattr(addresses, "PORTS", {"https": range(1, 65_536), "http": range(1, 65_536)})
    monkeypatch.setattr(socket, "getaddrinfo", found_at("127.0.0.1"))


def answered_test(page, port, event="top-up"):
    """Save the address of a receiver in Test Mode, send a test, and return the page that says what came of it."""
    save(page, f"http://hooks.kopikita.co.id:{port}/flipdash", event, "/test")
    answer = page.post(f"/test{MANAGE}callbacks/{event}/test/")
    return text_of(page.get(answer.headers["Location"]))


def test_a_test_call_is_signed_carries_the_token_and_says_what_came_back(page, developer, this_machine):
    with receiver(status(200, b"thank you")) as got:
        shown = answered_test(page, got.port)
    assert "thank you" in shown
    assert re.search(r"[\d,.]+ ms", shown)
    [(headers, body)] = got.got
    with rls.inside(developer.scope("test")):
        [callback] = Callback.objects.all()
        [secret] = testing.secrets_of(callback.callback_url)
        token = keys.token(developer.scope("test"))
        assert callback.status == "delivered"
        assert callback.callback_url.last_success_at is not None
    with pytest.raises(json.JSONDecodeError):  # it verifies, and then wants JSON
        Webhook(secret).verify(body, headers)
    assert headers["webhook-id"] == str(callback.pk)
    fields = parse_qs(body.decode())
    assert fields["token"] == [token]
    assert fields["data"] == [callback.data]
    assert token not in shown
    assert text_of(page.get(f"/test/developer/callbacks/{callback.pk}/")).count(token) == 0


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (301, "which is never followed"),
        (404, "check its path"),
        (410, "The address is gone"),
        (500, "an error of its own"),
        (403, "The server refused it"),
    ],
)
def test_a_test_call_that_fails_says_why(page, developer, this_machine, code, words):
    with receiver(status(code, b"no")) as got:
        shown = answered_test(page, got.port)
    assert words in shown
    with rls.inside(developer.scope("test")):
        [callback] = Callback.objects.all()
        assert (callback.status, callback.last_code, callback.due_at) == ("failed", str(code), None)


def test_a_test_call_without_an_answer_says_why(page, this_machine):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert "didn’t take the connection" in answered_test(page, port)


def test_what_a_server_answers_is_text(page, this_machine):
    evil = b"<script>alert(1)</script>\x00\xff\xe2\x80\xae</pre><img src=x onerror=alert(1)>"
    with receiver(status(500, evil)) as got:
        shown = answered_test(page, got.port)
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_only_4_kb_of_an_answer_are_kept(page, developer, this_machine):
    with receiver(status(200, b"x" * 50_000)) as got:
        answered_test(page, got.port)
    with rls.inside(developer.scope("test")):
        assert 3_500 < len(CallbackAttempt.objects.get().answer) < 4_096  # the end is left out, see masking.readable


def test_tests_are_limited(page, developer, this_machine):
    with receiver(status(200)) as got:
        for _ in range(testing.MOST_A_MINUTE):
            answered_test(page, got.port)
        assert "within a minute" in answered_test(page, got.port)
        assert len(got.got) == testing.MOST_A_MINUTE


def test_few_wait_for_other_peoples_servers_at_once(page, developer, stranger, this_machine):
    """Of one business one, of one host one, of a process two: the others are told at once, and nothing is begun."""
    others = [SimpleNamespace(business=SimpleNamespace(pk=-n)) for n in range(1, 4)]
    held = [
        [(developer.scope("live"), "another.co.id")],
        [(others[0], "hooks.kopikita.co.id")],
        [(others[0], "one.co.id"), (others[1], "two.co.id")],
    ]
    with receiver(status(200)) as got:
        url = f"http://hooks.kopikita.co.id:{got.port}/flipdash"
        save(page, url, prefix="/test")
        for holders in held:
            with contextlib.ExitStack() as stack:
                for scope, host in holders:
                    stack.enter_context(places.place(scope, host))
                said = text_of(page.post(f"/test{MANAGE}callbacks/top-up/test/", follow=True))
                assert "Try again in a moment" in said
                answer = save(page, url + "2", prefix="/test")
                assert "Try again in a moment" in text_of(answer)
                assert f'value="{url}2"' in text_of(answer)
        with rls.inside(developer.scope("test")):
            assert not Callback.objects.exists()
        assert row_of(developer, mode="test").url == url
        answered_test(page, got.port)  # they are all free again
    assert len(got.got) == 1


def test_a_place_is_free_again_whatever_happened(developer):
    scope = developer.scope("live")
    for _n in range(3):
        with pytest.raises(ZeroDivisionError), places.place(scope, "one.co.id"):
            raise ZeroDivisionError
    with places.place(scope, "one.co.id"), pytest.raises(places.Busy), places.place(scope, "two.co.id"):
        pass


def test_a_success_lets_go_on_what_was_paused(page, developer, this_machine):
    with receiver(status(200)) as got:
        url = f"http://hooks.kopikita.co.id:{got.port}/flipdash"
        save(page, url, prefix="/test")
        scope = developer.scope("test")
        with rls.inside(scope):
            rows = CallbackUrl.objects.filter(event="top-up")
            rows.update(paused_at=clock.now(), paused_why="failing", failing_since=clock.now() - timedelta(days=3))
            factories.make_callback(rows.get(), status="paused", due_at=None)
        assert "Paused" in text_of(page.get("/test" + MANAGE))
        assert "No call has succeeded for 3 days" in text_of(page.get(f"/test{MANAGE}callbacks/top-up/"))
        answered_test(page, got.port)
    with rls.inside(scope):
        row = rows.get()
    assert (row.paused_at, row.paused_why, row.failing_since) == (None, "", None)
    told = Activity.objects.get(kind="callback-url.resumed")
    assert told.facts["rows"] == 1  # which the next sweep lets go on: test_sending.py


def test_a_failure_leaves_it_paused(page, developer, this_machine):
    with receiver(status(500)) as got:
        save(page, f"http://hooks.kopikita.co.id:{got.port}/flipdash", prefix="/test")
        with rls.inside(developer.scope("test")):
            rows = CallbackUrl.objects.filter(event="top-up")
            rows.update(paused_at=clock.now(), paused_why="failing")
        answered_test(page, got.port)
        with rls.inside(developer.scope("test")):
            assert rows.get().is_paused


def test_another_mode_or_business_has_nothing_of_it(page, client_of, stranger, developer):
    save(page)
    other = proved(client_of(stranger))
    for browser, prefix in ((other, ""), (page, "/test")):
        shown = text_of(browser.get(f"{prefix}{MANAGE}callbacks/top-up/"))
        assert URL not in shown
        assert browser.post(f"{prefix}{MANAGE}callbacks/top-up/secret/text/").status_code == 404
        assert browser.post(f"{prefix}{MANAGE}callbacks/top-up/test/").status_code == 404
