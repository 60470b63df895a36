"""Plain makers of what tests need."""

import contextlib
import itertools
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.http import QueryDict
from django.test import override_settings
from django.utils import timezone
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from accounts.models import Business, Invitation, Member, User
from accounts.permissions import Role
from accounts.sign_in import second_factor
from accounts.sign_in.services import confirm_email
from deposits import ledger
from deposits.ledger import LedgerOwner, Line, Source
from deposits.models import AccountKind, DepositEntry, PostingKind, TopUp
from deposits.statements import matching
from deposits.topups import services as topups
from developer import wording
from developer.callbacks import signing
from developer.keys.services import MAC
from developer.models import ApiCall, ApiKey, Callback, CallbackEvent, CallbackResend, CallbackUrl, Outcome
from documents.models import (
    Invoice,
    InvoiceLine,
    InvoicePaper,
    ReceiptLink,
    Report,
    ReportTemplate,
    ScheduledReport,
    ScheduleRun,
    Statement,
)
from documents.schedules import services as schedules
from flipdash import clock, histories, rls, sealing
from flipdash.actors import Actor
from flipdash.mode import Mode
from flipdash.scope import Scope
from imports.models import ImportJob
from lists.models import SavedView
from transactions.bulk import rows as bulk_rows
from transactions.models import (
    Attachment,
    BulkDraft,
    Corridor,
    InternationalTransfer,
    MoneyTransfer,
    Payment,
    PaymentLink,
    Quote,
    Refund,
    SettlementRun,
    Status,
    TransferBatch,
    TransferSeries,
)
from transactions.models.base import ENDED_BADLY
from transactions.transfers.series import services as series_services
from transactions.transfers.series.dates import Plan
from transactions.transfers.services import Draft, look_up

_counter = itertools.count(1)


def make_operator(email: str = "op@flipdash.test", name: str = "Olga Operator", password: str = "") -> User:
    """One of the operator's people."""
    user = User(email=email, name=name)
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    user.save()
    confirm_email(user)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tests.make_staff(%s)", [user.pk])
    user.refresh_from_db(fields=["is_staff"])
    return user


def make_business(name: str = "Kopi Kita", **fields: Any) -> Business:
    fields = {"slug": name.lower().replace(" ", "-"), "legal_name": f"PT {name}", **fields}
    return Business.objects.create(name=name, **fields)


def make_member(business: Business, role: Role | str = Role.ADMIN, *, name: str = "", **fields: Any) -> Member:
    number = next(_counter)
    user = User(
        email=f"{role}-{number}@{business.slug}.test".replace("_", "-"), name=name or f"{Role(role).label} {number}"
    )
    user.set_unusable_password()
    user.save()
    confirm_email(user)
    return Member.objects.create(business=business, user=user, role=role, **fields)


def make_invitation(by: Member, email: str = "", *, role: str = Role.MAKER, **fields: Any) -> Invitation:
    """Make an open invitation, whose link nobody knows."""
    number, now = next(_counter), timezone.now()
    values = {
        "email": email or f"invited-{number}@example.test",
        "phone": "+6281234567890",
        "token_hash": f"{number:064}",
        "sent_at": now - timedelta(minutes=2),
        "expires_at": now + timedelta(hours=72),
        **fields,
    }
    return Invitation.objects.create(business=by.business, invited_by=by, role=role, **values)


def make_app(member: Member) -> str:
    """Give the member an authenticator app, and return its secret."""
    secret = second_factor.new_secret()
    second_factor.add_app(member.user, secret, step=0)
    return secret


