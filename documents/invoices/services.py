"""Invoices: a row for each month that has ended, issued by a worker under a lease (docs/invoices.md).

A number is given in one transaction with all that the paper will say, so that none is lost when a worker is killed, and
none is given twice: whoever takes the row over makes the paper of the number that it has.
"""

import secrets
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import Business
from accounts.sign_in import unconfirmed
from documents import operator, pdf
from documents.invoices import paper, tax
from documents.models import Invoice, InvoiceCounter, InvoiceLine
from documents.models.invoices import month_after, month_of
from documents.operator import Party
from flipdash import clock, events, rls
from flipdash.leases import Stopped, Worker
from flipdash.mode import Mode
from flipdash.scope import Business as AnyBusiness
from flipdash.scope import Scope

Status = Invoice.Status
USING = "operator"
WAITS = timedelta(hours=1)
"""How long after a month's end its invoice is made: what was begun before midnight is in the ledger by then."""


class NoOperator(Exception):
    """The operator's own data are missing."""


class NoParty(Exception):
    """The business's data that an invoice needs are missing."""


class LosesLetters(Exception):
    """A name or an address can't be printed as it is written."""


class NotCorrectable(Exception):
    """It isn't an issued invoice, or was taken back already."""


INVOICES = Worker(
    "invoices",
    Invoice,
    words=gettext_lazy("Invoices"),
    queue="reports",
    per="business",
    most_failed=0,
    problems={NoOperator: "operator", NoParty: "party", LosesLetters: "letters", tax.NoRate: "rate"},
    related=("business", "corrects"),
    using=USING,
)


# --- Which there are to be ------------------------------------------------------------------------------------


def queue_due(*, as_if_in_time: bool = False) -> int:
    """Add a row for each month of each business that has ended and has none; return how many were added.

    What was missed is caught up. `as_if_in_time` is for the seed alone: each is dated when it would have been issued.
    """
    now = clock.now(USING)
    rows = Invoice.objects.using(USING)
    months = rows.filter(kind=Invoice.Kind.INVOICE, revision=1).values_list("business_id", "mode")
    last = {(pk, mode): (period, ends) for pk, mode, period, ends in months.annotate(Max("period"), Max("ends_at"))}
    missing = [
        Invoice(business=business, mode=mode, issued_at=ends_at + WAITS if as_if_in_time else None, **month)
        for business in unconfirmed.leave_out(Business.objects.using(USING))
        for mode in Mode
        for month in _months(business, last.get((business.pk, mode)), now - WAITS)
        for ends_at in (month["ends_at"],)
    ]
    rows.bulk_create(missing, ignore_conflicts=True)
    if missing:
        INVOICES.wake()
    return len(missing)


def _months(business: Business, last: tuple[date, datetime] | None, until: datetime) -> list[dict[str, Any]]:
    """Return the months after the last one that ended before a moment, each beginning where the one before ended."""
    zone = ZoneInfo(business.time_zone)
    period = month_after(last[0]) if last else month_of(business.created_at.astimezone(zone).date())
    starts_at = last[1] if last else _midnight(period, zone)
    months = []
    while (ends_at := _midnight(month_after(period), zone)) <= until:
        month = {"period": period, "starts_at": starts_at, "ends_at": ends_at, "zone": business.time_zone}
        months.append(month)
        period, starts_at = month_after(period), ends_at
    return months


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def try_again(rows: QuerySet[Invoice] | None = None) -> int:
    """Put back what waits for a person, who may have mended it: of some rows, or all. Return how many there were."""
    failed = (Invoice.objects.using(USING) if rows is None else rows).filter(status=Status.FAILED)
    count = failed.update(status=Status.QUEUED, attempt=0, due_at=Now(), finished_at=None, problem="")
    if count:
        INVOICES.wake()
    return count


# --- The work -------------------------------------------------------------------------------------------------


@INVOICES.runs
def _issue(invoice: Invoice) -> None:
    """Give an invoice its number, make its files, and let it be issued; a month without fees has none."""
    if invoice.number is None:
        lines = _lines_of(invoice)
        if not lines:
            INVOICES.finish(invoice, Status.NONE)
            return
        _number(invoice, lines)
        invoice.refresh_from_db(using=USING)
    _publish(invoice, paper.make(invoice, USING))


