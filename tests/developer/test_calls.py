"""What is kept of the calls of the merchant API, without its secrets (trust: K1, K6, O5, W1, W4)."""

import base64
import json
import time
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from developer import wording
from developer.api import disbursements, limits
from developer.calls import masking, recording
from developer.models import ApiCall
from developer.tasks import tidy_calls
from flipdash import rls
from tests import factories
from tests.developer.calling import Program

pytestmark = pytest.mark.django_db(databases=["default", "operator"])
TOKEN = "Zq3-_" * 8 + "abc"


def kept(member, mode="live"):
    with rls.inside(member.scope(mode)):
        return list(ApiCall.objects.order_by("pk"))


def test_a_call_is_kept_with_its_answer(admin):
    shop = Program(admin)
    answer = shop.get("general/balance", {"verbose": "1"}, **{"User-Agent": "shop/1.0", "Idempotency-Key": "abc"})
    [row] = kept(admin)
    assert (row.method, row.path, row.query, row.status, row.outcome) == (
        *("GET", "/api/v3/general/balance", "verbose=1"),
        *(200, "ok"),
    )
    assert (row.key_id, row.key_name, row.key_public, row.address) == (
        shop.key.pk,
        "Shop",
        shop.key.public,
        "127.0.0.1",
    )
    assert row.request_headers == {"User-Agent": "shop/1.0", "Idempotency-Key": "abc"}
    assert (row.answer_body, row.answer_bytes) == ('{"balance": 0}', len(answer.content))
    assert row.answer_headers["Content-Type"].startswith("application/json")
    assert row.request_id == answer["Request-Id"] == row.answer_headers["Request-Id"]
    assert row.stands_for == 1
    assert 0 <= row.milliseconds < 60_000


def test_each_mode_has_its_own_calls_and_another_business_sees_none(admin, stranger):
    Program(admin).get("general/balance")
    Program(admin, "test").get("general/balance")
    assert [len(kept(admin, mode)) for mode in ("live", "test")] == [1, 1]
    assert [len(kept(stranger, mode)) for mode in ("live", "test")] == [0, 0]
    assert ApiCall.objects.count() == 0  # outside of all


def test_refused_and_broken_calls_are_kept_too(admin, monkeypatch):
    shop = Program(admin)
    shop.get("disbursement", {"page": "x"})
    shop.get("nothing/here")
    shop.client.post(f"{shop.root}/v3/general/balance", headers=shop.headers(), content_type="application/json")
    monkeypatch.setattr(disbursements, "_filtered", lambda scope, asked: 1 / 0)
    shop.get("disbursement")
    Program(admin, allowed_addresses=("203.0.113.7",)).get("general/balance")
    assert [(row.status, row.outcome) for row in kept(admin)] == [
        *((422, "refused"), (404, "refused"), (405, "refused")),
        *((500, "broken"), (401, "refused")),
    ]


def test_a_call_without_a_right_key_is_nobodys(admin, settings):
    shop, other = Program(admin), wording.new_key("live")
    body = wording.PREFIXES["live"] + shop.key.public + other[20:-6]
    forged = body + wording._check(body)
    for text in (forged, other, shop.text[:-1]):
        header = "Basic " + base64.b64encode(f"{text}:".encode()).decode()
        for path in ("general/balance", "nothing/here"):
            assert Client().get(f"/api/v3/{path}", headers={"Authorization": header}).status_code in {401, 404}
    Client().get("/api/v3/general/maintenance")
    settings.API_MAINTENANCE = True
    assert shop.get("general/balance").status_code == 503
    assert kept(admin) == []
    assert ApiCall.objects.using("operator").count() == 0


def test_a_flood_has_one_row_a_minute_that_says_how_many(admin, settings, monkeypatch):
    settings.API_CALLS_A_SECOND, settings.API_CALLS_AT_ONCE = 1, 2
    shop = Program(admin)
    answers = [shop.get("general/balance").status_code for _ in range(8)]
    assert answers == [200, 200, *[429] * 6]
    assert [(row.status, row.stands_for) for row in kept(admin)] == [(200, 1), (200, 1), (429, 1)]
    monkeypatch.setattr(limits, "TOLD_EVERY", 0)
    assert shop.get("general/balance").status_code == 429
    last = kept(admin)[-1]
    assert (last.status, last.stands_for) == (429, 6)
    assert last.answer_headers["Retry-After"] == "1"


