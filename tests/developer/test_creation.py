"""Creating disbursements by a key, as Flip's API says it (flip-api.md §1.5, §4.1, §4.2; trust: L4, L5, M2, R4, K4)."""

import base64
import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction

from accounts.permissions import Role
from deposits import ledger
from developer.api import creation
from developer.api.document import JUST_MADE
from developer.keys import services as keys
from developer.keys import signing_key
from developer.models import ApiCall, Callback, CallbackEvent
from flipdash import db, rls
from flipdash.mode import Mode
from flipdash.models import Message
from flipdash.scope import Scope
from tests import factories
from tests.developer.calling import Program
from tests.superuser import superuser
from tests.transactions import sending
from tests.twins import at_once
from transactions.models import MoneyTransfer, Status, Via
from transactions.outgoing import acts
from transactions.rails import simulator
from transactions.transfers import by_program
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("asleep")]
committed = pytest.mark.django_db(transaction=True, databases=["default", "operator"])
MINE = "order-7"
GOOD = {"account_number": "0012345678", "bank_code": "bca", "amount": "1850000", "remark": "Gaji November"}


class Shop(Program):
    """A program that creates."""

    def post(self, path="disbursement", sent=None, *, version=3, kind=None, key="order-1", **headers):
        beside = {"Idempotency-Key": key} if key else {}
        body = {"content_type": kind, "data": json.dumps(sent)} if kind else {"data": sent}
        if not kind:
            body = {"content_type": "application/x-www-form-urlencoded", "data": urlencode(sent)}
        return self.client.post(f"{self.root}/v{version}/{path}", **body, headers=self.headers(**{**beside, **headers}))

    def create(self, *, version=3, key="order-1", **changed):
        return self.post(sent={**GOOD, **changed}, version=version, key=key)


@pytest.fixture(params=["live", "test"])
def shop(request, admin, kopi_kita):
    sending.fund(kopi_kita, mode=request.param)
    return Shop(admin, request.param)


@pytest.fixture
def live(admin, kopi_kita):
    sending.fund(kopi_kita)
    return Shop(admin)


def rows(shop):
    with rls.inside_of(shop.key.business_id, shop.key.mode):
        return list(MoneyTransfer.objects.order_by("created_at"))


def faults(answer, status=422):
    assert answer.status_code == status, answer.content
    return {(one["attribute"], one["code"]) for one in answer.json()["errors"]}


# --- What is made ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [2, 3])
def test_a_call_makes_one_lets_it_go_and_answers_as_flip_does(shop, version):
    answer = shop.create(version=version, beneficiary_email="sri@example.com,budi@example.com", recipient_city="0")
    assert answer.status_code == 200, answer.content
    [row] = rows(shop)
    told = answer.json()
    assert told == {
        "id": row.pk,
        "user_id": shop.key.pk,
        "amount": 1_850_000,
        "reason": "",
        "timestamp": told["timestamp"],
        "bank_code": "bca",
        "account_number": "0012345678",
        "recipient_name": row.holder_name,
        "sender_bank": None,
        "remark": "Gaji November",
        "receipt": "",
        "bundle_id": 0,
        "company_id": shop.key.business_id,
        "recipient_city": 0,
        "created_from": "API",
        "direction": "DOMESTIC_TRANSFER",
        "sender": None,
        "fee": 2_500,
        **JUST_MADE,
        **({"beneficiary_email": row.beneficiary_email, "idempotency_key": "order-1"} if version == 3 else {}),
    }
    assert row.beneficiary_email == ("sri@example.com,budi@example.com" if version == 3 else "")
    assert (row.via, row.status, row.maker, row.approver) == (Via.API, Status.PROCESSING, *[shop.key.actor] * 2)
    with rls.inside_of(shop.key.business_id, shop.key.mode):
        assert ledger.balance(row_scope(shop)).available % 10_000_000 == 10_000_000 - 1_850_000 - 2_500
    assert shop.get("get-disbursement", {"idempotency-key": "order-1"}).json()["id"] == row.pk
    assert not Message.objects.filter(subject__contains="asks you to approve").exists()


def row_scope(shop):
    return Scope(shop.key.business, Mode(shop.key.mode), shop.key, via="api")


