"""Links that people pay by."""

import secrets
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash.actors import actor_fields, actor_known
from flipdash.addresses import LONGEST
from flipdash.scope import TenantModel, TransactionQuerySet, mode_known
from flipdash.searchkeys import SearchIndex
from flipdash.states import State, StatusField, state
from transactions.models.base import NextTransactionId, Via

SLUG_BYTES = 16
"""128 random bits, so that nobody finds a link by guessing (trust.md W7)."""


def new_slug() -> str:
    """Return a random name for an address."""
    return secrets.token_urlsafe(SLUG_BYTES)


WORDS = SearchIndex(texts=("title",))


class PaymentLink(TenantModel):
    """An address that people pay at: an amount fixed or open, once or as often as they like."""

    class Uses(models.TextChoices):
        """How often a link can be paid."""

        ONE = "one", _("One use")
        MANY = "many", _("Many uses")

    class Bearer(models.TextChoices):
        """Who bears the fee of a payment."""

        BUSINESS = "business", _("My business")
        PAYER = "payer", _("The payer")

    class Status(State):
        """Whether a link can be paid."""

        ACTIVE = state("active", _("Active"), "green", "check", to="inactive used expired", said=("Active", "Aktif"))
        INACTIVE = state(
            *("inactive", _("Inactive"), "grey", "minus"),
            later="active used expired",
            said=("Inactive", "Nonaktif", "Tidak aktif"),
        )
        EXPIRED = state(
            *("expired", _("Expired"), "grey", "clock-alert"),
            later="active inactive used",
            said=("Expired", "Kedaluwarsa"),
        )
        USED = state("used", _("Paid"), "blue", "wallet", said=("Paid", "Used", "Dibayar", "Terpakai"))

    id = models.BigIntegerField(primary_key=True, db_default=NextTransactionId())
    slug = models.CharField(max_length=43, unique=True, default=new_slug, editable=False)
    title = models.CharField(_("Title"), max_length=100)
    amount = models.BigIntegerField(_("Amount"), null=True, blank=True)
    """Rupiah; None lets the payer choose."""
    uses = models.CharField(_("Uses"), max_length=4, choices=Uses.choices, default=Uses.MANY)
    fee_bearer = models.CharField(
        _("Who bears the fee"), max_length=8, choices=Bearer.choices, default=Bearer.BUSINESS, db_default="business"
    )
    asks_phone = models.BooleanField(_("Ask for the phone number"), default=False, db_default=False)
    asks_address = models.BooleanField(_("Ask for the address"), default=False, db_default=False)
    redirect_url = models.CharField(_("Redirect Link"), max_length=LONGEST, blank=True, default="", db_default="")
    """Where a payer is led who has paid: https, and a name that the public internet knows."""
    status = StatusField(_("Status"), max_length=8, choices=Status, default=Status.ACTIVE)
    via = models.CharField(_("Created via"), max_length=9, choices=Via.choices, default=Via.DASHBOARD)
    maker_kind, maker_id, maker_name = actor_fields(_("Maker Name"))
    made_key = models.UUIDField(null=True, editable=False)
    """The hidden key of the form that made it, so that a double click makes one (trust.md L6)."""
    created_at = models.DateTimeField(_("Created Date"), db_default=Now())
    expires_at = models.DateTimeField(_("Expires"), null=True, blank=True)
    paid_count = models.PositiveIntegerField(_("Times Paid"), default=0, db_default=0)
    collected = models.BigIntegerField(_("Collected"), default=0, db_default=0)
    """Rupiah of all its successful payments, before fees. The database keeps both (sql/payment_link_totals.sql)."""

    words = WORDS
    objects: ClassVar[Any] = TransactionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "id"], name="paymentlink_tenant"),
            models.UniqueConstraint(fields=["business", "mode", "made_key"], name="paymentlink_made_once"),
            mode_known("paymentlink"),
            actor_known("paymentlink", "maker"),
            models.CheckConstraint(condition=Q(slug__regex="^[A-Za-z0-9_-]{22,}$"), name="paymentlink_slug_is_long"),
            models.CheckConstraint(condition=Q(amount=None) | Q(amount__gt=0), name="paymentlink_amount"),
            models.CheckConstraint(
                condition=Q(
                    uses__in=["one", "many"],
                    status__in=["active", "inactive", "expired", "used"],
                    fee_bearer__in=["business", "payer"],
                ),
                name="paymentlink_words_known",
            ),
            models.CheckConstraint(condition=~Q(status="used") | Q(uses="one"), name="paymentlink_used_is_of_one_use"),
            models.CheckConstraint(
                condition=Q(redirect_url="") | Q(redirect_url__startswith="https://"), name="paymentlink_redirect"
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("created_at")), name="paymentlink_expires_after"
            ),
        ]
        indexes = [
            models.Index(F("business"), F("mode"), F("created_at").desc(), F("id").desc(), name="paymentlink_newest"),
            models.Index(F("expires_at"), name="paymentlink_expiring", condition=Q(status="active")),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_of_one_use(self) -> bool:
        """Whether it is paid once, and then no more."""
        return self.uses == self.Uses.ONE