def test_who_calls_from_elsewhere_uses_up_nothing_of_the_owners_calls(admin, settings):
    settings.API_CALLS_A_SECOND, settings.API_CALLS_AT_ONCE = 1, 2
    shop = Program(admin, allowed_addresses=("127.0.0.1",))
    elsewhere = [
        shop.client.get("/api/v3/general/balance", headers=shop.headers(), REMOTE_ADDR="203.0.113.9").status_code
        for _ in range(9)
    ]
    assert elsewhere == [401] * 9
    assert shop.get("general/balance").status_code == 200
    assert [(row.status, row.address) for row in kept(admin)] == [
        *[(401, "203.0.113.9")] * 3,
        (200, "127.0.0.1"),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_row_that_cannot_be_written_takes_nothing_from_the_call(admin, monkeypatch, caplog):
    def full(row):
        raise DatabaseError("disk full")

    monkeypatch.setattr(recording, "add", full)
    answer = Program(admin).get("general/balance")
    assert (answer.status_code, answer.json()) == (200, {"balance": 0})
    assert "a call could not be kept" in caplog.text
    assert kept(admin) == []


@pytest.mark.django_db(transaction=True)
def test_keeping_a_call_doesnt_wait_for_the_disk_and_relaxes_nothing_else(admin):
    def waits():
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            return cursor.fetchone()[0]

    shop, before = Program(admin), waits()
    with CaptureQueriesContext(connection) as sent:
        shop.get("general/balance")
    [insert] = [query["sql"] for query in sent if "INSERT INTO" in query["sql"]]
    assert insert.startswith("SELECT set_config('synchronous_commit', 'off', true); INSERT")
    assert (len(kept(admin)), waits()) == (1, before)
    with rls.inside(admin.scope("live")), transaction.atomic():
        [row] = ApiCall.objects.all()
        row.pk = None
        recording.add(row)
        assert waits() == before


def test_long_bodies_are_cut_and_their_size_is_said(admin, monkeypatch):
    for _ in range(3):
        factories.make_transfer(admin.business)
    monkeypatch.setattr(recording, "MOST_KEPT", 300)
    answer = Program(admin).get("disbursement")
    [row] = kept(admin)
    assert row.answer_body == answer.content.decode()[:300]
    assert row.answer_bytes == len(answer.content) > 300


def test_what_postgres_cannot_hold_is_written_otherwise(admin):
    shop = Program(admin)
    shop.get("nothing/\x00/%ff/\ud800".encode("utf-8", "surrogatepass").decode("latin-1"))
    shop.client.get("/api/v3/nothing", QUERY_STRING="a=\x00&b=\xff", headers=shop.headers(**{"User-Agent": "a\x00b"}))
    rows = kept(admin)
    assert [row.status for row in rows] == [404, 404]
    assert rows[1].query == "a=␀&b=ÿ"
    assert rows[1].request_headers == {"User-Agent": "a␀b"}


# --- Secrets -------------------------------------------------------------------------------------------------


def test_no_secret_of_a_call_is_kept_wherever_it_stands(admin):
    shop = Program(admin)
    quoted = base64.b64encode(f"{shop.text}:".encode()).decode()
    shop.get(
        f"nothing/{shop.text}",
        {"key": shop.text, "validation_token": "short", "note": TOKEN},
        **{"User-Agent": shop.text, "Cookie": f"sessionid={TOKEN}", "X-Api-Key": "hunter2hunter2"},
    )
    [row] = kept(admin)
    written = repr(vars(row))
    for secret in (shop.text, quoted, TOKEN, "hunter2", "short", "sessionid"):
        assert secret not in written
    assert row.path == f"/api/v3/nothing/{shop.key.shown}"
    assert row.query == "key=•••&validation_token=•••&note=•••"
    assert set(row.request_headers) == {"User-Agent"}


_BODY = wording.PREFIXES["live"] + (wording.ALPHABET * 2)[5 : 5 + wording.PUBLIC + wording.SECRET]
KEY = _BODY + wording._check(_BODY)
"""Always the same: the names of tests have to agree between processes."""
SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


SECRET_NAMES = """
token tokens access_token accessTokens refresh_token secret secrets client_secret password passwords new_password
passwordConfirmation password_again pass user_pass passwd pwd passphrase passcode credential credentials bearer
authorization signature otp otps totp otp_code smsOtp one_time_code onetimecode verification_code securityCode cvv
cvv2 cvc card[cvc] pin pins userPin user_pin mpin m_pin MPIN upin txPin pin_baru pin_lama kata_sandi katasandi
kataSandi sandi sandi_baru konfirmasi_kata_sandi kode_rahasia kode_verifikasi kodeKeamanan api_key apiKeys private_key
accessKey session_id sessionid cookie jwt
"""
OTHER_NAMES = """
spin opinion pinned shipping compass bypass passenger passport remark amount account_number bank_code sandi_bank
inquiry_key idempotency_key key code kode token_type token_expires_in keys status pinjaman kode_bank city_code
postal_code sessions beneficiary_email nama tokenizer
"""


@pytest.mark.parametrize(("names", "is_secret"), [(SECRET_NAMES, True), (OTHER_NAMES, False)])
def test_which_names_say_that_a_value_is_a_secret_in_both_languages(names, is_secret):
    for name in names.split():
        assert masking.is_secret(name) == is_secret, name
        shown = masking.MASK if is_secret else "112233"
        assert masking.parameters(f"{name}=112233") == f"{name}={shown}"
        sent = json.dumps({name: "112233", "n": 1}).encode()
        assert json.loads(masking.body(sent, masking.JSON, 1_000)) == {name: shown, "n": 1}


@pytest.mark.parametrize(
    ("sent", "kind", "shown"),
    [
        (f"a=1&token={TOKEN}&b=2", masking.FORM, "a=1&token=•••&b=2"),
        (f"a={KEY.replace('_', '%5F')}", masking.FORM, "a=•••"),
        (f"{KEY}=1&n+ame=x", masking.FORM, "•••=1&n+ame=x"),
        ("remark=spin&amount=10000&opinion=yes", masking.FORM, "remark=spin&amount=10000&opinion=yes"),
        ("otp=123456&user[password]=x&apiKey=y", masking.FORM, "otp=•••&user[password]=•••&apiKey=•••"),
        (
            "user%5Botp%5D=1&otp[]=2&otp[first]=3&cvv2=4",
            masking.FORM,
            "user%5Botp%5D=•••&otp[]=•••&otp[first]=•••&cvv2=•••",
        ),
        (
            "otp_code=1&secret_key=2&accesstoken=3&smsOtp=4",
            masking.FORM,
            "otp_code=•••&secret_key=•••&accesstoken=•••&smsOtp=•••",
        ),
        ("data=%7B%22otp%22%3A1%7D&more=%7B%22a%22%3A1%7D", masking.FORM, "data=•••&more=%7B%22a%22%3A1%7D"),
        ('{"otp": [["123456"]], "a": [1]}', masking.JSON, '{"otp": "•••", "a": [1]}'),
        ('{"otp":{"code":"1","]}":[{}]},"a":{"cvv2":123}}', masking.JSON, '{"otp":"•••","a":{"cvv2":"•••"}}'),
        (
            r'{"\u006ftp": "1", "user[otp]": "a\"b", "n": "\"otp\""}',
            masking.JSON,
            r'{"\u006ftp": "•••", "user[otp]": "•••", "n": "\"otp\""}',
        ),
        ('{"otp": [["123', masking.JSON, '{"otp": "•••"'),
        (
            '{"otp": {"a": "1"}, "spin": {"a": 1}, "keys": {"code": 2}',
            masking.JSON,
            '{"otp": "•••", "spin": {"a": 1}, "keys": {"code": 2}',
        ),
        ('said 5" and "token":\n"a\\\nb" after', "text/plain", 'said 5" and "token":\n"•••" after'),
        ('{"otp[one_of_several_parts]": 1}', masking.JSON, '{"otp[one_of_several_parts]": "•••"}'),
        ('{"otp": , "otp": }', masking.JSON, '{"otp": , "otp": }'),
        ('{"a": 1, "token": "x", "deep": [{"api_key": 5}], "otp": ["1", "2"]}', masking.JSON, None),
        (f'{{"note": "{KEY}", "s": "{SIGNING}"}}', masking.JSON, f'{{"note": "{KEY[:20]}…", "s": "•••"}}'),
        ('{"token": "never clo', masking.JSON, '{"token": "•••"'),
        (f"plain {KEY} text {SIGNING}", "text/plain", f"plain {KEY[:20]}… text •••"),
        ("{" * 3_000, masking.JSON, "{" * 3_000),
        ("binary", "multipart/form-data; boundary=x", ""),
        ("binary", "application/octet-stream", ""),
    ],
)
def test_bodies_are_kept_without_secrets_and_masking_twice_changes_nothing(sent, kind, shown):
    once = masking.body(sent.encode(), kind, 16_000)
    assert once == (
        shown if shown is not None else '{"a": 1, "token": "•••", "deep": [{"api_key": "•••"}], "otp": "•••"}'
    )
    assert masking.body(once.encode(), kind, 16_000) == once


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "code", '"]', "otp"]), inner),
    max_leaves=12,
)