@committed
def test_what_came_of_it_is_told_by_a_callback_and_by_mail(live, admin):
    factories.make_callback_url(admin, CallbackEvent.TRANSFER)
    live.create(beneficiary_email="sri@example.com, budi@example.com")
    sending.send()
    sending.answer()
    [row] = rows(live)
    assert row.status == Status.SUCCESSFUL
    told = json.loads(Callback.objects.using("operator").get().data)
    assert (told["id"], told["status"], told["created_from"]) == (row.pk, "DONE", "API")
    told_to = Message.objects.filter(to__endswith="@example.com").values_list("to", flat=True)
    assert set(told_to) == {"sri@example.com", "budi@example.com"}
    repeated = live.create(beneficiary_email="sri@example.com,budi@example.com").json()
    assert repeated["status"] == "PENDING", "the original answer, whatever came of it"


@pytest.mark.parametrize(
    ("bank", "number", "kind", "fee"),
    [
        ("ovo", "081234567890", "ewallet", 1_000),
        ("bni", "8808081234567890", "va", 5_000),
        ("bni", "1234567890", "bank", 2_500),
        ("btn", "1234567890123456", "bank", 2_500),
    ],
)
def test_where_it_goes_is_known_by_code_and_length(live, bank, number, kind, fee):
    assert live.create(bank_code=bank, account_number=number).json()["fee"] == fee
    assert rows(live)[0].destination_kind == kind


def test_json_is_taken_too_with_numbers_as_numbers(live):
    sent = {**GOOD, "amount": 10_000, "beneficiary_email": None, "unknown": {"a": [1]}}
    assert live.post(sent=sent, kind="application/json").json()["amount"] == 10_000
    for wrong in (1.5, True, [1], {"a": 1}):
        sent = {**GOOD, "amount": wrong}
        assert ("amount", 1041) in faults(live.post(sent=sent, kind="application/json", key="other"))


# --- Once for each key -------------------------------------------------------------------------------------------


def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(live):
    first = live.create()
    assert live.create().content == first.content
    for changed in ({"amount": "20000"}, {"account_number": "0012345679"}, {"remark": "x"}, {"bank_code": "bca_syr"}):
        assert ("idempotency-key", 1041) in faults(live.create(**changed))
    assert len(rows(live)) == 1
    assert live.create(key="order-2").json()["id"] != first.json()["id"], "a key says that it is another one"


@committed
def test_twenty_at_once_make_one_and_get_equal_answers(live, monkeypatch):
    """trust: L4."""
    monkeypatch.setattr(creation, "PATIENCE", 60_000)
    answers = at_once(20, lambda _number: live.create())
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert len(rows(live)) == 1


@committed
def test_who_comes_while_it_is_being_done_is_told_to_come_again(live, monkeypatch):
    monkeypatch.setattr(creation, "PATIENCE", 50)
    held = f"idempotency key/{live.key.business_id}/live/{MINE}"
    with transaction.atomic(using="operator"):
        db.lock(held, using="operator")
        answer = live.create(key=MINE)
        assert live.create(key="another").status_code == 200, "which isn't the same"
    assert (answer.status_code, answer["Retry-After"], len(rows(live))) == (409, "1", 1)
    assert live.create(key=MINE).status_code == 200


@committed
@pytest.mark.parametrize("held", ["kind", "deposit"])
def test_who_comes_while_much_else_is_being_done_is_not_told_that_it_is_the_same(live, monkeypatch, held):
    """A client that takes 409 as "is being done" would lose a payment."""
    monkeypatch.setattr(creation, "PATIENCE", 50)
    with transaction.atomic(using="operator"), superuser() as other:
        if held == "kind":
            db.lock(f"{MONEY_TRANSFERS.source}/{live.key.business_id}/live", using="operator")
        else:  # as refunds do, that are approved together
            other.execute("SELECT FROM deposits_account FOR UPDATE")
        answer = live.create(key=MINE)
    assert (answer.status_code, answer["Retry-After"], rows(live)) == (503, "5", [])
    assert live.create(key=MINE).status_code == 200


def test_keys_are_apart_by_business_and_mode(live, admin, stranger, kopi_kita, toko_sebelah):
    sending.fund(toko_sebelah)
    sending.fund(kopi_kita, mode="test")
    programs = [live, Shop(admin, "test"), Shop(stranger)]
    assert len({program.create().json()["id"] for program in programs}) == 3