def _lines_of(invoice: Invoice) -> list[InvoiceLine]:
    if invoice.corrects:
        taken_back = list(invoice.corrects.lines.using(USING).order_by("place"))
        for line in taken_back:
            line.pk, line.invoice, line.amount = None, invoice, -line.amount
        return taken_back
    return [
        InvoiceLine(
            business=invoice.business,
            mode=invoice.mode,
            invoice=invoice,
            place=place,
            product=line.product,
            count=line.count,
            price=line.price,
            received=line.received,
            amount=line.amount,
            given_back_of=line.given_back_of,
        )
        for place, line in enumerate((line for line in paper.time_of(invoice).lines(USING) if line.amount), start=1)
    ]


def _number(invoice: Invoice, lines: list[InvoiceLine]) -> None:
    """Give it the next number of its series and year, and all that it will say, at once."""
    seller, buyer = _parties(invoice)
    taxed = _taxed_as(invoice.corrects) if invoice.corrects else _taxed(invoice, sum(line.amount for line in lines))
    with transaction.atomic(using=USING):
        INVOICES.hold(invoice)
        InvoiceLine.objects.using(USING).bulk_create(lines)
        INVOICES.note(
            invoice,
            number=_next_number(invoice),
            issued_at=invoice.issued_at or clock.now(USING),
            language=invoice.business.language,
            **taxed,
            **_columns("seller", seller),
            **_columns("buyer", buyer),
        )


def _taxed(invoice: Invoice, total: int) -> dict[str, int]:
    """Return the rate of an invoice's month and its sums, in rupiah; raises NoRate."""
    rate = tax.rate_on(invoice.ends_at.astimezone(ZoneInfo(invoice.zone)).date() - timedelta(days=1))
    split = tax.split(total, rate)
    return {
        "tax_percent": rate.percent,
        "tax_numerator": rate.numerator,
        "tax_denominator": rate.denominator,
        "dpp": split.dpp,
        "dpp_other": split.other,
        "ppn": split.ppn,
        "total": split.total,
    }


def _taxed_as(corrected: Invoice) -> dict[str, int]:
    """Return the rate of the invoice that a credit note takes back, and its sums below zero.

    Not split anew: the setting may have been mended since, and both have to come to nothing, PPN too.
    """
    rate = {name: getattr(corrected, name) for name in ("tax_percent", "tax_numerator", "tax_denominator")}
    return rate | {name: -getattr(corrected, name) for name in ("dpp", "dpp_other", "ppn", "total")}


def _parties(invoice: Invoice) -> tuple[Party, Party]:
    """Return who bills whom, as both are now; raises NoOperator, NoParty, LosesLetters.

    A credit note takes back what it corrects, and so names whom that named.
    """
    if invoice.corrects:
        return invoice.corrects.seller, invoice.corrects.buyer
    seller, business = operator.from_settings(), invoice.business
    buyer = Party(business.legal_name, business.address, business.npwp, business.nitku_or_head_office)
    if seller.missing:
        raise NoOperator(", ".join(seller.missing))
    if buyer.missing:
        raise NoParty(", ".join(buyer.missing))
    for party in (seller, buyer):
        if pdf.loses_letters(party.legal_name) or pdf.printable(party.address, 500) != " ".join(party.address.split()):
            raise LosesLetters(party.legal_name)
    return seller, buyer


def _columns(role: str, party: Party) -> dict[str, str]:
    return {
        f"{role}_name": party.legal_name,
        f"{role}_address": party.address,
        f"{role}_npwp": party.npwp,
        f"{role}_nitku": party.nitku,
    }


def _next_number(invoice: Invoice) -> str:
    """Return the next number of the invoice's series in its period's year: INV/2026/11/000047. None is left out.

    The counter's row is locked until the transaction ends, which also notes the number: both are there, or neither.
    """
    series = ("CN" if invoice.corrects_id else "INV") if invoice.mode == Mode.LIVE else "TEST"
    series = "TEST-CN" if series == "TEST" and invoice.corrects_id else series
    counters = InvoiceCounter.objects.using(USING)
    counters.bulk_create([InvoiceCounter(series=series, year=invoice.period.year)], ignore_conflicts=True)
    counter = counters.select_for_update().get(series=series, year=invoice.period.year)
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"{series}/{invoice.period:%Y/%m}/{counter.last:06d}"


