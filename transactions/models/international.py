"""International transfers: where money can go abroad, what it will cost, and what was sent."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Now, Round
from django.utils.translation import gettext_lazy as _

from flipdash import world
from flipdash.scope import TenantForeignKey, TenantModel, TenantQuerySet, mode_known
from flipdash.searchkeys import SearchIndex
from flipdash.timeline import NO_LINE
from transactions.corridors import TransferKind
from transactions.models.base import OutgoingEventKind, OutgoingTransfer, TransactionEvent

WITHOUT_DECIMALS = ["JPY", "KRW", "VND"]
"""The payable currencies that have no decimals; the database holds their amounts to it."""


class Corridor(models.Model):
    """A country that can be paid, and in which currency. The same for all businesses and both modes."""

    class Speed(models.TextChoices):
        """When the money arrives."""

        REAL_TIME = "real_time", _("Real time")
        SAME_DAY = "same_day", _("Same day")
        ONE_DAY = "one_day", _("Next day")
        TWO_DAYS = "two_days", _("In two days")

    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    speed = models.CharField(max_length=9, choices=Speed.choices)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["country", "currency"], name="corridor_once"),
            models.CheckConstraint(
                condition=Q(country__regex="^[A-Z]{2}$", currency__regex="^[A-Z]{3}$"), name="corridor_codes"
            ),
        ]

    def __str__(self) -> str:
        return f"{world.country_name(self.country)} ({self.currency})"

    @classmethod
    def countries(cls) -> list[tuple[str, str]]:
        """Return the codes and the names of all countries, open or not, in the order of the names."""
        codes = cls.objects.values_list("country", flat=True).distinct()
        return sorted(((code, world.country_name(code)) for code in codes), key=lambda country: country[1])


class Side(models.TextChoices):
    """Which amount a person gives; the other one follows from the rate."""

    SENT = "sent", _("What is sent")
    RECEIVED = "received", _("What arrives")


class Quote(TenantModel):
    """What a transfer abroad costs and what arrives, which holds for a while. It never changes, and is used once."""

    corridor = models.ForeignKey(Corridor, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=3, blank=True, default="", db_default="")
    """Who pays whom, as a TransferKind; empty for what was quoted before there were kinds."""
    side = models.CharField(max_length=8, choices=Side, default=Side.SENT, db_default=Side.SENT)
    """The amount that was given; when the quote has run out, the next one keeps it."""
    rail = models.CharField(max_length=32, blank=True, default="", db_default="")
    reference = models.CharField(max_length=64, blank=True, default="", db_default="")
    """By which the rail knows it."""
    renews = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    """The one that ran out before this was asked for: of a transfer that waits, the one at which it was made."""
    amount = models.BigIntegerField(_("Amount Sent"))
    rate = models.DecimalField(_("Rate"), max_digits=18, decimal_places=4)
    """Rupiah for one unit of the currency."""
    fee = models.BigIntegerField(_("Fee"))
    amount_received = models.DecimalField(_("Amount Received"), max_digits=20, decimal_places=3)  # the corridor's
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "id"], name="quote_tenant"),
            mode_known("quote"),
            models.CheckConstraint(condition=Q(amount__gt=0, rate__gt=0, fee__gte=0), name="quote_amounts"),
            models.CheckConstraint(condition=Q(amount_received__gt=0), name="quote_received"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="quote_expires_after"),
            models.CheckConstraint(
                condition=Q(side__in=Side.values, kind__in=["", *TransferKind.values]), name="quote_known"
            ),
            TenantForeignKey(field="renews", to="transactions.Quote", name="quote_renews_tenant"),
        ]
        indexes = [
            models.Index(fields=["business", "mode", "created_at"], name="quote_newest"),
            models.Index(fields=["created_at"], name="quote_oldest"),
            models.Index(fields=["business", "mode", "renews"], name="quote_renews", condition=Q(renews__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.amount} → {self.amount_received}"


class Purpose(models.TextChoices):
    """What the money is for, as the receiving country asks."""

    GOODS = "goods", _("Purchase of goods")
    SERVICES = "services", _("Payment for services")
    SALARY = "salary", _("Salary payment")
    EDUCATION = "education", _("Education")
    TRAVEL = "travel", _("Travel")
    FAMILY_SUPPORT = "family_support", _("Family support")
    OTHER = "other", _("Something else")


class SourceOfFunds(models.TextChoices):
    """Where the money comes from, as the receiving country asks."""

    BUSINESS = "business", _("Business income")
    SALARY = "salary", _("Salary")
    SAVINGS = "savings", _("Savings")
    GIFT = "gift", _("Gift")


WORDS = SearchIndex(
    texts=("beneficiary_name",), facets=("status", "country", "reason"), codes=("external_id",), when="created_at"
)


class InternationalTransfer(OutgoingTransfer):
    """A transfer abroad: rupiah are sent, another currency arrives."""

    quote = models.ForeignKey(
        Quote, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    country = models.CharField(_("Beneficiary Country"), max_length=2)
    beneficiary_bank = models.CharField(_("Beneficiary Bank"), max_length=100)
    beneficiary_name = models.CharField(_("Beneficiary Name"), max_length=100)
    account_number = models.CharField(_("Account Number"), max_length=34)
    currency = models.CharField(_("Currency"), max_length=3)
    rate = models.DecimalField(_("Rate"), max_digits=18, decimal_places=4, null=True, blank=True)
    amount_received = models.DecimalField(_("Amount Received"), max_digits=20, decimal_places=3)  # in `currency`
    purpose = models.CharField(_("Purpose"), max_length=16, choices=Purpose.choices, default=Purpose.OTHER)
    transfer_kind = models.CharField(
        _("Transfer Kind"), max_length=3, choices=TransferKind, blank=True, default="", db_default=""
    )
    """Who pays whom; empty for what another system made."""
    source_of_funds = models.CharField(
        _("Source of Funds"), max_length=8, choices=SourceOfFunds, blank=True, default="", db_default=""
    )
    details = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    """The other fields of its corridor, by their names in transactions/corridors.py."""
    sealed_details = models.TextField(blank=True, default="", db_default="")
    """Those that say who a person is, sealed (transactions/international/identity.py)."""
    let_go_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When it was approved: by then its quote held, as the database sees to (sql/international_quote.sql)."""
    attachment = models.ForeignKey(
        "transactions.Attachment",
        on_delete=models.PROTECT,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )

    words = WORDS
    timeline = OutgoingTransfer.lines_of("international") | {
        "international.due": str(OutgoingEventKind.DUE),
        "international.requoted": NO_LINE,
        "international.opened": NO_LINE,
    }

    class Meta(OutgoingTransfer.Meta):
        constraints = [
            *OutgoingTransfer.Meta.constraints,
            TenantForeignKey(field="quote", to="transactions.Quote", name="internationaltransfer_quote_tenant"),
            TenantForeignKey(
                field="attachment", to="transactions.Attachment", name="internationaltransfer_attachment_tenant"
            ),
            models.UniqueConstraint(
                fields=["business", "mode", "attachment"], name="internationaltransfer_attachment_once"
            ),
            models.CheckConstraint(
                condition=Q(transfer_kind__in=["", *TransferKind.values]), name="internationaltransfer_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(source_of_funds__in=["", *SourceOfFunds.values]), name="internationaltransfer_source_known"
            ),
            models.UniqueConstraint(fields=["business", "mode", "quote"], name="internationaltransfer_quote_once"),
            models.CheckConstraint(
                condition=Q(country__regex="^[A-Z]{2}$", currency__regex="^[A-Z]{3}$"),
                name="internationaltransfer_codes",
            ),
            models.CheckConstraint(
                condition=Q(amount_received__gt=0) & (Q(rate=None) | Q(rate__gt=0)),
                name="internationaltransfer_received",
            ),
            models.CheckConstraint(
                condition=~Q(currency__in=WITHOUT_DECIMALS) | Q(amount_received=Round("amount_received")),
                name="internationaltransfer_decimals",
            ),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="internationaltransfer_purpose_known"),
        ]
        indexes = [
            *OutgoingTransfer.Meta.indexes,
            models.Index(
                F("business"),
                F("mode"),
                F("country"),
                F("created_at").desc(),
                F("id").desc(),
                name="internationaltransfer_country",
            ),
            models.Index(
                F("business"),
                F("mode"),
                F("account_number"),
                F("created_at").desc(),
                name="internationaltransfer_account",
            ),
            models.Index(
                F("business"),
                F("mode"),
                F("internal_reference"),
                F("created_at").desc(),
                name="internationaltransfer_ref",
                condition=~Q(internal_reference=""),
            ),
            WORDS.index("internationaltransfer_words"),
        ]


class InternationalEvent(TransactionEvent):
    """One line of an international transfer's timeline."""

    Kind = OutgoingEventKind

    transfer = models.ForeignKey(
        InternationalTransfer, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="events"
    )
    kind = models.CharField(max_length=16, choices=OutgoingEventKind.choices)

    class Meta(TransactionEvent.Meta):
        constraints = [
            *TransactionEvent.Meta.constraints,
            TenantForeignKey(
                field="transfer",
                to="transactions.InternationalTransfer",
                name="internationalevent_transfer_tenant",
            ),
        ]
        indexes = [models.Index(fields=["transfer", "at", "id"], name="internationalevent_order")]
