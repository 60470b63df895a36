"""Creating disbursements, and asking whose account it is (reference/flip-api.md §4.1, §4.2)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from ninja import Schema

from accounts.permissions import Permission
from accounts.rights import check
from developer.api import errors
from developer.api.creating import TIMESTAMP, check_signature, check_time
from developer.api.disbursements import NEVER, PENDING, as_disbursement
from developer.api.errors import Invalid
from developer.api.fields import asked, told
from developer.api.general import scope_of
from developer.keys import signing_key
from flipdash import db
from flipdash.scope import Scope
from transactions.destinations import EWALLETS, NAMES, VA_BANKS, Kind
from transactions.models.money_transfer import MOST_EMAILS
from transactions.outgoing.refusals import NothingSends, ShortOfMoney
from transactions.rails import Holder, HolderStatus
from transactions.transfers import accounts, by_program, services
from transactions.transfers.accounts import LEAST, LENGTHS, MOST, WrongAccount
from transactions.transfers.forms import REMARK_TEXT
from transactions.transfers.services import REMARK, Draft

KEY = "idempotency-key"
LONGEST_KEY = 255
SHORTEST_VA = 16
"""Digits: a number that is no account's at a bank with virtual accounts, and as long as those are, is one."""
LONGEST_NUMBER = 20  # digits, of accounts and amounts
INQUIRY_KEY = re.compile(r"[A-Za-z0-9]{0,255}", re.ASCII)
PATIENCE = 1_500  # milliseconds that a twin of a call waits for the first

Problem = tuple[str, int, str]

HOLDERS: dict[HolderStatus, str] = {
    HolderStatus.FOUND: "SUCCESS",
    HolderStatus.NOT_FOUND: "INVALID_ACCOUNT_NUMBER",
    HolderStatus.CLOSED: "CLOSED",
    HolderStatus.SUSPECTED: "SUSPECTED_ACCOUNT",
    HolderStatus.BLACKLISTED: "BLACK_LISTED",
    HolderStatus.PENDING: "FAILED",
    HolderStatus.FAILED: "FAILED",
}
"""What Flip calls what a bank says of an account. A bank that is slow gave no answer: nothing is owed later."""
REFUSED_HOLDERS: dict[HolderStatus, Problem] = {
    HolderStatus.NOT_FOUND: ("account_number", errors.ACCOUNT_INVALID, "Account number is invalid."),
    HolderStatus.CLOSED: ("account_number", errors.ACCOUNT_CLOSED, "The account is closed."),
    HolderStatus.BLACKLISTED: ("account_number", errors.SUSPECTED, "The account is known for fraud."),
}


class InquiryIn(Schema):
    """Whose account is asked for."""

    account_number: str = asked(
        _("The account, with its leading zeros; of an e-wallet the phone number."), "0012345678"
    )
    bank_code: str = asked(_("The bank or e-wallet."), "bca")
    inquiry_key: str = asked(_("Letters and digits of yours, which the answer has too."), "order10231")


class InquiryOut(Schema):
    """Whose account it is."""

    bank_code: str = told(_("The bank or e-wallet."), "bca")
    account_number: str = told(_("The account, as it was sent."), "0012345678")
    account_holder: str = told(_("Whose account it is; empty unless it was found."), "Sri Wahyuni")
    status: str = told(
        _("What the bank says. FAILED: it gave no answer in time; ask again."), "SUCCESS", enum=[*HOLDERS.values()]
    )
    inquiry_key: str = told(_("Yours."), "order10231")
    is_virtual_account: bool = told(_("Whether it is a virtual account."), False)


class DisbursementIn(Schema):
    """What is to be sent."""

    account_number: str = asked(
        _("The account, with its leading zeros; of an e-wallet the phone number."), "0012345678"
    )
    bank_code: str = asked(_("The bank or e-wallet."), "bca")
    amount: str = asked(_("Whole rupiah, 10000 at least."), "1850000", type="integer", minimum=LEAST)
    remark: str = asked(
        _("What the recipient reads: 18 letters, digits, spaces and . - / ( ) at most."), "Gaji November"
    )
    recipient_city: str = asked(_("Taken, and not needed."), "391", type="integer", minimum=0)


