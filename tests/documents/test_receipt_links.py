"""Receipts that leave the business: sent by mail, linked, read by whoever has the link, revoked, expired."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.demo import KOPI_KITA
from accounts.models import Activity, Business, Member
from accounts.permissions import Role
from accounts.rights import NotAllowed
from documents import demo
from documents.models import ReceiptLink
from documents.receipts import sharing
from flipdash import clock, histories, rls
from flipdash.models import Message
from flipdash.sealing import hash_of
from tests import factories
from tests.twins import at_once

pytestmark = pytest.mark.django_db
TRANSFERS = "money-transfers"


@pytest.fixture
def sri(kopi_kita):
    """The transfer of the review: Rp1,850,000 to Sri."""
    return factories.make_transfer(
        kopi_kita, beneficiary_name="Sri Wahyuni", amount=1_850_000, fee=2_500, remark="Gaji rahasia"
    )


def page_of(row, name=TRANSFERS) -> str:
    return f"/documents/receipts/{name}/{row.pk}/sending/"


def send(web, row, to="sri@example.com", **also):
    return web.post(page_of(row), {"to": to, **also})


def make_link(web, row, **also) -> str:
    """Make a link and return its path, as the page shows it."""
    answer = web.post(f"/documents/receipts/{TRANSFERS}/{row.pk}/links/", also, follow=True)
    return link_in(answer.content.decode())


def link_in(text: str) -> str:
    return re.search(r"http://[^/\s\"]+(/receipts/[\w-]+/)", text)[1]


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let the clock show a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda *using: moment)
        yield


@rls.outside()
def mails() -> list[Message]:
    return list(Message.objects.filter(channel="mail").order_by("id"))


def links_of(row) -> list[ReceiptLink]:
    with rls.inside_of(row.business_id, row.mode):
        return list(ReceiptLink.objects.filter(row_id=row.pk).order_by("id"))


def shows_nothing(path: str) -> bool:
    """Whether an address has the one page that every useless one has, byte for byte."""
    answers = [Client().get(address) for address in (path, "/receipts/" + "x" * 32 + "/")]
    assert "No receipt here" in answers[1].content.decode()
    files = [Client().get(f"{address}file/") for address in (path, "/receipts/" + "x" * 32 + "/")]
    for answer in (*answers, *files):
        answer.headers.pop("Expires", None)  # which says the second
        answer.headers.pop("Request-Id")
    whole = [[answer.status_code, answer.content, sorted(answer.items())] for answer in (*answers, *files)]
    return whole[0] == whole[1] == whole[2] == whole[3] and answers[0].status_code == 404


# --- By mail -------------------------------------------------------------------------------------------------------


def test_the_mail_leads_to_the_receipt_and_to_nothing_else(web, sri, kopi_kita):
    other = factories.make_transfer(kopi_kita, beneficiary_name="Somebody Else", amount=99_999)
    answer = web.get(send(web, sri)["Location"])
    assert "The receipt is on its way to sri@example.com." in answer.content.decode()
    [mail] = mails()
    assert (mail.to, mail.subject) == ("sri@example.com", "Kopi Kita: receipt of Rp1,850,000")
    for said in ("Transfer receipt: Rp1,850,000", str(sri.pk), "The link works until "):
        assert said in mail.text
    assert "Gaji" not in mail.text  # what a payee or a maker typed isn't the mail's
    page = Client().get(link_in(mail.text))
    content = page.content.decode()
    assert page.status_code == 200
    for said in ("PT Kopi Kita Nusantara", "Sri Wahyuni", "Rp1,850,000", "Successful", str(sri.pk)):
        assert said in content
    for hidden in ("Rp2,500", "Somebody Else", "Deposit", str(other.pk), "Rina Admin", "/money-transfers/"):
        assert hidden not in content


def test_the_page_of_a_link_is_listed_nowhere_and_tells_no_other_site(web, sri):
    path = make_link(web, sri)
    for address in (path, f"{path}file/"):
        answer = Client().get(address)
        assert answer["X-Robots-Tag"] == "noindex, nofollow, noarchive"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer["Cache-Control"]
        assert answer.status_code == 200
        assert not answer.cookies


def test_the_fee_stands_there_only_when_it_is_asked_for(web, sri):
    send(web, sri, with_fee="on")
    path = link_in(mails()[0].text)
    assert "Rp2,500" in Client().get(path).content.decode()
    assert "Rp2,500" not in Client().get(make_link(web, sri)).content.decode()
    assert "Rp2,500" in Client().get(make_link(web, sri, with_fee="on")).content.decode()
    assert len(links_of(sri)) == 3


def test_mail_and_page_are_in_the_businesss_language_and_zone(client_of, stranger, toko_sebelah):
    toko_sebelah.language = "id"
    toko_sebelah.save()
    row = factories.make_payment(toko_sebelah, sender_name="Made", sender_email="made@example.com", amount=50_000)
    web = client_of(stranger)  # who reads English
    assert 'value="made@example.com"' in web.get(page_of(row, "payments")).content.decode()
    web.post(page_of(row, "payments"), {"to": "made@example.com"})
    [mail] = mails()
    assert (mail.language, mail.subject) == ("id", "Toko Sebelah: bukti Rp50.000")
    content = Client(headers={"Accept-Language": "en"}).get(link_in(mail.text)).content.decode()
    assert "Dibayarkan kepada" in content
    assert "WITA" in content


def test_test_mode_says_so_everywhere(web, kopi_kita):
    row = factories.make_transfer(kopi_kita, mode="test")
    web.post("/test" + page_of(row), {"to": "sri@example.com"})
    [mail] = mails()
    assert "Test Mode" in mail.text
    path = link_in(mail.text)
    assert path.startswith("/receipts/")
    assert "Test Mode" in Client().get(path).content.decode()
    assert Client().get(f"/test{path}").status_code == 404


# --- Bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "to",
    [
        "",
        "sri",
        "sri@example.com\nBcc: everybody@example.com",
        "sri@example.com\r\nSubject: won",
        "sri@example.com, dewi@example.com",
        "sri@example.com;dewi@example.com",
        "Sri <sri@example.com>",
        "sri\u202e@example.com",
        "a" * 250 + "@example.com",
    ],
)
def test_what_is_no_single_address_is_said_beside_the_field_and_stays(web, sri, to):
    answer = send(web, sri, to)
    assert answer.status_code == 200
    assert answer.context["form"].errors.keys() == {"to"}
    assert answer.context["form"]["to"].value() == to
    assert mails() == links_of(sri) == []


def test_a_hostile_business_and_hostile_names_stay_text(client_of, toko_sebelah, stranger):
    toko_sebelah.name = "Toko <b>{{7*7}}</b>"
    toko_sebelah.legal_name = '"><script>alert(1)</script>'
    toko_sebelah.save()
    row = factories.make_transfer(toko_sebelah, beneficiary_name="<script>alert(2)</script>", amount=1)
    client_of(stranger).post(page_of(row), {"to": "a+b'c@example.com"})
    [mail] = mails()
    assert mail.subject == "Toko <b>{{7*7}}</b>: receipt of Rp1"
    content = Client().get(link_in(mail.text)).content.decode()
    assert "<script>alert" not in content
    assert "&lt;script&gt;alert(2)" in content


def test_only_what_succeeded_is_sent(web, kopi_kita):
    row = factories.make_transfer(kopi_kita, status="failed")
    assert "Send Receipt" not in web.get(f"/money-transfers/{row.pk}/").content.decode()
    for answer in (web.get(page_of(row)), send(web, row), web.post(f"/documents/receipts/{TRANSFERS}/{row.pk}/links/")):
        assert answer.status_code == 404
    assert mails() == []


# --- How often -----------------------------------------------------------------------------------------------------


def test_whoever_presses_twice_sends_one_mail(web, sri):
    for _press in range(3):
        assert send(web, sri).status_code == 302
    assert len(mails()) == len(links_of(sri)) == 1
    send(web, sri, "dewi@example.com")
    assert [mail.to for mail in mails()] == ["sri@example.com", "dewi@example.com"]


@pytest.mark.django_db(transaction=True)
def test_twins_send_one_mail(client_of, admin, sri):
    browsers = [client_of(admin) for _twin in range(4)]
    answers = at_once(4, lambda number: send(browsers[number], sri).status_code)
    assert answers == [302] * 4
    assert len(mails()) == len(links_of(sri)) == 1


def test_after_a_minute_it_is_sent_again(web, sri):
    send(web, sri)
    with at(clock.now() + sharing.AGAIN_AFTER):
        send(web, sri)
    assert len(mails()) == 2


def test_a_business_sends_so_many_within_24_hours_whatever_its_zone(
    web, client_of, stranger, toko_sebelah, sri, admin, settings
):
    settings.RECEIPT_MAILS_A_DAY = {"live": 2, "test": 1}
    settings.RECEIPT_LINKS_A_DAY = 3
    for to in ("a@example.com", "b@example.com"):
        send(web, sri, to)
    answer = send(web, sri, "c@example.com")
    assert "Your business has sent 2 receipts within 24 hours" in answer.content.decode()
    assert 'value="c@example.com"' in answer.content.decode()
    assert len(mails()) == 2
    assert make_link(web, sri)  # these don't leave by themselves
    refused = web.post(f"/documents/receipts/{TRANSFERS}/{sri.pk}/links/", {"with_fee": "on"}, follow=True)
    assert "Your business has made 3 links within 24 hours" in refused.content.decode()
    other = factories.make_transfer(toko_sebelah)
    assert send(client_of(stranger), other).status_code == 302  # another's count is another's
    almost, over = (clock.now() + timedelta(hours=24, minutes=minutes) for minutes in (-1, 1))
    for zone in Business.TimeZone.values:  # hostile.24a 15: with each change of it a new day began
        admin.business.time_zone = zone
        scope = admin.scope("live")
        with rls.inside(scope), at(almost), pytest.raises(sharing.TooMany):
            sharing._check_room(scope, mails=True)
    with rls.inside(scope), at(over):
        sharing._check_room(scope, mails=True)


def test_the_same_account_is_offered_the_same_address(web, sri, kopi_kita, stranger, client_of, toko_sebelah):
    send(web, sri, "sri@example.com")
    again = factories.make_transfer(kopi_kita, beneficiary_name="SRI WAHYUNI")
    elsewhere = factories.make_transfer(kopi_kita, account_number="0099999999")
    other_mode = factories.make_transfer(kopi_kita, mode="test")
    foreign = factories.make_transfer(toko_sebelah)
    assert 'value="sri@example.com"' in web.get(page_of(again)).content.decode()
    for web_of, row, prefix in ((web, elsewhere, ""), (web, other_mode, "/test"), (client_of(stranger), foreign, "")):
        content = web_of.get(prefix + page_of(row)).content.decode()
        assert "Send Receipt" in content
        assert "sri@example.com" not in content


# --- The link ------------------------------------------------------------------------------------------------------


def test_a_link_is_random_and_kept_hashed_and_sealed(web, sri):
    path = make_link(web, sri)
    token = path.split("/")[2]
    assert len(token) >= 32  # 192 bits
    [link] = links_of(sri)
    assert link.token_hash == hash_of(token)
    assert token not in str(ReceiptLink.objects.filter(pk=link.pk).values().first())
    assert make_link(web, sri) == path  # it can be copied again
    assert len(links_of(sri)) == 1
    assert link.expires_at - link.created_at == timedelta(days=30)


def test_a_revoked_link_shows_nothing_and_stays_revoked(web, sri):
    send(web, sri)
    mailed, copied = link_in(mails()[0].text), make_link(web, sri)
    for link, path in zip(links_of(sri), (mailed, copied), strict=True):
        assert Client().get(path).status_code == 200
        address = f"/documents/receipts/{TRANSFERS}/{sri.pk}/links/{link.pk}/revocation/"
        for _twice in range(2):
            assert web.post(address, follow=True).status_code == 200
        assert shows_nothing(path)
    content = web.get(page_of(sri)).content.decode()
    assert content.count("Revoked") == 2
    assert "/receipts/" + copied.split("/")[2] not in content
    assert make_link(web, sri) != copied
    with (
        pytest.raises(DatabaseError, match="stays revoked"),
        transaction.atomic(),
        rls.inside_of(sri.business_id, "live"),
    ):
        ReceiptLink.objects.filter(row_id=sri.pk).update(revoked_at=None)


def test_an_expired_or_unknown_link_shows_nothing(web, sri):
    with at(clock.now() - timedelta(days=30, seconds=1)):
        path = make_link(web, sri)
    assert shows_nothing(path)
    assert "Expired" in web.get(page_of(sri)).content.decode()
    for token in ("x", "../../etc", "%00", "a" * 5_000, "ünï"):
        answer = Client().get(f"/receipts/{token}/")
        assert answer.status_code == 404
    assert Client().post(make_link(web, sri)).status_code == 405


def test_a_link_to_what_is_no_receipt_any_more_shows_nothing(web, sri, kopi_kita):
    path = make_link(web, sri)
    with rls.inside_of(kopi_kita.pk, "live"):
        ReceiptLink.objects.filter(pk=links_of(sri)[0].pk)
    failed = factories.make_transfer(kopi_kita, status="failed")
    for row, history in ((failed, TRANSFERS), (sri, "payments"), (sri, "activity"), (sri, "gone")):
        token = f"{history}-{row.pk}"
        member = Member.objects.get(user__name="Rina Admin")
        factories.make_receipt_link(member, row, history=history, token_hash=hash_of(token))
        assert shows_nothing(f"/receipts/{token}/")
    assert Client().get(path).status_code == 200


def test_a_person_of_another_business_reads_it_as_anybody(web, sri, client_of, stranger):
    path = make_link(web, sri)
    page = client_of(stranger).get(path)
    assert "Sri Wahyuni" in page.content.decode()
    assert "Toko Sebelah" not in page.content.decode()


# --- Who may -------------------------------------------------------------------------------------------------------


def test_another_businesss_receipt_and_link_are_missing(web, client_of, stranger, sri):
    send(web, sri)
    [link] = links_of(sri)
    foreign, revocation = client_of(stranger), f"/documents/receipts/{TRANSFERS}/{sri.pk}/links/{link.pk}/revocation/"
    own = factories.make_transfer(stranger.business)
    assert foreign.get(page_of(sri)).status_code == 404
    assert send(foreign, sri).status_code == 404
    assert foreign.post(revocation).status_code == 404
    mixed = f"/documents/receipts/{TRANSFERS}/{own.pk}/links/{link.pk}/revocation/"  # its link under one's own row
    assert foreign.post(mixed).status_code == 404
    assert web.post("/test" + revocation).status_code == 404
    assert web.get("/test" + page_of(sri)).status_code == 404
    assert links_of(sri)[0].revoked_at is None
    assert len(mails()) == 1


def test_row_level_security_keeps_links_apart(web, sri, toko_sebelah):
    make_link(web, sri)
    assert list(ReceiptLink.objects.all()) == []
    for business, mode, seen in (
        (sri.business_id, "live", 1),
        (sri.business_id, "test", 0),
        (toko_sebelah.pk, "live", 0),
    ):
        with rls.inside_of(business, mode):
            assert ReceiptLink.objects.count() == seen


def test_customer_service_sends_what_it_opens_by_its_id(client_of, customer_service, sri):
    """The page's own address counts as a search for the id, as the receipt's own does (product.md §2)."""
    old = factories.make_transfer(sri.business, created_at=clock.now() - timedelta(days=60))
    web = client_of(customer_service)
    assert send(web, old).status_code == 302
    assert Client().get(link_in(mails()[0].text)).status_code == 200
    assert "Send Receipt" in web.get(f"/money-transfers/{old.pk}/").content.decode()


def test_the_right_is_asked_again_when_it_leaves(scope, admin, sri):
    Member.objects.filter(pk=admin.pk).update(is_active=False)
    declared = histories.get(TRANSFERS)
    with rls.inside(scope):
        link = factories.make_receipt_link(admin, sri)
        for act in (
            lambda: sharing.send(scope, declared, sri.pk, to="sri@example.com", with_fee=False),
            lambda: sharing.make_link(scope, declared, sri.pk, with_fee=False),
            lambda: sharing.revoke(scope, declared, sri.pk, link.pk),
        ):
            with pytest.raises(NotAllowed):
                act()
    assert mails() == []


def test_what_was_sent_stands_in_the_activity_log(web, client_of, people, sri):
    maker = client_of(people[Role.MAKER])
    send(maker, sri)
    make_link(maker, sri)
    web.post(f"/documents/receipts/{TRANSFERS}/{sri.pk}/links/{links_of(sri)[0].pk}/revocation/")
    rows = Activity.objects.filter(area="receipt").order_by("id").values_list("kind", "subject_id", "by_name")
    name = people[Role.MAKER].name
    assert list(rows) == [
        ("receipt.sent", str(sri.pk), name),
        ("receipt.linked", str(sri.pk), name),
        ("receipt.revoked", str(sri.pk), "Rina Admin"),
    ]
    content = web.get("/members/activity/").content.decode()
    for said in ("Receipt sent", "Sent to: sri@example.com; Fee shown: no", "Link to a receipt revoked"):
        assert said in content


# --- Cost ----------------------------------------------------------------------------------------------------------


def test_the_pages_ask_the_database_a_bounded_number_of_times(web, sri, admin):
    for _link in range(30):
        factories.make_receipt_link(admin, sri)
    path = make_link(web, sri)
    web.get(page_of(sri))
    with CaptureQueriesContext(connection) as inside:
        content = web.get(page_of(sri)).content.decode()
    assert content.count("<bdi>sri@example.test</bdi>") == sharing.SHOWN - 1  # newest first: the copied one is there
    assert len(inside) <= 16
    with CaptureQueriesContext(connection) as outside:
        Client().get(path)
    assert len(outside) <= 6


# --- The demo ------------------------------------------------------------------------------------------------------


def test_the_demo_has_one_receipt_that_was_sent(kopi_kita, sri):
    maker = factories.make_member(kopi_kita, Role.MAKER)
    maker.user.email = KOPI_KITA.email(Role.MAKER)
    maker.user.save()
    for _start in range(2):
        demo.send_a_receipt()
    [mail] = mails()
    assert mail.to == demo.TO
    assert Client().get(link_in(mail.text)).status_code == 200
