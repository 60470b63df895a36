"""Links to receipts: what whoever has the address sees without signing in."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from flipdash import clock
from flipdash.actors import actor_fields, actor_known
from flipdash.scope import TenantModel, TenantQuerySet, mode_known


class ReceiptLinkQuerySet(TenantQuerySet):
    """The links to receipts of a business in a mode."""

    def open(self) -> Self:
        """Those that still show something."""
        return self.filter(revoked_at=None, expires_at__gt=Now())


class ReceiptLink(TenantModel):
    """An address at which one receipt is read: mailed to somebody, or made to be copied.

    Only a hash of its secret part is kept; what is copied again and again is kept sealed besides. Everything but its
    revocation stays as it was.
    """

    history = models.CharField(max_length=40)
    """The name of the history that the transaction stands in."""
    row_id = models.BigIntegerField()
    token_hash = models.CharField(max_length=64, unique=True)
    sealed = models.TextField(blank=True)
    to = models.EmailField(blank=True)
    """Where it was mailed to; empty for one to copy."""
    known_by = models.CharField(max_length=64, blank=True)
    """The same for all transactions with one account: the next receipt is offered the same address."""
    with_fee = models.BooleanField()
    language = models.CharField(max_length=2, choices=settings.LANGUAGES)
    by_kind, by_id, by_name = actor_fields()
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = ReceiptLinkQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("receiptlink"),
            actor_known("receiptlink", "by"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="receiptlink_expires_after"),
            models.CheckConstraint(
                condition=Q(to="", sealed__gt="") | Q(to__gt="", sealed=""), name="receiptlink_mailed_or_copied"
            ),
        ]
        indexes = [
            models.Index(fields=["business", "mode", "history", "row_id", "-id"], name="receiptlink_of_row"),
            models.Index(fields=["business", "mode", "created_at"], name="receiptlink_of_day"),
            models.Index(
                fields=["business", "mode", "history", "known_by", "-id"],
                name="receiptlink_known",
                condition=Q(to__gt="", known_by__gt=""),
            ),
        ]

    def __str__(self) -> str:
        return str(self.row_id)

    def is_open_at(self, moment: datetime) -> bool:
        """Return whether it shows something at a moment."""
        return self.revoked_at is None and moment < self.expires_at

    @property
    def is_open(self) -> bool:
        """Whether it shows something now."""
        return self.is_open_at(clock.now())