def test_a_key_may_be_written_in_any_letters(live):
    key = "pesanan-№1-é🙂"
    answer = live.create(key=key.encode().decode("latin-1"))
    assert answer.json()["idempotency_key"] == key
    assert live.get("get-disbursement", {"idempotency-key": key}).json()["id"] == answer.json()["id"]


def test_without_a_key_the_same_again_waits_for_a_person(live, people, monkeypatch):
    """trust: L5."""
    for _ in range(2):
        assert live.create(version=2, key="").json()["status"] == "PENDING"
    first, second = rows(live)
    assert (first.status, second.status) == (Status.PROCESSING, Status.PENDING_APPROVAL)
    assert Message.objects.filter(to=people[Role.APPROVER].user.email).count() == 1
    monkeypatch.setattr(by_program, "HELD_WITHIN", timedelta(0))
    live.create(version=2, key="")
    assert rows(live)[-1].status == Status.PROCESSING


# --- Who may -----------------------------------------------------------------------------------------------------


def test_a_read_only_key_creates_nothing(admin, kopi_kita):
    sending.fund(kopi_kita)
    program = Shop(admin, access="read")
    for answer in (program.create(), program.post("disbursement/bank-account-inquiry", GOOD, version=2)):
        assert (answer.status_code, answer.json()["name"]) == (403, "Forbidden")
    assert rows(program) == []


def test_a_key_that_ends_meanwhile_creates_nothing(live, admin, monkeypatch):
    """trust: R4."""

    def look_up(scope, bank, number):
        with rls.inside(admin.scope("live")):
            keys.end_key(admin.scope("live"), live.key.pk)
        return simulator.Holder(simulator.HolderStatus.FOUND, "SITI")

    monkeypatch.setattr(creation.services, "look_up", look_up)
    assert live.create().status_code == 403
    assert rows(live) == []


def test_the_second_person_rule_holds_for_programs(live, kopi_kita, people):
    """trust: M2."""
    kopi_kita.second_person_required, kopi_kita.second_person_from = True, 100_000
    kopi_kita.save()
    assert live.create(amount="99999", key="small").json()["status"] == "PENDING"
    assert live.create(amount="100000", key="large").json()["status"] == "PENDING"
    small, large = rows(live)
    assert (small.status, large.status, large.approver) == (Status.PROCESSING, Status.PENDING_APPROVAL, None)
    assert Message.objects.filter(to=people[Role.APPROVER].user.email).count() == 1
    with rls.inside(row_scope(live)), pytest.raises(acts.NotAllowed):
        acts.approve(row_scope(live), MONEY_TRANSFERS, large.pk, seen="", sure=True)
    sending.approve(people[Role.APPROVER], large)
    assert rows(live)[1].status == Status.PROCESSING


def test_a_business_with_a_public_key_creates_by_signed_calls_only(live, admin):
    """trust: K4."""
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with rls.inside(admin.scope("live")):
        signing_key.save(admin.scope("live"), pem)
    told = json.dumps(GOOD, separators=(",", ":")).encode()
    signature = base64.b64encode(private.sign(told, PKCS1v15(), SHA256())).decode()
    for headers in ({}, {"X-Signature": "AAAA"}, {"X-Signature": signature[:-4] + "AAA="}):
        answer = live.post(sent=GOOD, **headers)
        assert (answer.status_code, answer.json()["message"]) == (403, "The signature is missing or wrong.")
        assert live.post("disbursement/bank-account-inquiry", GOOD, version=2, **headers).status_code == 403
    answer = live.post(sent={**GOOD, "amount": "1850001"}, **{"X-Signature": signature})
    assert (answer.status_code, rows(live)) == (403, []), "another amount was signed"
    assert live.post(sent=GOOD, **{"X-Signature": signature}).status_code == 200
    assert live.get("general/balance").status_code == 200
    sending.fund(live.key.business, mode="test")
    assert Shop(admin, "test").create().status_code == 200, "each mode has a key of its own"


# --- What is refused ---------------------------------------------------------------------------------------------

