"""Calls to hosts that people name: only public ones, bounded in time and size (trust: F1-F4, C4)."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from developer.callbacks import fetch, sending, signing
from developer.problems import Problem
from flipdash import addresses
from flipdash.addresses import BadAddress, NameNotFound
from tests.developer.receivers import drip, found_at, raw, receiver, status

GOOD = "https://hooks.kopikita.co.id/flipdash?from=1"


@pytest.fixture
def this_machine(settings, monkeypatch):
    """This machine's own servers are called as if they were public ones, on any port."""
    settings.CALLBACK_NETWORKS = [ip_network("127.0.0.0/8")]
    monkeypatch.setattr(addresses, "PORTS", {"https": range(1, 65_536), "http": range(1, 65_536)})


def call(port, *, scheme="http", within=5.0, body=b"data={}"):
    url = f"{scheme}://hooks.kopikita.co.id:{port}/flipdash"
    return fetch.post(url, "test", body, {"Content-Type": "text/plain"}, within=within, look_up=found_at("127.0.0.1"))


# --- What is typed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (GOOD, GOOD),
        ("  HTTPS://Hooks.KopiKita.co.id/A?b  ", "https://hooks.kopikita.co.id/A?b"),
        ("https://hooks.kopikita.co.id", "https://hooks.kopikita.co.id/"),
        ("https://hooks.kopikita.co.id:443/a", "https://hooks.kopikita.co.id/a"),
        ("https://hooks.kopikita.co.id:8443/a", "https://hooks.kopikita.co.id:8443/a"),
        ("https://hooks.kopikita.co.id./a", "https://hooks.kopikita.co.id/a"),
        ("https://xn--bcher-kva.example.com/a", "https://xn--bcher-kva.example.com/a"),
    ],
)
def test_an_address_is_kept_in_one_spelling(written, kept):
    assert addresses.parse(written, "live").url == kept


REFUSED = [
    "",
    "hooks.kopikita.co.id/a",
    "//hooks.kopikita.co.id/a",
    "ftp://hooks.kopikita.co.id/a",
    "file:///etc/passwd",
    "gopher://hooks.kopikita.co.id/",
    "javascript:alert(1)",
    "https:hooks.kopikita.co.id",
    "https:///hooks.kopikita.co.id",
    "https://",
    "https://user:password@hooks.kopikita.co.id/",
    "https://hooks.kopikita.co.id@10.0.0.1/",
    "https://hooks.kopikita.co.id\\@10.0.0.1/",
    "https://hooks.kopikita.co.id/a b",
    "https://hooks.kopikita.co.id/\r\nX-Evil: 1",
    "https://hooks.kopikita.co.id/\x00",
    "https://hooks.kopikita.co.id/#part",
    "https://hooks.kopikita.co.id:22/",
    "https://hooks.kopikita.co.id:80/",
    "https://hooks.kopikita.co.id:0/",
    "https://hooks.kopikita.co.id:99999/",
    "https://hooks.kopikita.co.id:http/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0x7f.0.0.0x1/",
    "https://127.0.0.1.",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://①②⑦.⓪.⓪.①/",
    "https://localhost/",
    "https://localhost.localdomain.local/",
    "https://printer.lan/",
    "https://metadata.google.internal/",
    "https://intranet/",
    "https://hooks_kopikita.co.id/",
    "https://-hooks.co.id/",
    "https://hooks..kopikita.co.id/",
    "https://" + "a" * 64 + ".co.id/",
    "https://" + "a." * 130 + "id/",
    "https://hooks.kopikita.co.id/" + "a" * 2_000,
]


@pytest.mark.parametrize("written", REFUSED)
def test_other_spellings_are_refused_in_words_at_save_and_at_send(written):
    with pytest.raises(BadAddress) as refused:
        addresses.parse(written, "live")
    assert str(refused.value).endswith(".")
    assert fetch.post(written, "live", b"", {}, look_up=found_at("8.8.8.8")).problem == Problem.ADDRESS


def test_plain_http_is_for_test_mode_alone():
    assert addresses.parse("http://hooks.kopikita.co.id/", "test").port == 80
    with pytest.raises(BadAddress, match="https://"):
        addresses.parse("http://hooks.kopikita.co.id/", "live")