def code_of(secret: str, steps: int = 0) -> str:
    """Return the code that an app shows now, or some steps of 30 seconds later, when it counts for 5 seconds more."""
    left = 30 - clock.now().timestamp() % 30
    if left < 5 and not connection.in_atomic_block:  # in a transaction the time stands still
        time.sleep(left)
    return format_hotp_value(hotp_value(secret, int(clock.now().timestamp()) // 30 + steps))


def make_passkey(member: Member, name: str = "My laptop") -> Authenticator:
    """Give the member a passkey; nobody has the key that would sign for it."""
    public_key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    credential = AttestedCredentialData.create(bytes(16), secrets.token_bytes(16), public_key)
    data = AuthenticatorData.create(bytes(32), AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT, 0, credential)
    answer = {
        "id": websafe_encode(credential.credential_id),
        "rawId": websafe_encode(credential.credential_id),
        "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": websafe_encode(b'{"type":"webauthn.create","challenge":"","origin":""}'),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        },
    }
    kept = {"name": name, "credential": answer}
    return Authenticator.objects.create(user=member.user, type="webauthn", data=kept)


def make_user_session(member: Member, agent: str = "Firefox") -> UserSession:
    """Make a session of the member on another device."""
    store = SessionStore()
    store.create()
    return UserSession.objects.create(
        user=member.user, session_key=store.session_key, ip="203.0.113.9", user_agent=agent
    )


RATNA = Actor.named("Ratna Maker")
"""Who makes transfers where it doesn't matter who."""


def make_batch(business: Business, name: str = "Payroll Nov 2026", mode: str = Mode.LIVE) -> TransferBatch:
    return TransferBatch.objects.create(business=business, mode=mode, name=name, **RATNA.columns("maker"))


def make_draft(member: Member, *, mode: str = Mode.LIVE, mark: str = "", **fields: Any) -> BulkDraft:
    """Make a file of two transfers, one of them wrong, that somebody looks at."""
    values = {
        "number": next(_counter),
        "name": mark or "Payroll",
        "file_name": f"{mark or 'payroll'}.csv",
        "sha256": "",
        "status": "review",
        "version": 1,
        "keep_until": timezone.now() + timedelta(days=7),
    }
    draft = BulkDraft.objects.create(business=member.business, mode=mode, member=member, **{**values, **fields})
    good = {"bank": "BCA", "account_number": "0650000777", "beneficiary_name": mark or "Siti", "amount": "85000"}
    with rls.inside_of(member.business.pk, mode):
        rows = [bulk_rows.as_json(2, [], dict(good)), bulk_rows.as_json(3, [], {**good, "bank": "Nowhere"})]
        bulk_rows.add(draft, rows)
    return draft


def _people(fields: dict[str, Any]) -> dict[str, Any]:
    """The columns of who made it, and of who approved it if somebody did."""
    made = fields.pop("maker", RATNA).columns("maker")
    approver = fields.pop("approver", None)
    return made | (approver.columns("approver") if approver else {})


def _when(fields: dict[str, Any]) -> datetime:
    return fields.pop("created_at", None) or timezone.now() - timedelta(minutes=next(_counter))


def make_transfer(business: Business, *, mode: str = Mode.LIVE, events: bool = False, **fields: Any) -> MoneyTransfer:
    """Make a transfer; it is successful, and completed three minutes after it was created, unless said otherwise."""
    created_at = _when(fields)
    status = fields.pop("status", Status.SUCCESSFUL)
    completed = created_at + timedelta(minutes=3) if status == Status.SUCCESSFUL else None
    values: dict[str, Any] = {
        "status": status,
        "destination_kind": "bank",
        "bank": "bca",
        "account_number": "0012345678",
        "beneficiary_name": "Siti Rahmawati",
        "amount": 85_000,
        "fee": 2_500,
        "remark": "Biji kopi Gayo",
        "via": "dashboard",
        **_people(fields),
        "created_at": created_at,
        "completed_at": completed,
        **fields,
    }
    transfer = MoneyTransfer.objects.create(business=business, mode=mode, **values)
    if events:
        transfer.events.create(
            business=business, mode=mode, kind="created", at=created_at, **transfer.maker.columns("by")
        )
    return transfer


def make_international(
    business: Business, *, mode: str = Mode.LIVE, events: bool = False, **fields: Any
) -> InternationalTransfer:
    """Make an international transfer to Singapore; successful, and completed the next day, unless said otherwise."""
    created_at = _when(fields)
    status = fields.pop("status", Status.SUCCESSFUL)
    values: dict[str, Any] = {
        "status": status,
        "country": "SG",
        "beneficiary_bank": "DBS Bank",
        "beneficiary_name": "Tan Mei Ling",
        "account_number": "0012345678",
        "currency": "SGD",
        "rate": Decimal("12345.6789"),
        "amount": 12_345_679,
        "fee": 75_000,
        "amount_received": Decimal("1000.00"),
        "purpose": "goods",
        "via": "dashboard",
        **_people(fields),
        "created_at": created_at,
        "completed_at": created_at + timedelta(days=1) if status == Status.SUCCESSFUL else None,
        **fields,
    }
    is_ours = values.get("transfer_kind") and status == Status.SUCCESSFUL
    make = _make_at_a_quote if is_ours else InternationalTransfer.objects.create
    transfer = make(business=business, mode=mode, **values)
    if events:
        transfer.events.create(
            business=business, mode=mode, kind="created", at=created_at, **transfer.maker.columns("by")
        )
    return transfer


def _make_at_a_quote(business: Business, mode: str, **values: Any) -> InternationalTransfer:
    """Make a transfer that somebody made here, and take it on until it is successful."""
    at, completed_at = values["created_at"], values.pop("completed_at")
    figures = {name: values[name] for name in ("amount", "rate", "fee", "amount_received")}
    corridor = Corridor.objects.get(country=values["country"])
    with rls.inside_of(business.pk, mode), transaction.atomic(), connection.cursor() as cursor:
        owner = {"business": business, "mode": mode}
        kind, expires_at = values["transfer_kind"], at + timedelta(minutes=1)
        quote = Quote.objects.create(
            corridor=corridor, kind=kind, rail="simulator", created_at=at, expires_at=expires_at, **owner, **figures
        )
        waits = {"quote": quote, "status": Status.PENDING_APPROVAL}
        transfer: InternationalTransfer = InternationalTransfer.objects.create(**owner, **values | waits)
        rows = InternationalTransfer.objects.filter(pk=transfer.pk)
        cursor.execute("SET LOCAL app.tells_earlier = 'on'")
        rows.update(status=Status.PROCESSING, let_go_at=at)
        cursor.execute("SET LOCAL app.tells_earlier = 'off'")
        rows.update(status=Status.SUCCESSFUL, completed_at=completed_at)
    transfer.refresh_from_db()
    return transfer


def make_attachment(business: Business, name: str = "invoice.pdf", *, mode: str = Mode.LIVE) -> Attachment:
    """Make a document that a transfer abroad may take."""
    stored = default_storage.save(f"attachments/{business.pk}/test", ContentFile(b"%PDF-1.7"))
    kept = {"name": name, "content_type": "application/pdf", "stored_as": stored, "size": 8, "sha256": "0" * 64}
    with rls.inside_of(business.pk, mode):
        return Attachment.objects.create(business=business, mode=mode, **kept, **RATNA.columns("by"))


def make_link(business: Business, title: str = "Kelas latte art", mode: str = Mode.LIVE, **fields: Any) -> PaymentLink:
    with rls.inside_of(business.pk, mode):
        return PaymentLink.objects.create(business=business, mode=mode, title=title, **RATNA.columns("maker"), **fields)


def make_payment(business: Business, *, mode: str = Mode.LIVE, events: bool = False, **fields: Any) -> Payment:
    """Make a payment; it is successful, paid after two minutes and not settled yet, unless said otherwise."""
    created_at = _when(fields)
    status = fields.pop("status", "successful")
    is_paid = status == "successful"
    is_settled = fields.get("settlement_status") == "settled"
    amount = fields.pop("amount", 150_000)
    values: dict[str, Any] = {
        "status": status,
        "title": "Kelas latte art",
        "sender_name": "Dewi Anggraini",
        "sender_email": "dewi@example.test",
        "channel_kind": "va",
        "channel": "bca",
        "amount": amount,
        "fee": 4_000,
        "settlement_status": "pending" if is_paid else "",
        "reference": "TRX-0099",
        "created_at": created_at,
        "paid_at": created_at + timedelta(minutes=2) if is_paid else None,
        "settled_amount": amount - 4_000 if is_settled else None,
        "settled_at": created_at + timedelta(days=1) if is_settled else None,
        **fields,
    }
    payment = Payment.objects.create(business=business, mode=mode, **values)
    if events:
        payer = Actor.named(values["sender_name"]).columns("by")
        payment.events.create(business=business, mode=mode, kind="created", at=created_at, **payer)
    return payment


REFUND_STEPS = {"successful": ("processing", "successful"), "failed": ("processing", "failed")}
"""The states through which a refund comes to one that isn't a single step from where it begins."""


def make_refund(
    business: Business, payment: Payment | None = None, *, mode: str = Mode.LIVE, events: bool = False, **fields: Any
) -> Refund:
    """Make a refund of Rp15.000, of a payment of its own unless one is given; it waits for an approver, if not said.

    It begins as all do, and is taken to its state from there: the database lets none begin elsewhere.
    """
    payment = payment or make_payment(business, mode=mode)
    values: dict[str, Any] = {
        "destination_kind": "bank",
        "bank": "bca",
        "account_number": "0012345678",
        "beneficiary_name": "Dewi Anggraini",
        "cause": "Kelas dibatalkan",
        "amount": 15_000,
        "fee": 2_500,
        "via": "dashboard",
        **_people(fields),
        "created_at": _when(fields),
        **fields,
    }
    status = values.pop("status", "pending_approval")
    ended = {name: values.pop(name) for name in ("reason", "returned_at") if name in values}
    if status == "successful":
        values.setdefault("completed_at", values["created_at"] + timedelta(minutes=3))
    steps = () if status == "pending_approval" else REFUND_STEPS.get(status, (status,))
    with rls.inside_of(business.pk, mode):
        refund = Refund.objects.create(
            business=business, mode=mode, payment=payment, status="pending_approval", **values
        )
        for step in steps:
            refund.status = step
            refund.save(update_fields=["status"])
        if "returned_at" in ended:
            owner, source = LedgerOwner(business, mode), Source("refund", refund.pk)
            ledger.give_back(owner, source, amount=refund.amount, rail="bca")
        if ended:
            Refund.objects.filter(pk=refund.pk).update(**ended)
            refund.refresh_from_db()
        if events:
            made = {"kind": "created", "at": values["created_at"], **refund.maker.columns("by")}
            refund.events.create(business=business, mode=mode, **made)
    return refund


def make_settlement(business: Business, *, mode: str = Mode.LIVE, **fields: Any) -> SettlementRun:
    """Make the settlement of a day of its own, which waits for a worker unless said otherwise."""
    day = date(2025, 1, 1) + timedelta(days=next(_counter))
    until = datetime(day.year, day.month, day.day, tzinfo=UTC)
    with rls.inside_of(business.pk, mode):
        return SettlementRun.objects.create(business=business, mode=mode, **{"day": day, "until": until, **fields})


def make_top_up(
    member: Member, amount: int = 5_000_000, bank: str = "bca", *, mode: str = Mode.LIVE, **fields: Any
) -> TopUp:
    """Ask for a top-up, which waits for payment; beyond a business's share of the codes, too."""
    scope = member.scope(mode)
    with rls.inside(scope), override_settings(TOP_UPS_OPEN=999, TOP_UPS_OF_AN_AMOUNT=999, TOP_UPS_AN_HOUR=999):
        return topups.request_top_up(scope, amount=amount, bank=bank, **fields).top_up


def make_report(member: Member, *, mode: str = Mode.LIVE, **fields: Any) -> Report:
    values = {"number": next(_counter), "history": "money-transfers", **fields}
    return Report.objects.create(business=member.business, mode=mode, member=member, **values)


def make_template(
    member: Member, name: str = "For accounting", *, mode: str = Mode.LIVE, **fields: Any
) -> ReportTemplate:
    """Make a report template, of two columns."""
    values = {"history": "money-transfers", "columns": [["amount", "Nilai"], ["id", ""]], "name": name, **fields}
    with rls.inside_of(member.business_id, mode):
        return ReportTemplate.objects.create(
            business=member.business, mode=mode, **member.actor.columns("by"), **values
        )


def make_schedule(
    member: Member, name: str = "Every morning", *, mode: str = Mode.LIVE, to: Sequence[Member] = (), **fields: Any
) -> ScheduledReport:
    """Make a schedule of every day at 08:00, of the money transfers of the day before, for its owner."""
    usual = {
        "history": "money-transfers",
        "query": "",
        "days": "yesterday",
        "every": "day",
        "hour": 8,
        "format": "xlsx",
    }
    people = [one.pk for one in to or [member]]
    with rls.inside_of(member.business_id, mode):
        return schedules.make(member.scope(mode), name=name, to=people, **{**usual, "format": "xlsx", **fields})


def make_run(schedule: ScheduledReport, report: Report | None = None, **fields: Any) -> ScheduleRun:
    """Make a run of a schedule whose readers were told."""
    by = Actor.named("Somebody").columns("by")
    with rls.inside_of(schedule.business_id, schedule.mode):
        values = {"business": schedule.business, "mode": schedule.mode, "status": "sent", **by, **fields}
        return ScheduleRun.objects.create(schedule=schedule, report=report, **values)


def make_series(member: Member, *, mode: str = Mode.LIVE, **fields: Any) -> TransferSeries:
    """Make a transfer that repeats: each month for a year, from ten days on, unless the fields say otherwise."""
    scope = member.scope(mode)
    first = fields.pop("first", scope.now().astimezone(scope.zone).date() + timedelta(days=10))
    plan = Plan(fields.pop("repeats", "month"), first, fields.pop("last", first + timedelta(days=340)))
    values = {"kind": "bank", "bank": "bca", "account_number": "0650000778", "amount": 4_000_000, "is_sure": True}
    values |= fields
    with rls.inside(scope):
        if "beneficiary_name" not in values:
            values["holder_name"] = look_up(scope, values["bank"], values["account_number"]).name
        draft = Draft(**values)
        return series_services.make(scope, draft, plan, made_key=uuid4()).series


def make_statement(member: Member, *, mode: str = Mode.LIVE, **fields: Any) -> Statement:
    """Make a statement of a day in March, in any state."""
    begins = datetime(2026, 2, 28, 17, tzinfo=UTC)
    values = {
        "number": next(_counter),
        **{"first": date(2026, 3, 1), "last": date(2026, 3, 1), "zone": "Asia/Jakarta", "format": "csv"},
        **{"starts_at": begins, "ends_at": begins + timedelta(days=1)},
        **fields,
    }
    with rls.inside_of(member.business_id, mode):
        return Statement.objects.create(business=member.business, mode=mode, member=member, **values)


def make_invoice(business: Business, *, mode: str = Mode.LIVE, status: str = "issued", **fields: Any) -> Invoice:
    """Make the invoice of a month, in any state; its files are what it is called."""
    number = next(_counter)
    period = fields.pop("period", date(2026, 10, 1))
    numbered = status in ("issued", "stamping")
    said = {
        "number": f"INV/{period:%Y/%m}/{number:06d}",
        "issued_at": timezone.now(),
        "language": "en",
        **{f"{who}_name": business.legal_name for who in ("seller", "buyer")},
        **{"tax_percent": 12, "tax_numerator": 11, "tax_denominator": 12},
        **{"dpp": 2_252, "dpp_other": 2_064, "ppn": 248, "total": 2_500},
        "stored_as": f"invoices/{number}.pdf",
        "sheet_stored_as": f"invoices/{number}.xlsx",
        **{"size": 1, "sheet_size": 1, "sha256": "0" * 64, "sheet_sha256": "0" * 64},
        **fields,
    }
    month = {"period": period, "zone": business.time_zone, "revision": number}
    starts_at = datetime(period.year, period.month, 1, tzinfo=UTC)
    with rls.inside_of(business.pk, mode):
        row = Invoice.objects.create(
            business=business, mode=mode, starts_at=starts_at, ends_at=starts_at + timedelta(days=31), **month
        )
        rows = Invoice.objects.filter(pk=row.pk)
        if numbered:
            line = {"product": "money_transfer.bank", "count": 1, "price": 2_500, "amount": 2_500}
            InvoiceLine.objects.create(business=business, mode=mode, invoice=row, place=1, **line)
        if status != "queued":
            rows.update(status="making")
            rows.update(status=status, **(said if numbered else {}))
        return rows.get()


def make_paper(member: Member, invoice: Invoice, **fields: Any) -> InvoicePaper:
    """Make a Bukti Potong beside an invoice."""
    values = {"kind": "potong", "number": "BP-1", "dated": date(2026, 11, 3), "stored_as": "x", "size": 1, **fields}
    with rls.inside_of(invoice.business_id, invoice.mode):
        return InvoicePaper.objects.create(
            business_id=invoice.business_id,
            mode=invoice.mode,
            invoice=invoice,
            sha256="0" * 64,
            **{**values, **member.actor.columns("by")},
        )


def make_receipt_link(member: Member, row: Any, *, history: str = "money-transfers", **fields: Any) -> ReceiptLink:
    """Make a link to the receipt of a row, mailed to somebody, whose address nobody knows."""
    now = timezone.now()
    values = {
        "history": history,
        "token_hash": f"{next(_counter):064}",
        "to": "sri@example.test",
        "with_fee": False,
        "language": "en",
        "created_at": now - timedelta(minutes=2),
        "expires_at": now + timedelta(days=30),
        **member.actor.columns("by"),
        **fields,
    }
    with rls.inside_of(row.business_id, row.mode):
        return ReceiptLink.objects.create(business_id=row.business_id, mode=row.mode, row_id=row.pk, **values)


MAKERS: dict[str, Callable[..., Any]] = {
    "money-transfers": make_transfer,
    "international-transfers": make_international,
    "payments": make_payment,
}
"""What makes a row of each history of transactions."""


def make_entry(
    business: Business, *, mode: str = Mode.LIVE, status: str = "top_up", amount: int = 85_000, **fields: Any
) -> DepositEntry:
    """Make an entry of the deposit, by a posting of the kind `status` names, about nothing.

    What can't be posted by itself, and a debit that the deposit doesn't cover, comes as money that the bank returned;
    so does what only the operator may post, in a test that doesn't commit: the operator's connection is another one.
    """
    created_at, number, by = _when(fields), next(_counter), fields.pop("by", RATNA)
    clearing, held = (AccountKind.CLEARING, "bca"), (AccountKind.HELD, "")
    other, sign = {
        "hold": (held, -1),
        "refund": (clearing, -1),
        "withdrawal": (clearing, -1),
        "top_up": (clearing, 1),
        "opening": (clearing, 1),
        "return": (clearing, 1),
        "settlement": (clearing, 1),
    }.get(status, (None, 1))

    def post(kind: PostingKind, other: tuple[AccountKind, str], signed: int) -> ledger.Posted:
        lines = [Line(AccountKind.AVAILABLE, signed), Line(other[0], -signed, other[1])]
        using = "default"
        if kind in (PostingKind.OPENING, PostingKind.WITHDRAWAL):
            kind, using = (PostingKind.RETURN, using) if connection.in_atomic_block else (kind, "operator")
        return ledger.post(owner, kind, Source("case", number), lines, by=by, effective_at=created_at, using=using)

    owner = ledger.LedgerOwner(business, mode)
    with rls.inside_of(business.pk, mode):
        try:
            kind = PostingKind(status) if other else PostingKind.RETURN
            posted = post(kind, other or clearing, sign * amount)
        except ledger.NotEnoughDeposit:
            posted = post(PostingKind.RETURN, clearing, amount)
        return DepositEntry.objects.get(posting=posted.id, account__kind=AccountKind.AVAILABLE)


def make_top_up_in(
    business: Business, *, mode: str = Mode.LIVE, status: str = "waiting", amount: int = 5_000_000, **fields: Any
) -> TopUp:
    """Make a top-up in any state, by what brings it there."""
    at = _when(fields)
    member = business.members.active().order_by("pk").first() or make_member(business)
    top_up = make_top_up(member, max(10_000, amount - amount % topups.STEP), mode=mode, at=at, **fields)
    scope, later = member.scope(mode), at + timedelta(minutes=5)
    with rls.inside(scope):
        if status == "checking":
            topups.mark_transferred(scope, top_up, at=later)
        elif status == "cancelled":
            topups.cancel(scope, top_up, at=later)
        elif status == "expired":
            with contextlib.suppress(topups.NotWaiting):
                topups.cancel(scope, top_up, at=top_up.expires_at)
    if status == "successful":
        line = matching.report_payment(top_up)
        matching.match(line.pk)
        assert matching.credit_matched(line.pk, at=later)
    return TopUp.objects.using("operator").get(pk=top_up.pk)


ALL_MAKERS: dict[str, Callable[..., Any]] = {**MAKERS, "deposit": make_entry, "top-ups": make_top_up_in}
"""What makes a row of each history. Those of My Deposit commit on the operator's connection too."""

TEXTS = ("Siti Rahmawati", "Budi Santoso", "PT Gayo Highland", "Kedai ☕ Si Mbah", "=1+1", "+62812", "Sri Nur'aini")
VARIED: dict[str, tuple[Any, ...]] = {
    "beneficiary_name": TEXTS,
    "sender_name": TEXTS,
    "title": TEXTS,
    "remark": ("", "Biji kopi Gayo", "@kasir", "Sewa kios Nov 2026", "INV/2026/000123"),
    "amount": (10_000, 85_000, 1_240_500, 938_101),
    "account_number": ("0012345678", "0066166304", "081234567890"),
    "via": ("dashboard", "api"),
    "bank": ("bca", "bri", "mandiri"),
    "note": ("", "Modal kerja", "=1+1", "Gaji ☕"),
}
"""What rows may differ in, of whatever history, as far as its model has the field."""


def make_varied(name: str, business: Business, dice: Random) -> Any:
    """Make a row of a history, in any state, on any of the last 60 days."""
    declared = histories.get(name)
    known = {field.name for field in declared.model._meta.get_fields()}
    fields = {name: dice.choice(values) for name, values in VARIED.items() if name in known}
    if name == "top-ups":  # who sent it is said later, and only of an ATM transfer
        fields.pop("sender_name", None)
    status = dice.choice(declared.summary.labels.values)
    if "reason" in known and status in ENDED_BADLY:
        fields["reason"] = dice.choice(["", "other"])
    return ALL_MAKERS[name](
        business,
        status=status,
        created_at=timezone.now() - timedelta(seconds=dice.random() * 60 * 86_400),
        **fields,
    )


def make_view(member: Member, name: str = "Failed ones", *, mode: str = Mode.LIVE, **fields: Any) -> SavedView:
    values = {"history": "money-transfers", "query": "status=failed", **fields}
    with rls.inside_of(member.business_id, mode):
        return SavedView.objects.create(business=member.business, mode=mode, member=member, name=name, **values)


def make_key(member: Member, name: str = "Online shop", *, mode: str = Mode.LIVE, **fields: Any) -> ApiKey:
    """Make a key whose text nobody knows."""
    text = wording.new_key(mode)
    values = {"name": name, "public": wording.public_part(text), "mac": sealing.mac(text, MAC), **fields}
    with rls.inside(member.scope(mode)):
        return ApiKey.objects.create(business=member.business, mode=mode, **member.actor.columns("maker"), **values)


def make_call(member: Member, *, mode: str = Mode.LIVE, **fields: Any) -> ApiCall:
    """Keep a call of the merchant API, by a new key unless one is named."""
    key = fields.pop("key", None) or make_key(member, mode=mode)
    status = fields.setdefault("status", 200)
    made = {
        "request_id": uuid4().hex,
        "method": "GET",
        "path": "/api/v3/general/balance",
        "outcome": Outcome.of(status),
        "key_name": key.name,
        "key_public": key.public,
        "address": "203.0.113.7",
        "milliseconds": 12,
    }
    with rls.inside(member.scope(mode)):
        return ApiCall.objects.create(business=member.business, mode=mode, key=key, **made | fields)


def make_callback_url(
    member: Member, event: CallbackEvent = CallbackEvent.TOP_UP, *, mode: str = Mode.LIVE, **fields: Any
) -> CallbackUrl:
    url = fields.pop("url", "https://hooks.kopikita.com/flip")
    values = {
        "url": url,
        "host": urlsplit(url).hostname or "",
        "sealed_secret": sealing.seal(signing.new_secret(), CallbackUrl.SECRET_SEAL),
        **member.actor.columns("changer"),
        **fields,
    }
    with rls.inside(member.scope(mode)):
        return CallbackUrl.objects.create(business=member.business, mode=mode, event=event, **values)


def make_callback(to: CallbackUrl, **fields: Any) -> Callback:
    """Make a callback of a fact that nobody knows, due at once."""
    values = {"kind": "top-up.credited", "data": '{"id":1}', "event": to.event, "url": to.url, **fields}
    with rls.inside_of(to.business_id, to.mode):
        return Callback.objects.create(business_id=to.business_id, mode=to.mode, callback_url=to, **values)


def make_resend(member: Member, *callbacks: Callback, mode: str = Mode.LIVE, **fields: Any) -> CallbackResend:
    values = {"number": next(_counter), "callbacks": [one.pk for one in callbacks], **fields}
    return CallbackResend.objects.create(business=member.business, mode=mode, member=member, **values)


def make_import(member: Member, *, mode: str = Mode.LIVE, **fields: Any) -> ImportJob:
    values = {
        "number": next(_counter),
        "kind": "money-transfer",
        "file_name": "past.csv",
        "size": 1_000,
        "sha256": "0" * 64,
        "status": "cancelled",
        **fields,
    }
    return ImportJob.objects.create(business=member.business, mode=mode, member=member, **values)


def history(scope: Scope, query: str = "", name: str = "money-transfers") -> histories.History:
    return histories.get(name)(scope, QueryDict(query))


def found(scope: Scope, query: str = "", name: str = "money-transfers") -> list[int]:
    """Return the ids that a history's first page shows."""
    return [row["id"] for row in history(scope, query, name).results().rows]