class CreateHeaders(Schema):
    """What stands beside a call that creates."""

    idempotency_key: str = asked(
        _("A text of yours, up to 255 characters, that names this one for ever. Sent again, it gets the same answer."),
        "order-10231",
        name=KEY,
    )
    timestamp: str = asked(
        _("When the call was made, with its offset from UTC; more than 60 seconds from our time it is refused."),
        "2026-11-30T23:59:59+07:00",
        name=TIMESTAMP,
    )


class DisbursementInV3(DisbursementIn):
    """What is to be sent, by v3."""

    beneficiary_email: str = asked(
        _("Who is told by email when it has arrived: up to 20 addresses, with commas."), "sri@example.com"
    )


def inquire(request: HttpRequest) -> HttpResponseBase:
    """Answer whose account it is, as far as the bank says. Raises Invalid, NotAllowed."""
    scope = _may_create(request)
    sent = texts_of(request)
    found, kind, bank, number = _destination(sent)
    if not INQUIRY_KEY.fullmatch(sent.get("inquiry_key", "")):
        found.append(("inquiry_key", errors.ALPHANUMERIC_ONLY, "inquiry_key must be letters and digits."))
    if found:
        raise Invalid(*found)
    holder = services.look_up(scope, bank, number)
    return JsonResponse(
        {
            "bank_code": bank,
            "account_number": sent["account_number"],
            "account_holder": holder.name,
            "status": HOLDERS[holder.status],
            "inquiry_key": sent.get("inquiry_key", ""),
            "is_virtual_account": kind == Kind.VA,
        }
    )


def create(request: HttpRequest, version: int) -> HttpResponseBase:
    """Make a disbursement, once for each idempotency key, and answer it as it was when it was made.

    Raises Invalid, NotAllowed.
    """
    check_time(request)
    scope, sent = _may_create(request), texts_of(request)
    key = key_of(request)
    found, draft = _draft(sent, version)
    if len(key) > LONGEST_KEY:
        found.append((KEY, errors.TOO_LONG, f"{KEY} must have {LONGEST_KEY} characters at most."))
    elif version >= 3 and not key:
        found.append((KEY, errors.EMPTY, f"The header {KEY} is needed."))
    if found:
        raise Invalid(*found)
    try:
        row = by_program.made_before(scope, draft, key) or _make(scope, draft, key)
    except by_program.OtherTransfer:
        words = f"This {KEY} was used for another disbursement."
        raise Invalid((KEY, errors.NOT_ALLOWED, words)) from None
    except ShortOfMoney:
        problem = ("amount", errors.BALANCE, "The balance is less than amount and fee.")
        return errors.invalid([problem], code="BALANCE_INSUFFICIENT")
    except by_program.TwinUnderWay:
        return errors.named(409, "The same is being done right now. Try again.", **{"Retry-After": "1"})
    except db.Busy:  # of the same kind, or of the same deposit
        return errors.named(503, "Much else is being done right now. Try again later.", **{"Retry-After": "5"})
    except NothingSends:
        return errors.named(503, "Nothing can be sent now. Try again later.", **{"Retry-After": "60"})
    return JsonResponse(as_disbursement(row, version) | UNSERVED)


def _may_create(request: HttpRequest) -> Scope:
    """Return the scope of a key that may create, by a call that is signed where the business wants that.

    Raises NotAllowed, WrongSignature, NotTaken.
    """
    scope = scope_of(request)
    check(scope, Permission.CREATE_TRANSACTIONS)
    if kept := signing_key.of(scope):
        check_signature(request, kept.pem)
    return scope


UNSERVED: dict[str, Any] = {"status": PENDING, "reason": "", "time_served": NEVER}
"""What a disbursement says that was made just now; the same call later gets the same answer (trust.md L4)."""


def _make(scope: Scope, draft: Draft, key: str) -> Any:
    """Ask the bank whose account it is, and then make it. Raises Invalid for an account that can't be paid."""
    holder: Holder = services.look_up(scope, draft.bank, draft.account_number)
    if problem := REFUSED_HOLDERS.get(holder.status):
        raise Invalid(problem)
    with db.patience(PATIENCE):
        return by_program.create(scope, replace(draft, holder_name=holder.name[:100]), key=key)


# --- What is sent ------------------------------------------------------------------------------------------------