def test_our_own_name_is_refused(settings):
    settings.ALLOWED_HOSTS = ["dash.flipdash.co.id"]
    with pytest.raises(BadAddress):
        addresses.parse("https://dash.flipdash.co.id/api/v3/", "live")


# --- Where it leads ------------------------------------------------------------------------------------------

CLOSED = [
    "0.0.0.0",  # noqa: S104 (nobody listens there)
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.9.9.9",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "nonsense",
]


@pytest.mark.parametrize("address", CLOSED)
def test_a_name_that_leads_inside_is_never_called(address):
    target = addresses.parse(GOOD, "live")
    for found in ([address], ["8.8.8.8", address], [address, "2606:4700::1111"]):
        with pytest.raises(BadAddress):
            addresses.resolve(target, found_at(*found))
        assert fetch.post(GOOD, "live", b"", {}, look_up=found_at(*found)).problem == Problem.ADDRESS


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])
def test_public_addresses_are_called(address):
    assert addresses.resolve(addresses.parse(GOOD, "live"), found_at(address)) == address


def test_a_name_without_an_address_is_said_to_be_unknown():
    def fails(*args, **kwargs):
        raise socket.gaierror

    with pytest.raises(NameNotFound):
        addresses.resolve(addresses.parse(GOOD, "live"), fails)
    assert fetch.post(GOOD, "live", b"", {}, look_up=found_at()).problem == Problem.NAME


def test_a_name_server_that_hangs_costs_its_time_alone(monkeypatch):
    monkeypatch.setattr(addresses, "RESOLVE_WITHIN", 0.1)
    began = time.monotonic()
    answer = fetch.post(GOOD, "live", b"", {}, look_up=lambda *args, **kwargs: time.sleep(1))
    assert answer.problem == Problem.NAME
    assert time.monotonic() - began < 0.9


def test_name_servers_that_hang_keep_nobody_else_waiting(monkeypatch):
    """As many names hang as a sender has places, each asked for again and again; another one is found at once."""
    monkeypatch.setattr(addresses, "RESOLVE_WITHIN", 0.05)
    goes_on, asked = threading.Event(), []

    def hang(host, port, **kwargs):
        asked.append(host)
        goes_on.wait(20)
        return []

    def hangs(name):
        return fetch.post(f"https://{name}.co.id/", "live", b"", {}, look_up=hang).problem == Problem.NAME

    try:
        with ThreadPoolExecutor(sending.PLACES) as callers:
            assert all(callers.map(hangs, [f"shop{n % sending.PLACES}" for n in range(3 * sending.PLACES)]))
        assert len(asked) == len(set(asked)) == sending.PLACES  # one thread for a name that hangs
        monkeypatch.setattr(addresses, "RESOLVE_WITHIN", 5.0)
        began = time.monotonic()
        assert addresses.resolve(addresses.parse(GOOD, "live"), found_at("8.8.8.8")) == "8.8.8.8"
        assert time.monotonic() - began < 1
    finally:
        goes_on.set()


def test_who_asks_for_a_name_that_is_being_looked_up_gets_its_answer():
    goes_on, asked = threading.Event(), []

    def slow(host, port, **kwargs):
        asked.append(host)
        goes_on.wait(20)
        return found_at("8.8.8.8")(host, port)

    target = addresses.parse(GOOD, "live")
    with ThreadPoolExecutor(5) as askers:
        answers = [askers.submit(addresses.resolve, target, slow) for _n in range(5)]
        time.sleep(0.05)
        goes_on.set()
        assert {answer.result(5) for answer in answers} == {"8.8.8.8"}
    assert len(asked) == 1
    assert addresses.resolve(target, slow) == "8.8.8.8"
    assert len(asked) == 2  # what has ended is asked for again


def test_the_name_is_looked_up_once_and_what_was_judged_is_called(this_machine):
    asked = []

    def rebinding(host, port, **kwargs):
        asked.append(host)
        return found_at("127.0.0.1" if len(asked) == 1 else "10.0.0.1")(host, port)

    with receiver(status(200)) as server:
        url = f"http://hooks.kopikita.co.id:{server.port}/"
        assert fetch.post(url, "test", b"", {}, look_up=rebinding).is_success
    assert len(asked) == 1


