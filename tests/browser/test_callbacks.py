"""A developer saves a Callback URL, tests it, finds what failed and resends it, against a receiver of this machine."""

import re
import socket
from ipaddress import ip_network

import pytest
from django.db.models.functions import Now
from playwright.sync_api import expect

from accounts.permissions import Role
from developer.callbacks.resending import RESENDS
from developer.callbacks.sending import Sender
from developer.models import Callback, CallbackUrl
from flipdash import addresses, rls
from tests import factories
from tests.browser.looking import problems_of
from tests.developer.receivers import receiver, status

pytestmark = pytest.mark.usefixtures("asleep")
NAME = "hooks.kopikita.co.id"


@pytest.fixture
def this_machine(settings, monkeypatch) -> None:
    """The name of the shop's server leads to this machine, which is called on any port as if it were a public one."""
    look_up = socket.getaddrinfo

    def found(host, *args, **kwargs):
        return look_up("127.0.0.1" if host == NAME else host, *args, **kwargs)

    settings.CALLBACK_NETWORKS = [ip_network("127.0.0.0/8")]
    monkeypatch.setattr(addresses, "PORTS", {"https": range(1, 65_536), "http": range(1, 65_536)})
    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.fixture
def developer(kopi_kita):
    return factories.make_member(kopi_kita, Role.DEVELOPER, name="Dimas Developer")


def test_a_url_is_saved_tested_and_its_secret_changed(page, sign_in, developer, this_machine):
    with receiver(status(200, b"<script>alert(1)</script> thank you")) as got:
        sign_in(page, developer)
        page.goto("/test/developer/manage/")
        field = page.get_by_label("Top-Up", exact=True)
        field.fill("http://127.0.0.1/x")
        page.get_by_role("button", name="Save Top-Up").click()
        expect(page.locator(".field--bad")).to_contain_text("no IP address")
        expect(field).to_have_value("http://127.0.0.1/x")
        field.fill(f"http://{NAME}:{got.port}/flipdash")
        page.get_by_role("button", name="Save Top-Up").click()
        expect(page.get_by_text("Top-Up: saved")).to_be_visible()
        page.get_by_role("button", name="Send Test Top-Up").click()
        expect(page.locator(".status--green")).to_have_text("200")
        expect(page.get_by_text("<script>alert(1)</script> thank you")).to_be_visible()
        assert len(got.got) == 1
    assert list(problems_of(page)) == []
    page.get_by_role("button", name="Show Signing secret").click()
    shown = page.locator(".facts").filter(has_text="Signing secret").locator(".mono")
    expect(shown).to_have_text(re.compile("^whsec_"))
    first = shown.inner_text()
    page.get_by_role("link", name="Change Secret").click()
    page.get_by_role("button", name="Change Secret").click()
    expect(shown).not_to_have_text(first)
    expect(page.get_by_text("The secret before signs too until")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Callback Deliveries").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody tr a").first.click()
    expect(page.get_by_text("webhook-signature: v1,••••••••")).to_be_visible()
    assert list(problems_of(page)) == []
    page.goto("/test/developer/manage/")
    page.get_by_label("Top-Up", exact=True).fill("")
    page.get_by_role("button", name="Save Top-Up").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("no callbacks are made any more")).to_be_visible()
    expect(page.get_by_role("button", name="Send Test Top-Up")).to_have_count(0)


def failed(to, count):
    for number in range(count):
        row = factories.make_callback(to, data=f'{{"id":{number}}}')
        with rls.inside_of(to.business_id, to.mode):
            Callback.objects.filter(pk=row.pk).update(
                status="failed", due_at=None, attempt=1, tried=1, last_at=Now(), last_code="503"
            )


def states(developer) -> list[str]:
    with rls.inside(developer.scope("test")):
        return sorted(Callback.objects.values_list("status", flat=True))


def test_one_the_ticked_and_all_are_resent_and_arrive(page, sign_in, developer, this_machine):
    with receiver(status(200)) as got:
        url = f"http://{NAME}:{got.port}/flipdash"
        to = factories.make_callback_url(developer, mode="test", url=url)
        failed(to, 6)
        sign_in(page, developer)
        page.goto("/test/developer/callbacks/?status=failed")
        page.locator("tbody tr a").first.click()
        page.get_by_role("button", name="Resend").click()
        expect(page.get_by_text("It is sent once more")).to_be_visible()
        Sender().send_due()
        page.reload()
        expect(page.locator("main .status--green").first).to_have_text("Delivered")
        assert len(got.got) == 1

        page.goto("/test/developer/callbacks/?status=failed")
        expect(page.locator("tbody tr")).to_have_count(5)
        assert list(problems_of(page)) == []
        page.locator("tbody input[type=checkbox]").first.check()
        page.locator("tbody input[type=checkbox]").nth(1).check()
        assert page.url.endswith("?status=failed"), "a tick opens nothing"
        page.get_by_role("button", name="Resend ticked").click()
        expect(page.get_by_text("2 callbacks are sent once more")).to_be_visible()
        assert list(problems_of(page)) == []
        page.get_by_role("button", name="Resend 2 callbacks").click()
        expect(page.get_by_role("progressbar")).to_be_visible()
        RESENDS.work()
        expect(page.get_by_text("2 of 2 are looked at")).to_be_visible()

        page.goto("/test/developer/callbacks/?status=failed")
        page.get_by_role("button", name="Resend all that is shown").click()
        page.get_by_role("button", name="Resend 3 callbacks").click()
        page.wait_for_url("**/resends/*/")
        RESENDS.work()
        Sender().send_due()
    assert len(got.got) == 6
    assert states(developer) == ["delivered"] * 6
    with rls.inside(developer.scope("test")):
        assert CallbackUrl.objects.get().last_success_at is not None