@given(_VALUES, st.sampled_from(["otp", "user[pin]", "secret_key"]), st.booleans(), st.sampled_from([None, 1]))
def test_whatever_stands_under_a_secrets_name_is_masked_whole_and_the_rest_stays(value, name, escaped, indent):
    written = json.dumps({"before": [1], name: value, "after": {"a": 1}}, ensure_ascii=escaped, indent=indent)
    shown = masking.body(written.encode("utf-8", "replace"), masking.JSON, 64_000)
    assert json.loads(shown) == {"before": [1], name: masking.MASK, "after": {"a": 1}}


def test_a_hostile_body_is_masked_in_a_moment():
    for piece in ('"otp":', '"otp":[', '"', '"otp":"\\', "otp1111", '"a', '[{"otp":['):
        sent = (piece * 20_000)[:16_000].encode()
        for kind in (masking.JSON, masking.FORM):
            begun = time.perf_counter()
            masking.body(sent, kind, 16_000)
            assert time.perf_counter() - begun < 1


@pytest.mark.parametrize("before", range(60, 420, 7))
@pytest.mark.parametrize("secret", [KEY, TOKEN, SIGNING])
def test_a_secret_that_stands_where_a_body_is_cut_is_not_kept_in_part(secret, before):
    """The body is cut in the middle of a secret, or short after it, whatever was masked before."""
    sent = f"{KEY} {SIGNING} {'x ' * before}{secret} {'y ' * 400}"
    written = masking.body(sent.encode(), "text/plain", 300)
    assert len(written) <= 300
    hidden = secret.removeprefix("whsec_")[20:]
    assert not any(hidden[start : start + 8] in written for start in range(len(hidden) - 7))