def _publish(invoice: Invoice, files: paper.Files) -> None:
    """Store the files and say that it is issued, or that it waits for its stamp; nobody reads them before."""
    for left in filter(None, (invoice.stored_as, invoice.sheet_stored_as)):  # of an attempt before this one
        default_storage.delete(left)
    name = f"invoices/{invoice.business_id}/{invoice.pk}-{invoice.attempt}-{secrets.token_hex(8)}"
    stored = {"stored_as": f"{name}.pdf", "sheet_stored_as": f"{name}.xlsx"}
    INVOICES.note(invoice, **stored)
    default_storage.save(stored["stored_as"], ContentFile(files.paper))
    default_storage.save(stored["sheet_stored_as"], ContentFile(files.sheet))
    is_stamped_first = 0 < settings.INVOICE_STAMP_FROM <= (invoice.total or 0) and invoice.mode == Mode.LIVE
    _note_issued(
        invoice,
        Status.STAMPING if is_stamped_first else Status.ISSUED,
        size=len(files.paper),
        sha256=sha256(files.paper).hexdigest(),
        sheet_size=len(files.sheet),
        sheet_sha256=sha256(files.sheet).hexdigest(),
    )


def _note_issued(invoice: Invoice, status: Any, **values: Any) -> None:
    """Note it, and tell it, in one transaction of the app role; raises Stopped when it isn't ours any more."""
    scope = Scope.by_itself(invoice.business, invoice.mode)
    with rls.inside(scope), transaction.atomic():
        mine = Invoice.objects.visible_to(scope).filter(pk=invoice.pk, status=invoice.status, attempt=invoice.attempt)
        finished_at = clock.now() if status == Status.ISSUED else None
        if not mine.update(status=status, lease_until=None, finished_at=finished_at, **values):
            raise Stopped
        if status == Status.ISSUED and not invoice.is_backdated:  # the seed's tell nobody
            events.record(scope, "invoice.issued", invoice, number=invoice.number, total=invoice.total)


# --- By the operator's people -----------------------------------------------------------------------------------------


def stamp(invoice: Invoice, stamped: bytes) -> None:
    """Take the paper with its e-meterai in place of the one without, and issue it; raises Stopped if that is done."""
    if invoice.status != Status.STAMPING:
        raise Stopped
    name = f"invoices/{invoice.business_id}/{invoice.pk}-stamped-{secrets.token_hex(8)}.pdf"
    default_storage.save(name, ContentFile(stamped))
    try:
        _note_issued(invoice, Status.ISSUED, stored_as=name, size=len(stamped), sha256=sha256(stamped).hexdigest())
    except Stopped:  # somebody else was faster
        default_storage.delete(name)
        raise


def credit(invoice: Invoice, *, why: str, reissue: bool = True) -> Invoice:
    """Take an issued invoice back by a credit note over all of it; return that. An invoice never changes.

    `reissue` bills the month once more, with names and tax numbers as they are then. Raises NotCorrectable.
    """
    with transaction.atomic(using=USING):
        rows = Invoice.objects.using(USING)
        wrong = rows.select_for_update(of=("self",)).get(pk=invoice.pk)
        is_taken_back = rows.filter(corrects_id=wrong.pk).exists()
        if not wrong.is_issued or wrong.kind != Invoice.Kind.INVOICE or is_taken_back:
            raise NotCorrectable
        same = {
            name: getattr(wrong, name) for name in ("business_id", "mode", "period", "starts_at", "ends_at", "zone")
        }
        note = rows.create(**same, kind=Invoice.Kind.CREDIT_NOTE, revision=wrong.revision, corrects=wrong, why=why)
        if reissue:
            rows.create(**same, revision=wrong.revision + 1)
        INVOICES.wake_on_commit()
        return note


def today_in(business: AnyBusiness) -> date:
    """Return today in a business's zone."""
    return local_day(clock.now(), business)


def local_day(moment: datetime, business: AnyBusiness) -> date:
    """Return the day of a moment in a business's zone."""
    return timezone.localtime(moment, ZoneInfo(business.time_zone)).date()