def texts_of(request: HttpRequest) -> dict[str, str]:
    """Return what was sent as texts, trimmed: of JSON whole numbers too. Raises Invalid for anything else."""
    found, problems = {}, []
    for name, value in request.sent.items():  # type: ignore[attr-defined]  # developer/api/door.py
        if value is None:
            continue
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            found[name] = str(value).strip()
        elif name in DisbursementInV3.model_fields or name in InquiryIn.model_fields:
            problems.append((name, errors.NOT_ALLOWED, f"{name} must be a text."))
    if problems:
        raise Invalid(*problems)
    return found


def key_of(request: HttpRequest) -> str:
    """Return the idempotency key, as UTF-8 where it is; WSGI reads each byte of a header as a letter."""
    written = request.headers.get(KEY, "").strip()
    try:
        return written.encode("latin-1").decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return written


def _destination(sent: Mapping[str, str]) -> tuple[list[Problem], str, str, str]:
    """Return what is wrong with where the money goes; and kind, bank and account number."""
    bank, number = sent.get("bank_code", ""), sent.get("account_number", "")
    kind: str = Kind.EWALLET if bank in EWALLETS else Kind.BANK
    found: list[Problem] = []
    if not bank:
        found.append(("bank_code", errors.EMPTY, "bank_code is needed."))
    elif bank not in NAMES:
        found.append(("bank_code", errors.UNKNOWN_BANK, "Bank code is not found."))
    if problem := _wrong_digits("account_number", number):
        return [*found, problem], kind, bank, number
    if found:
        return found, kind, bank, number
    if bank in VA_BANKS and len(number) >= SHORTEST_VA and len(number) not in LENGTHS.get(bank, ()):
        kind = Kind.VA
    try:
        number = accounts.clean_account(kind, bank, number)
    except WrongAccount:
        found.append(("account_number", errors.ACCOUNT_INVALID, "Account number is invalid."))
    return found, kind, bank, number


def _draft(sent: Mapping[str, str], version: int) -> tuple[list[Problem], Draft]:
    """Return what is wrong with a call, and what it asks for if nothing is."""
    found, kind, bank, number = _destination(sent)
    amount, remark = sent.get("amount", ""), sent.get("remark", "")
    emails = [one.strip() for one in sent.get("beneficiary_email", "").split(",") if one.strip()]
    emails = emails if version >= 3 else []
    found += _wrong_amount(kind, amount)
    if len(remark) > REMARK:
        found.append(("remark", errors.TOO_LONG, f"remark must have {REMARK} characters at most."))
    elif not REMARK_TEXT.fullmatch(remark):
        found.append(("remark", errors.UNCLEAN, "remark may have letters, digits, spaces and . - / ( ) only."))
    if sent.get("recipient_city") and not re.fullmatch(r"[0-9]{1,20}", sent["recipient_city"]):
        found.append(("recipient_city", errors.DIGITS_ONLY, "recipient_city must be digits."))
    if len(emails) > MOST_EMAILS:
        found.append(("beneficiary_email", errors.MANY_EMAILS, f"There may be {MOST_EMAILS} addresses at most."))
    elif not all(map(_is_email, emails)):
        found.append(("beneficiary_email", errors.BAD_EMAIL, "beneficiary_email has an invalid address."))
    whole = 0 if found else int(amount)
    draft = Draft(kind, bank, number, whole, remark=remark, beneficiary_email=",".join(emails))
    return found, draft


def _wrong_digits(name: str, written: str) -> Problem | None:
    if not written:
        return (name, errors.EMPTY, f"{name} is needed.")
    if not re.fullmatch(r"[0-9]+", written):
        return (name, errors.DIGITS_ONLY, f"{name} must be digits.")
    if len(written) > LONGEST_NUMBER:
        return (name, errors.TOO_LONG, f"{name} is too long.")
    return None


def _wrong_amount(kind: str, written: str) -> list[Problem]:
    if problem := _wrong_digits("amount", written):
        return [problem]
    if int(written) < LEAST:
        return [("amount", errors.TOO_SMALL, f"amount must be {LEAST} at least.")]
    if int(written) > MOST[kind]:
        return [("amount", errors.TOO_LARGE, f"amount must be {MOST[kind]} at most.")]
    return []


def _is_email(written: str) -> bool:
    try:
        validate_email(written)
    except ValidationError:
        return False
    return len(written) <= 254
