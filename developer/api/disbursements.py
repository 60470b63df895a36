"""Reading disbursements: what the dashboard calls money transfers (reference/flip-api.md §4.3 to 4.6)."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from ninja import Schema

from accounts.permissions import Permission
from accounts.rights import check
from developer.api import errors
from developer.api.errors import Invalid
from developer.api.fields import MOST, asked, list_of, told
from developer.api.general import scope_of
from developer.times import ZONE, moment
from flipdash import db
from flipdash.scope import Scope
from transactions.models import MoneyTransfer, Status, Via
from transactions.reasons import Reason

NEVER = "0000-00-00 00:00:00"
NUL = "\x00"
"""No text of Postgres holds it, so nothing has it."""
PAGE, LARGEST_PAGE = 20, 100
SLOWEST = 2_000  # milliseconds

Filter = Callable[[str, str], Q]
"""Makes a condition of a parameter's name and value; raises Invalid."""

PENDING, DONE, CANCELLED = "PENDING", "DONE", "CANCELLED"
STATUSES: dict[str, str] = {
    Status.PENDING_APPROVAL: PENDING,
    Status.SCHEDULED: PENDING,
    Status.PROCESSING: PENDING,
    Status.SUCCESSFUL: DONE,
    Status.CANCELLED: CANCELLED,
    Status.FAILED: CANCELLED,
}
REASONS: dict[str, str] = {
    Reason.ACCOUNT_CLOSED: "INACTIVE_ACCOUNT",
    Reason.ACCOUNT_NOT_FOUND: "NOT_REGISTERED_ACCOUNT",
    Reason.ACCOUNT_BLOCKED: "CANT_RECEIVE_TRANSFER",
    Reason.ACCOUNT_NOT_VERIFIED: "BENEFICIARY_ACCOUNT_NOT_VERIFIED",
    Reason.BANK_UNAVAILABLE: "INTERMITTENT_DISTURBANCE_ON_BENEFICIARY_BANK",
}
"""What Flip has a word for; any other reason is an empty text there, and stands in the dashboard."""
CREATED_FROM = {Via.API: "API", Via.DASHBOARD: "DASHBOARD"}
DIRECTION = "DOMESTIC_TRANSFER"

