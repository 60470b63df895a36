"""Account & Profile: the business's details, logo, security policy and second-person rule (trust: M5)."""

import io
import struct
import zlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from accounts.business import services as business
from accounts.models import Business, SecondPersonRule
from accounts.permissions import Role
from accounts.sign_in.reauthentication import REAUTHENTICATED_AT
from flipdash.models import Message
from tests import factories

pytestmark = pytest.mark.django_db
DETAILS = {
    "details-name": "Kopi Kita Jaya",
    "details-legal_name": "PT Kopi Kita Jaya",
    "details-npwp": "09.213.456.7-801.7000",
    "details-nitku": "0921345678017000 000001",
    "details-address": "Jl. Malioboro 1, Yogyakarta",
    "details-time_zone": "Asia/Makassar",
    "details-language": "id",
    "details-colour": "teal",
}
POLICY = {"security-require_second_factor": "on", "security-session_idle_minutes": 15, "security-session_hours": 8}
OFF, ALWAYS = SecondPersonRule(False, 0), SecondPersonRule(True, 0)
BIG = SecondPersonRule(True, 10_000_000)


def now_of(kopi_kita):
    kopi_kita.refresh_from_db()
    return kopi_kita


# --- Details and policy --------------------------------------------------------------------------------------


def test_details_are_saved_and_told_with_old_and_new(web, kopi_kita, told):
    assert web.post("/settings/account/details/", DETAILS)["Location"] == "/settings/account/"
    saved = now_of(kopi_kita)
    assert (saved.name, saved.npwp, saved.nitku, saved.time_zone, saved.language, saved.colour) == (
        "Kopi Kita Jaya",
        "0921345678017000",
        "0921345678017000000001",
        "Asia/Makassar",
        "id",
        "teal",
    )
    (event,) = told
    assert event.facts["changes"]["name"] == {"old": "Kopi Kita", "new": "Kopi Kita Jaya"}
    web.post("/settings/account/details/", DETAILS)
    assert len(told) == 1, "nothing changed"


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "", "required"),
        ("name", "Kopi\u202eatiK", "can’t be seen"),
        ("npwp", "12345", "16 digits"),
        ("npwp", "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦", "16 digits"),
        ("npwp", "1" * 17, "16 digits"),
        ("npwp", "092134567801700", "begins with a 0 now"),
        ("nitku", "0921345678017000", "22 digits"),
        ("nitku", "0" * 22, "begins with the 16 digits of the NPWP"),
        ("time_zone", "Europe/Paris", "valid choice"),
        ("language", "xx", "valid choice"),
        ("colour", "#fff", "valid choice"),
    ],
)
def test_bad_details_are_named_and_nothing_is_saved(web, kopi_kita, field, typed, words):
    page = web.post("/settings/account/details/", {**DETAILS, f"details-{field}": typed}).content.decode()
    assert f'id="id_details-{field}_error"' in page
    assert words in page
    assert now_of(kopi_kita).name == "Kopi Kita"


def test_the_policy_needs_a_proof(web, kopi_kita):
    assert web.post("/settings/account/security/", POLICY).status_code == 403
    assert now_of(kopi_kita).require_second_factor is False


def test_the_policy_is_saved_and_told(fresh, kopi_kita, told):
    assert fresh.post("/settings/account/security/", POLICY).status_code == 302
    saved = now_of(kopi_kita)
    assert (saved.require_second_factor, saved.session_idle_minutes, saved.session_hours) == (True, 15, 8)
    assert told[0].facts["changes"]["session_hours"] == {"old": 12, "new": 8}


@pytest.mark.parametrize(("field", "value"), [("idle_minutes", 4), ("idle_minutes", 121), ("hours", 0), ("hours", 25)])
def test_session_lengths_have_bounds(fresh, kopi_kita, field, value):
    page = fresh.post("/settings/account/security/", {**POLICY, f"security-session_{field}": value}).content.decode()
    assert f'id="id_security-session_{field}_error"' in page
    assert now_of(kopi_kita).session_hours == 12


# --- The logo ------------------------------------------------------------------------------------------------


def picture(kind="PNG", size=(900, 300), **options):
    file = io.BytesIO()
    Image.new("RGB", size, "tomato").save(file, kind, **options)
    return file.getvalue()


def upload(web, data, name="logo.png"):
    return web.post("/settings/account/logo/", {"logo": SimpleUploadedFile(name, data)})