def test_a_listener_on_a_private_address_hears_nothing(monkeypatch):
    """Even if the judgement at resolving were left out, no socket opens."""
    heard = threading.Event()
    monkeypatch.setattr(addresses, "PORTS", {"https": range(1, 65_536), "http": range(1, 65_536)})
    monkeypatch.setattr(addresses, "resolve", lambda target, look_up: "127.0.0.1")
    with raw(lambda connection: heard.set()) as port:
        assert call(port).problem == Problem.REFUSED
        assert not heard.wait(0.2)


# --- What comes back -----------------------------------------------------------------------------------------


def test_a_call_brings_body_and_headers_and_keeps_the_answer(this_machine):
    with receiver(status(200, b"thanks")) as server:
        answer = call(server.port, body=b"data=1")
    assert (answer.status, answer.body, answer.is_success) == (200, b"thanks", True)
    [(headers, body)] = server.got
    assert body == b"data=1"
    assert headers["host"] == f"hooks.kopikita.co.id:{server.port}"
    assert headers["content-type"] == "text/plain"
    assert "expect" not in headers


@pytest.mark.parametrize(("code", "is_success"), [(200, True), (204, True), (301, False), (404, False), (500, False)])
def test_only_2xx_is_success(this_machine, code, is_success):
    with receiver(status(code, b"" if code == 204 else b"x")) as server:
        answer = call(server.port)
    assert (answer.status, answer.is_success) == (code, is_success)


def test_a_redirect_is_not_followed(this_machine):
    with receiver(status(200)) as inside, receiver(status(302, Location=f"http://127.0.0.1:{inside.port}/")) as server:
        assert call(server.port).status == 302
        assert inside.got == []


def test_a_proxy_from_the_environment_is_not_used(this_machine, monkeypatch):
    with receiver(status(200)) as proxy, receiver(status(200)) as server:
        for name in ("http_proxy", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert call(server.port).is_success
        assert proxy.got == []


def test_a_long_answer_is_cut(this_machine):
    with receiver(status(200, b"y" * 5_000_000)) as server:
        answer = call(server.port)
    assert answer.is_success
    assert answer.body == b"y" * 4_096


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"],
    ids=["nothing", "headers", "body"],
)
def test_what_drips_is_left_at_the_limit(this_machine, start):
    with raw(drip(start, 10) if start else lambda connection: time.sleep(10)) as port:
        answer = call(port, within=0.6)
    assert answer.problem == Problem.TIMEOUT
    assert answer.seconds < 1.6


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (b"", Problem.BROKEN),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Problem.BROKEN),
        (b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 200_000 + b"\r\n\r\n", Problem.BROKEN),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", Problem.BROKEN),
    ],
)
def test_what_is_no_answer_is_said_to_be_broken(this_machine, said, problem):
    with raw(lambda connection: connection.sendall(said)) as port:
        assert call(port).problem == problem


def test_a_closed_port_is_refused_and_plain_http_is_no_tls(this_machine):
    with raw(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")) as port:
        assert call(port, scheme="https").problem == Problem.TLS
    with socket.create_server(("127.0.0.1", 0)) as listening:
        closed = listening.getsockname()[1]
    assert call(closed).problem == Problem.REFUSED


def test_each_problem_is_said_in_words():
    assert all(str(problem.label).endswith(".") for problem in Problem)


# --- Signatures ----------------------------------------------------------------------------------------------


def test_an_independent_verifier_takes_our_signature():
    secret, other = signing.new_secret(), signing.new_secret()
    body = '{"amount": 1850000, "name": "Sri Wahyuni é"}'.encode()
    now = datetime.now(UTC)
    for secrets in ((secret,), (other, secret)):  # the second while a secret is being changed
        headers = signing.headers("msg_1", now, body, secrets)
        assert Webhook(secret).verify(body, headers) == {"amount": 1850000, "name": "Sri Wahyuni é"}
    headers = signing.headers("msg_1", now, body, [other])
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(body + b" ", headers)