ORDERS = {
    "id": "id",
    "amount": "amount",
    "status": "status",
    "timestamp": "created_at",
    "bank_code": "bank",
    "account_number": "account_number",
    "recipient_name": "beneficiary_name",
    "remark": "remark",
    "time_served": "completed_at",
    "created_from": "via",
}
LENGTHS = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))
PARTS = ("%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%d %H", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")


BEGINNING = r"\d{4}(-\d{2}(-\d{2}( \d{2}(:\d{2}(:\d{2})?)?)?)?)?"
"""A moment, or how it begins."""
WORDS = [PENDING, DONE, CANCELLED]
SORTS = [sign + name for name in ORDERS for sign in ("", "-")]


class DisbursementOut(Schema):
    """One disbursement."""

    id: int = told(_("Its number, 19 digits long: more than a number of JavaScript holds."), 2611271030150000042)
    user_id: int = told(_("Who created it: a person or a key of yours; 0 if nobody is known."), 23)
    amount: int = told(_("Whole rupiah, without the fee."), 1_850_000, minimum=1)
    status: str = told(
        _("PENDING: on its way or waiting. DONE: arrived. CANCELLED: failed or cancelled."), DONE, enum=WORDS
    )
    reason: str = told(_("Why, if it was cancelled and there is a word for it."), "", enum=["", *REASONS.values()])
    timestamp: str = told(_("When it was created."), "2026-11-27 10:30:15")
    bank_code: str = told(_("The bank or e-wallet."), "bca")
    account_number: str = told(_("The account, with its leading zeros."), "0012345678")
    recipient_name: str = told(_("Who gets it; - while that isn’t known."), "Sri Wahyuni")
    sender_bank: str | None = told(_("Always null."), None)
    remark: str = told(_("What the recipient reads."), "Gaji November")
    receipt: str = told(_("Always empty: receipts are made in the dashboard."), "")
    time_served: str = told(_("When it arrived; 0000-00-00 00:00:00 as long as it hasn’t."), "2026-11-27 10:30:20")
    bundle_id: int = told(_("The batch of the dashboard that it came with; 0 if with none."), 0)
    company_id: int = told(_("Your business."), 7)
    recipient_city: int = told(_("Always 0."), 0)
    created_from: str = told(_("Where it was created: API or DASHBOARD."), "API", enum=[*CREATED_FROM.values()])
    direction: str = told(_("Always DOMESTIC_TRANSFER."), DIRECTION)
    sender: None = told(_("Always null."), None)
    fee: int = told(_("Whole rupiah that it costs."), 2_500, minimum=0)


class DisbursementOutV3(DisbursementOut):
    """One disbursement, as v3 has it."""

    beneficiary_email: str = told(_("Who is told by email when it has arrived, with commas; or empty."), "")
    idempotency_key: str = told(_("The key that it was created with; empty for what people created."), "order-10231")


class QueueOut(Schema):
    """The queue before one disbursement."""

    queue: int = told(_("How many of your transfers go to the same bank before this one."), 3, minimum=0)


class Page(Schema):
    """What a page of a list says of itself (style A)."""

    total_data: int = told(_("How many there are on all pages."), 1, minimum=0)
    data_per_page: int = told(_("How many are on this page."), 1, minimum=0)
    total_page: int = told(_("How many pages there are."), 1, minimum=0)
    page: int = told(_("Which page this is."), 1, minimum=1)


class DisbursementPage(Page):
    """A page of disbursements, as v2 has it."""

    data: list[DisbursementOut] = list_of(_("The disbursements."))


class DisbursementPageV3(Page):
    """A page of disbursements, as v3 has it."""

    data: list[DisbursementOutV3] = list_of(_("The disbursements."))


class DisbursementQuery(Schema):
    """Which disbursements, in which order."""

    pagination: str = asked(_("How many on a page, 100 at most."), "20", type="integer", minimum=1, default=PAGE)
    page: str = asked(_("Which page."), "1", type="integer", minimum=1, default=1)
    sort: str = asked(
        _("By what to sort; - in front turns it round. Without it the newest come first."), "-amount", enum=SORTS
    )
    id: str = asked(_("Exactly this number."), "2611271030150000042", type="integer", minimum=0, maximum=MOST)
    amount: str = asked(_("Exactly this amount, in rupiah."), "1850000", type="integer", minimum=0, maximum=MOST)
    status: str = asked(_("PENDING, DONE or CANCELLED."), DONE)
    direction: str = asked(_("All there are go inside the country: DOMESTIC_TRANSFER."), DIRECTION)
    timestamp: str = asked(_("When it was created, or how that begins."), "2026-11", pattern=f"^{BEGINNING}$")
    time_served: str = asked(_("When it arrived, or how that begins."), "2026-11-27 10", pattern=f"^{BEGINNING}$")
    bank_code: str = asked(_("A part of the code."), "bca")
    account_number: str = asked(_("A part of the account number."), "5678")
    recipient_name: str = asked(_("A part of the name, in any case of letters."), "sri")
    remark: str = asked(_("A part of the remark."), "gaji")
    created_from: str = asked(_("API or DASHBOARD."), "API")


class IdPath(Schema):
    """The disbursement that an address names."""

    id: str = told(_("The number of the disbursement."), "2611271030150000042", type="integer", minimum=1, maximum=MOST)


class OneQuery(Schema):
    """Which disbursement."""

    id: str = asked(_("Its number."), "2611271030150000042", type="integer", minimum=1, maximum=MOST)
    idempotency_key: str = asked(
        _("The key that it was created with. If there is an id as well, the id counts."),
        "order-10231",
        name="idempotency-key",
    )


def one(request: HttpRequest, pk: str, version: int) -> HttpResponseBase:
    """Answer one disbursement by its id; raises Invalid for one that isn't there, or is another's."""
    return JsonResponse(as_disbursement(_found(request, pk), version))


def one_by_key(request: HttpRequest, key: str, version: int) -> HttpResponseBase:
    """Answer the disbursement that was created with an idempotency key; raises Invalid as `one` does."""
    scope = scope_of(request)
    check(scope, Permission.VIEW_HISTORY)
    rows = MoneyTransfer.objects.visible_to(scope, searched=True)
    found = rows.filter(idempotency_key=key).first() if key and NUL not in key else None
    if found is None:
        raise Invalid(("idempotency-key", errors.UNKNOWN_KEY, "Idempotency key is not found."))
    return JsonResponse(as_disbursement(found, version))


def queue_of(request: HttpRequest, pk: str) -> HttpResponseBase:
    """Answer how many of the business's own transfers go to the same bank before this one; raises Invalid as `one`."""
    row = _found(request, pk)
    before = MoneyTransfer.objects.visible_to(scope_of(request), searched=True).filter(
        Q(created_at__lt=row.created_at) | Q(created_at=row.created_at, pk__lt=row.pk),
        status=Status.PROCESSING,
        bank=row.bank,
    )
    return JsonResponse({"queue": before.count() if row.status == Status.PROCESSING else 0})


def many(request: HttpRequest, asked: Mapping[str, str], version: int) -> HttpResponseBase:
    """Answer a page of disbursements, filtered and sorted; raises Invalid."""
    scope = scope_of(request)
    check(scope, Permission.VIEW_HISTORY)
    size, page = _positive(asked, "pagination", PAGE), _positive(asked, "page", 1)
    size = min(size, LARGEST_PAGE)
    rows = _filtered(scope, asked).order_by(*_order(asked.get("sort", "")))
    try:
        with db.time_limit(SLOWEST):
            total = rows.count()
            found = list(rows[(page - 1) * size : page * size]) if (page - 1) * size < total else []
    except db.TooSlow:
        raise Invalid(
            ("page", errors.NOT_ALLOWED, "This takes too long. Narrow it by timestamp, bank_code or status.")
        ) from None
    return JsonResponse(
        {
            "total_data": total,
            "data_per_page": len(found),
            "total_page": ceil(total / size),
            "page": page,
            "data": [as_disbursement(row, version) for row in found],
        }
    )


def _found(request: HttpRequest, pk: str) -> MoneyTransfer:
    scope = scope_of(request)
    check(scope, Permission.VIEW_HISTORY)
    number = _number(pk)
    found = None if number is None else MoneyTransfer.objects.visible_to(scope, searched=True).filter(pk=number).first()
    if found is None:
        raise Invalid(("id", errors.UNKNOWN_ID, "Disbursement is not found."))
    return found


def as_disbursement(row: MoneyTransfer, version: int) -> dict[str, Any]:
    """Return a transfer as Flip's API writes it."""
    status = STATUSES[row.status]
    written: dict[str, Any] = {
        "id": row.pk,
        "user_id": row.maker_id or 0,
        "amount": row.amount,
        "status": status,
        "reason": REASONS.get(row.reason, "") if status == CANCELLED else "",
        "timestamp": moment(row.created_at),
        "bank_code": row.bank,
        "account_number": row.account_number,
        "recipient_name": row.beneficiary_name or "-",
        "sender_bank": None,
        "remark": row.remark,
        "receipt": "",
        "time_served": moment(row.completed_at) if status == DONE and row.completed_at else NEVER,
        "bundle_id": (row.batch_id or 0) if row.via == Via.DASHBOARD else 0,
        "company_id": row.business_id,
        "recipient_city": 0,
        "created_from": CREATED_FROM[Via(row.via)],
        "direction": DIRECTION,
        "sender": None,
        "fee": row.fee,
    }
    if version >= 3:
        written |= {"beneficiary_email": row.beneficiary_email, "idempotency_key": row.idempotency_key}
    return written


# --- What is asked for ---------------------------------------------------------------------------------------


def _filtered(scope: Scope, asked: Mapping[str, str]) -> Any:
    """Return the rows that all filters leave; an empty value is none. Raises Invalid."""
    rows = MoneyTransfer.objects.visible_to(scope, searched=True)
    for name, value in asked.items():
        if value and name in FILTERS:
            rows = rows.filter(FILTERS[name](name, value))
    return rows


def _equal(field: str) -> Filter:
    def filtered(name: str, value: str) -> Q:
        number = _number(value)
        if number is None:
            raise Invalid((name, errors.DIGITS_ONLY, f"{name} must be digits."))
        return Q(**{field: number})

    return filtered


def _like(field: str) -> Filter:
    return lambda name, value: Q(pk__in=[]) if NUL in value else Q(**{f"{field}__icontains": value})


def _status(name: str, value: str) -> Q:
    return Q(status__in=[status for status, word in STATUSES.items() if word == value])


def _direction(name: str, value: str) -> Q:
    return Q() if value == DIRECTION else Q(pk__in=[])


def _created_from(name: str, value: str) -> Q:
    return Q(via__in=[via for via, word in CREATED_FROM.items() if value.upper() in word])


def _within(field: str) -> Filter:
    def filtered(name: str, value: str) -> Q:
        begin, end = _span(name, value)
        return Q(**{f"{field}__gte": begin, f"{field}__lt": end})

    return filtered


def _served(name: str, value: str) -> Q:
    return Q(status=Status.SUCCESSFUL) & _within("completed_at")(name, value)


FILTERS: dict[str, Filter] = {
    "id": _equal("pk"),
    "amount": _equal("amount"),
    "status": _status,
    "direction": _direction,
    "created_from": _created_from,
    "bank_code": _like("bank"),
    "account_number": _like("account_number"),
    "recipient_name": _like("beneficiary_name"),
    "remark": _like("remark"),
    "timestamp": _within("created_at"),
    "time_served": _served,
}


def _order(sort: str) -> list[str]:
    """Return the order: newest first, or by an attribute; `-` turns it round. Raises Invalid."""
    if not sort:
        return ["-created_at", "-id"]
    field = ORDERS.get(sort.removeprefix("-"))
    if field is None:
        raise Invalid(("sort", errors.NOT_ALLOWED, f"sort must be one of {', '.join(ORDERS)}."))
    sign = "-" if sort.startswith("-") else ""
    return [f"{sign}{field}"] if field == "id" else [f"{sign}{field}", f"{sign}id"]


def _span(name: str, written: str) -> tuple[datetime, datetime]:
    """Return the first moment that a time's beginning means, and the first after it. Raises Invalid.

    Flip compares by "like": a year, a month, a day or an hour finds all that begins so.
    """
    text = written.strip().rstrip("%")
    if not re.fullmatch(BEGINNING, text, re.ASCII):
        raise Invalid((name, errors.DATE_INVALID, f"{name} must begin like 2026-11-30 23:59:59."))
    parts = len(re.findall(r"\d+", text))
    try:
        begin = datetime.strptime(text, PARTS[parts - 1]).replace(tzinfo=ZONE)
        if parts == 1:
            return begin, begin.replace(year=begin.year + 1)
        if parts == 2:
            return begin, (begin + timedelta(days=32)).replace(day=1)
        return begin, begin + LENGTHS[parts - 3]
    except (ValueError, OverflowError):
        raise Invalid((name, errors.DATE_INVALID, f"{name} names no day of the calendar.")) from None


def _positive(asked: Mapping[str, str], name: str, usual: int) -> int:
    value = asked.get(name, "")
    number = _number(value) if value else usual
    if not number:
        raise Invalid((name, errors.BAD_PAGINATION, f"{name} must be a positive number."))
    return number


def _number(text: str) -> int | None:
    """Return a number that fits 64 bits; None for anything else."""
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or int(text) >= 2**63:
        return None
    return int(text)