ECHOES = {
    "as it is": lambda token: token,
    "in a query": lambda token: f"to=%3D{token}%26",
    "in JSON": lambda token: f'"token\\u003d{token}\\u0026x"',
    "percent-encoded": lambda token: "".join(f"%{ord(sign):02X}" for sign in token),
    "partly percent-encoded": lambda token: token.replace("-", "%2d").replace("_", "%255F"),
    "escaped": lambda token: "".join(f"\\u{ord(sign):04X}" for sign in token),
    "in HTML": lambda token: "".join(f"&#x{ord(sign):x};" for sign in token[:20]) + token[20:].replace("-", "&#45;"),
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=list(ECHOES))
def test_a_token_that_a_receiver_sends_back_is_masked_however_it_writes_it(echo):
    token = "Ab-_" + "x9Zq-_k" * 5 + "7-_w"
    assert len(token) == 43
    sent = echo(token)
    kept = masking.readable(f"ok {sent} bye".encode(), token, 4_096)
    assert masking.MASK in kept
    assert kept.startswith("ok ")
    assert kept.endswith(" bye")
    assert not any(piece in kept for piece in ("x9Zq", "%78", "u0078", "#x78"))
    for room in (5, len(sent) // 2, len(sent) - 1):  # cut in its midst
        cut = f"{'y' * (4_096 - room)}{sent}".encode()[:4_096]
        kept = masking.readable(cut, token, 4_096)
        assert len(kept) > 3_500
        assert set(kept) == {"y"}


# --- The table -----------------------------------------------------------------------------------------------


def make_call(member, mode="live", **fields):
    return factories.make_call(member, mode=mode, **fields)


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_old_calls_are_deleted_in_batches_and_others_stay(admin, stranger, monkeypatch):
    monkeypatch.setattr(recording, "BATCH", 2)
    now = timezone.now()
    for member in (admin, stranger):
        for days in (29.9, 30.1, 31, 400):
            make_call(member, created_at=now - timedelta(days=days))
    tidy_calls()
    assert [len(kept(member)) for member in (admin, stranger)] == [1, 1]
    assert recording.tidy() == 0


def test_the_app_adds_calls_and_changes_none(admin):
    call = make_call(admin)
    with rls.inside(admin.scope("live")):
        for change in (lambda: ApiCall.objects.update(status=500), call.delete):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()


@pytest.mark.parametrize(("status", "outcome"), [(200, "refused"), (404, "ok"), (500, "refused"), (429, "broken")])
def test_the_outcome_is_that_of_the_status(admin, status, outcome):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_call(admin, status=status, outcome=outcome)


def test_a_call_of_anothers_key_is_refused(admin, stranger):
    foreign = factories.make_key(stranger)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_call(admin, key=foreign)
        with transaction.get_connection().cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_keeping_a_call_is_one_statement(admin, django_assert_num_queries):
    shop = Program(admin)
    shop.get("general/balance")
    # whose key, inside, key and business, the balance, the call, outside
    with django_assert_num_queries(6):
        shop.get("general/balance")