REFUSED = [
    ({"account_number": ""}, "account_number", 1001),
    ({"account_number": "12a"}, "account_number", 1020),
    ({"account_number": "١٢٣٤٥٦٧٨٩٠"}, "account_number", 1020),
    ({"account_number": "1" * 21}, "account_number", 1024),
    ({"account_number": "12345"}, "account_number", 1025),
    ({"account_number": "0012349001"}, "account_number", 1025),
    ({"account_number": "0012349002"}, "account_number", 1027),
    ({"bank_code": "ovo", "account_number": "12345678"}, "account_number", 1025),
    ({"bank_code": ""}, "bank_code", 1001),
    ({"bank_code": "nobank"}, "bank_code", 1033),
    ({"amount": ""}, "amount", 1001),
    ({"amount": "-1"}, "amount", 1020),
    ({"amount": "1e6"}, "amount", 1020),
    ({"amount": "10000.5"}, "amount", 1020),
    ({"amount": "9" * 30}, "amount", 1024),
    ({"amount": "9999"}, "amount", 1021),
    ({"amount": "1000000001"}, "amount", 1022),
    ({"remark": "x" * 19}, "remark", 1024),
    ({"remark": "<b>a</b>"}, "remark", 1002),
    ({"remark": "é"}, "remark", 1002),
    ({"recipient_city": "Depok"}, "recipient_city", 1020),
    ({"beneficiary_email": ",".join(["a@b.co"] * 21)}, "beneficiary_email", 1070),
    ({"beneficiary_email": "a@b.co,nobody"}, "beneficiary_email", 1071),
    ({"beneficiary_email": "a@b.co\r\nBcc: c@d.co"}, "beneficiary_email", 1071),
]


@pytest.mark.parametrize(("changed", "attribute", "code"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_taken_is_named_and_nothing_is_made(live, changed, attribute, code):
    answer = live.create(**changed)
    assert faults(answer) == {(attribute, code)}
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert rows(live) == []


def test_all_that_is_wrong_is_named_at_once(live):
    found = faults(live.post(sent={"amount": "x", "remark": "#"}, key=""))
    assert found == {
        *(("account_number", 1001), ("bank_code", 1001), ("amount", 1020), ("remark", 1002)),
        ("idempotency-key", 1001),
    }
    assert faults(live.create(key="k" * 256)) == {("idempotency-key", 1024)}
    assert faults(live.post(sent=GOOD, **{"X-TIMESTAMP": "2020-01-01T00:00:00Z"})) == {("X-TIMESTAMP", 1094)}


def test_what_the_balance_does_not_cover_is_refused_and_made_once_it_does(live, kopi_kita):
    answer = live.create(amount="9998000")
    assert faults(answer) == {("amount", 1035)}
    assert answer.json()["code"] == "BALANCE_INSUFFICIENT"
    assert rows(live) == []
    sending.fund(kopi_kita, 1_000)
    assert live.create(amount="9998000").status_code == 200


def test_where_nothing_sends_a_call_says_so(live, settings):
    settings.RAILS = {**settings.RAILS, "live": "none"}
    answer = live.create()
    assert (answer.status_code, answer["Retry-After"], rows(live)) == (503, "60", [])


def test_each_call_is_kept(live):
    live.create()
    with rls.inside_of(live.key.business_id, "live"):
        [call] = ApiCall.objects.all()
    assert (call.method, call.status, call.request_headers["Idempotency-Key"]) == ("POST", 200, "order-1")
    assert "account_number=0012345678" in call.request_body


# --- Whose account it is -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("0012345678", "SUCCESS"),
        (f"001234{simulator.NOT_FOUND}", "INVALID_ACCOUNT_NUMBER"),
        (f"001234{simulator.CLOSED}", "CLOSED"),
        (f"001234{simulator.SLOW}", "FAILED"),
    ],
)
def test_an_inquiry_answers_at_once(shop, number, status):
    sent = {"account_number": number, "bank_code": "bca", "inquiry_key": "order1"}
    told = shop.post("disbursement/bank-account-inquiry", sent, version=2).json()
    assert bool(told.pop("account_holder")) == (status == "SUCCESS")
    assert told == {**sent, "status": status, "is_virtual_account": False}


def test_an_inquiry_names_what_is_wrong(live):
    sent = {"account_number": "x", "bank_code": "nobank", "inquiry_key": "a b"}
    found = faults(live.post("disbursement/bank-account-inquiry", sent, version=2))
    assert found == {("account_number", 1020), ("bank_code", 1033), ("inquiry_key", 1084)}
    assert live.post("disbursement/bank-account-inquiry", GOOD, version=3).status_code == 404