def bomb():
    """A PNG that says it is 50,000 pixels wide and high."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100_000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_logo_is_drawn_anew_shown_and_removed(files, web, kopi_kita, kind):
    assert upload(web, picture(kind) + b"<script>alert(1)</script>").status_code == 302
    assert "/business-logo/" in web.get("/permissions/").content.decode()
    answer = web.get("/business-logo/")
    data = b"".join(answer)
    assert answer["Content-Type"] == "image/png"
    assert b"script" not in data
    assert Image.open(io.BytesIO(data)).size == (512, 171)
    first = now_of(kopi_kita).logo
    assert web.post("/settings/account/logo-removal/").status_code == 302
    assert web.get("/business-logo/").status_code == 404
    assert first


def test_everybody_of_the_business_sees_it_and_nobody_else(files, web, client_of, kopi_kita, stranger, client):
    upload(web, picture())
    assert client_of(factories.make_member(kopi_kita, Role.CUSTOMER_SERVICE)).get("/business-logo/").status_code == 200
    assert client_of(stranger).get("/business-logo/").status_code == 404
    assert client.get("/business-logo/").status_code == 302


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PNG or JPEG"),
        (picture("GIF"), "PNG or JPEG"),
        (picture()[:200], "damaged"),
        (picture() + b"\0" * 2**20, "larger than 1 MB"),
        (picture(size=(5_000, 10)), "4096"),
        (bomb(), "4096"),
    ],
    ids=["empty", "svg", "gif", "cut off", "too large", "too wide", "bomb"],
)
def test_what_is_no_logo_is_refused_beside_the_field(files, web, kopi_kita, data, words):
    page = upload(web, data).content.decode()
    assert 'id="id_logo_error"' in page
    assert words in page
    assert now_of(kopi_kita).logo == ""
    assert not list(files.rglob("*.png"))


# --- The second person ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "old", "looser"),
    [
        (OFF, ALWAYS, True),
        (BIG, ALWAYS, True),
        (OFF, BIG, True),
        (ALWAYS, BIG, False),
        (BIG, OFF, False),
        (BIG, BIG, False),
    ],
)
def test_what_is_looser(new, old, looser):
    assert new.is_looser_than(old) is looser


def test_the_rule_holds_from_its_amount_on():
    assert [BIG.holds_for(amount) for amount in (9_999_999, 10_000_000)] == [False, True]
    assert ALWAYS.holds_for(1)
    assert not OFF.holds_for(10**12)


def test_a_stricter_rule_holds_at_once(scope, kopi_kita, told):
    assert business.ask_second_person_rule(scope, BIG) is True
    assert now_of(kopi_kita).second_person_rule() == BIG
    assert business.ask_second_person_rule(scope, ALWAYS) is True
    assert now_of(kopi_kita).second_person_rule() == ALWAYS
    assert [event.kind for event in told] == ["second-person.changed"] * 2


def test_a_looser_rule_holds_after_24_hours_and_all_admins_are_told(scope, kopi_kita, told):
    """trust: M5."""
    other = factories.make_member(kopi_kita, Role.ADMIN)
    business.ask_second_person_rule(scope, ALWAYS)
    Message.objects.all().delete()
    assert business.ask_second_person_rule(scope, OFF) is False
    saved = now_of(kopi_kita)
    at = saved.next_second_person_at
    assert timedelta(hours=23, minutes=59) < at - timezone.now() <= timedelta(hours=24)
    assert saved.second_person_rule() == ALWAYS
    assert saved.second_person_rule(at - timedelta(seconds=1)) == ALWAYS
    assert saved.second_person_rule(at) == OFF
    assert {scope.member.user.email, other.user.email} == set(Message.objects.values_list("to", flat=True))
    assert told[-1].kind == "second-person.asked"


def test_a_waiting_rule_is_replaced_cancelled_or_overtaken(scope, kopi_kita):
    business.ask_second_person_rule(scope, ALWAYS)
    business.ask_second_person_rule(scope, OFF)
    business.ask_second_person_rule(scope, BIG)
    assert now_of(kopi_kita).coming_second_person_rule == BIG
    assert business.cancel_second_person_rule(scope) is True
    assert business.cancel_second_person_rule(scope) is False
    assert now_of(kopi_kita).coming_second_person_rule is None
    business.ask_second_person_rule(scope, OFF)
    business.ask_second_person_rule(scope, ALWAYS)
    saved = now_of(kopi_kita)
    assert (saved.second_person_rule(), saved.coming_second_person_rule) == (ALWAYS, None)


def test_once_its_time_has_come_the_looser_rule_is_the_base(scope, kopi_kita):
    business.ask_second_person_rule(scope, ALWAYS)
    business.ask_second_person_rule(scope, BIG)
    Business.objects.update(next_second_person_at=timezone.now() - timedelta(seconds=1))
    assert now_of(kopi_kita).second_person_rule() == BIG
    assert business.cancel_second_person_rule(scope) is False
    assert business.ask_second_person_rule(scope, OFF) is False
    assert now_of(kopi_kita).second_person_rule() == BIG


def test_the_rule_needs_re_authentication(web, fresh, kopi_kita):
    session = web.session
    del session[REAUTHENTICATED_AT]
    session.save()
    sent = {"second-required": "on", "second-amount": "Rp5.000.000"}
    assert web.post("/settings/account/second-person/", sent).status_code == 403
    assert now_of(kopi_kita).second_person_rule() == OFF


def test_the_page_shows_what_waits_and_cancels_it(fresh, kopi_kita):
    fresh.post("/settings/account/second-person/", {"second-required": "on", "second-amount": "Rp5.000.000"})
    assert now_of(kopi_kita).second_person_rule() == SecondPersonRule(True, 5_000_000)
    fresh.post("/settings/account/second-person/", {"second-amount": ""})
    page = fresh.get("/settings/account/").content.decode()
    assert "A looser rule waits" in page
    assert "Rp5,000,000" in page
    fresh.post("/settings/account/second-person/cancellation/")
    assert "A looser rule waits" not in fresh.get("/settings/account/").content.decode()


@pytest.mark.parametrize("typed", ["-5", "1e9", "lots", "9" * 17])
def test_a_bad_amount_is_named(fresh, kopi_kita, typed):
    sent = {"second-required": "on", "second-amount": typed}
    page = fresh.post("/settings/account/second-person/", sent).content.decode()
    assert 'id="id_second-amount_error"' in page
    assert now_of(kopi_kita).second_person_rule() == OFF
