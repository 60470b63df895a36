"""Invoices: what a month's fees came to, numbered without gaps, and never changed once issued (docs/invoices.md)."""

from datetime import date
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from documents.operator import Party
from flipdash.actors import actor_fields, actor_known
from flipdash.leases import Leased
from flipdash.scope import TenantForeignKey, TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state


class InvoiceCounter(models.Model):
    """The last number of a series in a year: whoever takes the next one holds the row until it is given."""

    series = models.CharField(max_length=8)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="invoicecounter_once")]

    def __str__(self) -> str:
        return f"{self.series}/{self.year}: {self.last}"


class InvoiceQuerySet(TenantQuerySet):
    """The invoices of a business in a mode."""

    def newest_first(self) -> Self:
        """Order as the page shows them."""
        return self.order_by("-period", "-id")

    def issued(self) -> Self:
        """Those that are there for good."""
        return self.filter(status=Invoice.Status.ISSUED)


class Invoice(TenantModel, Leased):
    """The invoice of a business for a month, or the credit note that takes one back.

    A row waits for its month to end, is given a number with all that the paper will say, then the paper is made of the
    row alone. Once issued nothing of it changes; what comes later stands beside it (InvoicePaper).
    """

    class Kind(models.TextChoices):
        """What the paper is."""

        INVOICE = "invoice", _("Invoice")
        CREDIT_NOTE = "credit_note", _("Credit note")

    class Status(State):
        """Where it stands."""

        QUEUED = state("queued", _("Being prepared"), "grey", "hourglass", to="making")
        MAKING = state("making", _("Being prepared"), "blue", "loader", to="queued stamping issued none failed")
        STAMPING = state("stamping", _("Being stamped"), "amber", "hourglass", to="issued")
        FAILED = state("failed", _("Being checked"), "amber", "pause", later="queued")
        NONE = state("none", _("No fees"), "grey", "minus")
        ISSUED = state("issued", _("Issued"), "green", "check")

    STEPS: ClassVar[Any] = {Status.QUEUED: Status.MAKING}
    PROBLEMS: ClassVar[Any] = {
        "operator": _("The operator’s legal name, address, NPWP or NITKU is missing in the settings."),
        "party": _(
            "The business has no legal name, address or NPWP of 16 digits: an Admin writes them in its settings."
        ),
        "letters": _("A legal name or an address has letters that can’t be printed. Have it written in Latin letters."),
        "rate": _("No PPN is set for this month."),
        "error": _("Something went wrong on our side. It is tried again."),
        "disk full": _("The disk is full. It is tried again."),
    }

    kind = models.CharField(max_length=11, choices=Kind.choices, default=Kind.INVOICE)
    period = models.DateField(_("Period"))
    """The first day of its month."""
    revision = models.PositiveSmallIntegerField(default=1)
    """Which of the month's: a further one follows a credit note."""
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    """Fees from the first moment to before the other: they follow each other, whatever becomes of the zone."""
    zone = models.CharField(max_length=20)
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="corrected_by", db_index=False, db_constraint=False
    )
    """What a credit note takes back."""
    why = models.CharField(max_length=200, blank=True)
    status = StatusField(max_length=8, choices=Status, default=Status.QUEUED)

    number = models.CharField(_("Number"), max_length=24, null=True)
    """With it comes all that follows, up to the lines."""
    issued_at = models.DateTimeField(_("Issued"), null=True)
    language = models.CharField(max_length=2, choices=settings.LANGUAGES, blank=True)
    seller_name = models.CharField(max_length=200, blank=True)
    seller_address = models.CharField(max_length=500, blank=True)
    seller_npwp = models.CharField(max_length=16, blank=True)
    seller_nitku = models.CharField(max_length=22, blank=True)
    buyer_name = models.CharField(max_length=200, blank=True)
    buyer_address = models.CharField(max_length=500, blank=True)
    buyer_npwp = models.CharField(max_length=16, blank=True)
    buyer_nitku = models.CharField(max_length=22, blank=True)
    tax_percent = models.PositiveSmallIntegerField(null=True)
    tax_numerator = models.PositiveSmallIntegerField(null=True)
    tax_denominator = models.PositiveSmallIntegerField(null=True)
    dpp = models.BigIntegerField(null=True)  # rupiah, as all sums here
    dpp_other = models.BigIntegerField(null=True)
    ppn = models.BigIntegerField(null=True)
    total = models.BigIntegerField(_("Amount"), null=True)

    stored_as = models.CharField(max_length=100, blank=True)
    size = models.BigIntegerField(null=True)  # bytes
    sha256 = models.CharField(max_length=64, blank=True)
    sheet_stored_as = models.CharField(max_length=100, blank=True)
    sheet_size = models.BigIntegerField(null=True)  # bytes
    sheet_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = InvoiceQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            mode_known("invoice"),
            models.UniqueConstraint(fields=["business", "mode", "id"], name="invoice_tenant"),
            TenantForeignKey(field="corrects", to="documents.Invoice", name="invoice_corrects"),
            models.UniqueConstraint(
                fields=["business", "mode", "period", "kind", "revision"], name="invoice_of_month_once"
            ),
            models.UniqueConstraint(fields=["corrects"], name="invoice_corrected_once"),
            models.UniqueConstraint(fields=["mode", "number"], name="invoice_number_once"),
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at"), period__day=1), name="invoice_month"),
            models.CheckConstraint(
                condition=Q(kind="invoice", corrects=None) | Q(kind="credit_note", corrects__isnull=False),
                name="invoice_corrects_of_kind",
            ),
            models.CheckConstraint(
                condition=Q(number=None, total=None)
                | Q(
                    number__isnull=False, issued_at__isnull=False, total=F("dpp") + F("ppn"), tax_percent__isnull=False
                ),
                name="invoice_numbered_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(status="issued")
                | Q(number__isnull=False, stored_as__gt="", sheet_stored_as__gt="", sha256__regex=r"^[0-9a-f]{64}$"),
                name="invoice_issued_has_files",
            ),
        ]
        indexes = [
            *Leased.Meta.indexes,
            models.Index(F("business"), F("mode"), F("period").desc(), F("id").desc(), name="invoice_newest"),
            models.Index(
                fields=["business", "-started_at"], name="invoice_last_begun", condition=Q(started_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"{self.period:%Y-%m}"

    @property
    def seller(self) -> Party:
        """The operator, as it was."""
        return Party(self.seller_name, self.seller_address, self.seller_npwp, self.seller_nitku)

    @property
    def buyer(self) -> Party:
        """The business, as it was."""
        return Party(self.buyer_name, self.buyer_address, self.buyer_npwp, self.buyer_nitku)

    @property
    def is_issued(self) -> bool:
        """Whether it is there for good, and can be downloaded."""
        return self.status == self.Status.ISSUED

    @property
    def is_backdated(self) -> bool:
        """Whether it is dated before its row was there: the seed's are, as if issued when their month ended.

        However long a row waits for its stamp or for a person, it was there before it got its date.
        """
        return self.issued_at is not None and self.issued_at < self.created_at

    @property
    def file_name(self) -> str:
        """INV-2026-11-000047.pdf: what people find again in a folder."""
        return f"{(self.number or '').replace('/', '-')}.pdf"

    @property
    def sheet_name(self) -> str:
        """The same for the transactions behind it."""
        return f"{(self.number or '').replace('/', '-')}.xlsx"


class InvoiceLine(TenantModel):
    """What one product cost at one price, PPN included; or what of an earlier month was given back."""

    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, related_name="lines", db_index=False, db_constraint=False
    )
    place = models.PositiveSmallIntegerField()
    product = models.CharField(max_length=40)
    """A code of documents/invoices/products.py."""
    count = models.PositiveIntegerField()
    """Transactions."""
    price = models.BigIntegerField(null=True)  # rupiah
    """The fee of each; None where it is a share of the amount."""
    received = models.BigIntegerField(null=True)  # rupiah
    """What the fees were a share of."""
    amount = models.BigIntegerField()  # rupiah
    given_back_of = models.DateField(null=True)
    """The month in which it was charged, where the line gives it back."""

    class Meta:
        constraints = [
            mode_known("invoiceline"),
            TenantForeignKey(field="invoice", to="documents.Invoice", name="invoiceline_invoice"),
            models.UniqueConstraint(fields=["invoice", "place"], name="invoiceline_place_once"),
            models.CheckConstraint(condition=Q(count__gt=0) & ~Q(amount=0), name="invoiceline_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.amount:+,}"


class InvoicePaper(TenantModel):
    """What comes later and stands beside an invoice: the operator's Faktur Pajak, the business's Bukti Potong."""

    class Kind(models.TextChoices):
        """What the paper is."""

        FAKTUR_PAJAK = "faktur", "Faktur Pajak"
        BUKTI_POTONG = "potong", "Bukti Potong"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="papers", db_constraint=False)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    number = models.CharField(_("Number"), max_length=40)
    dated = models.DateField(_("Date"))
    stored_as = models.CharField(max_length=100)
    size = models.BigIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    by_kind, by_id, by_name = actor_fields()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            mode_known("invoicepaper"),
            actor_known("invoicepaper", "by"),
            TenantForeignKey(field="invoice", to="documents.Invoice", name="invoicepaper_invoice"),
            models.CheckConstraint(condition=Q(kind__in=["faktur", "potong"]), name="invoicepaper_kind_known"),
            models.CheckConstraint(
                condition=~Q(kind="faktur") | Q(number__regex=r"^[0-9]{17}$"), name="invoicepaper_faktur_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"

    @property
    def file_name(self) -> str:
        """What the file is called: of our own letters, whatever was uploaded."""
        kind = "Faktur-Pajak" if self.kind == self.Kind.FAKTUR_PAJAK else "Bukti-Potong"
        return f"{kind}_{(self.invoice.number or '').replace('/', '-')}_{self.pk}.pdf"


class InvoiceReader(TenantModel):
    """A member who is mailed when an invoice is issued."""

    member = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            mode_known("invoicereader"),
            models.UniqueConstraint(fields=["business", "mode", "member"], name="invoicereader_once"),
        ]

    def __str__(self) -> str:
        return str(self.member_id)


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def month_after(month: date) -> date:
    """Return the first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
