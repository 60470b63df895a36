"""A history, and the page on which a stranger pays, under throttled 4G, with a quarter of the
CPU: how much it asks for, and how soon it is there.

Counts and sizes are held. Times are only printed, for a busy machine mustn't fail a test: the bench holds them
(`make bench ARGS=browser`).
"""

from collections.abc import Iterator
from random import Random
from threading import Thread

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connections
from playwright.sync_api import Browser

from devtools.throttled import MOST_KB, MOST_REQUESTS, first_view
from tests import factories
from tests.browser.links import PHONE
from tests.transactions.paying import link, start

MOST_PUBLIC_REQUESTS = 6


class Quiet(WSGIRequestHandler):
    """Says nothing of what it answers."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Handler(WSGIHandler):
    """Closes what its thread opened in the test database."""

    def __call__(self, *args):
        answer = super().__call__(*args)
        connections.close_all()
        return answer


@pytest.fixture
def site(tmp_path_factory, settings) -> Iterator[str]:
    """The address of the site with its files as collectstatic makes them, which Django's live server doesn't serve."""
    settings.STATIC_ROOT = tmp_path_factory.mktemp("built")
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "flipdash.assets.BuiltStorage"}}
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = False
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    call_command("collectstatic", interactive=False, verbosity=0)
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(Handler())
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("name", ["money-transfers", "payments"])
def test_a_history_asks_for_little(browser: Browser, site, client_of, admin, kopi_kita, name, capsys):
    dice = Random(name)
    for _row in range(60):
        factories.make_varied(name, kopi_kita, dice)
    context = browser.new_context(base_url=site, viewport={"width": 1440, "height": 900})
    cookies = client_of(admin).cookies.values()
    context.add_cookies([{"name": one.key, "value": one.value, "url": site} for one in cookies])
    context.request.get(f"/{name}/")  # what a process makes once isn't the page's
    seen = first_view(context.new_page(), f"/{name}/")
    context.close()
    with capsys.disabled():
        print(f"\n{name}: {seen}")
    assert seen.requests <= MOST_REQUESTS
    assert seen.kilobytes <= MOST_KB
    assert seen.font_kilobytes > 0


def test_the_public_payment_page_asks_for_little(browser: Browser, site, kopi_kita, capsys):
    """What whoever opens a link on a phone for the first time waits for; then what one sees who pays by QRIS."""
    of = link(kopi_kita)
    pages = {"the link": f"/pay/{of.slug}/", "the payment": f"/pay/payment/{start(of, channel='qris').slug}/"}
    for name, address in pages.items():
        context = browser.new_context(base_url=site, viewport=PHONE, is_mobile=True, device_scale_factor=2)
        context.request.get(address)
        seen = first_view(context.new_page(), address)
        context.close()
        with capsys.disabled():
            print(f"\npublic payment page, {name}: {seen}")
        assert seen.requests <= MOST_PUBLIC_REQUESTS
        assert seen.kilobytes <= MOST_KB
        assert seen.font_kilobytes == 0
