"""Receipts as files, and the links to them: what whoever has the address sees without signing in."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash import clock
from flipdash.actors import actor_fields, actor_known
from flipdash.leases import Leased
from flipdash.scope import TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state


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


class ReceiptFile(TenantModel, Leased):
    """The file of one transaction's receipt: made once by a worker, and the same bytes from then on.

    One for each language, and with the fee or without: a person's is in their language, a link's in the business's.
    When the money came back since, the receipt says so, and is another one.
    """

    class Status(State):
        """Where it stands."""

        QUEUED = state("queued", _("Waiting"), "grey", "hourglass", to="running")
        RUNNING = state("running", _("Being made"), "blue", "loader", to="queued ready failed")
        READY = state("ready", _("Ready"), "green", "check")
        FAILED = state("failed", _("Failed"), "red", "x", later="queued")

    STEPS: ClassVar[Any] = {Status.QUEUED: Status.RUNNING}
    PROBLEMS: ClassVar[Any] = {
        "gone": _("The transaction isn’t successful any more, so there is no receipt."),
        "disk full": _("There was no room left for the file. Nothing was changed; make it again later."),
        "error": _("Something went wrong on our side. Nothing was changed; make it again."),
    }

    history = models.CharField(max_length=40)
    """The name of the history that the transaction stands in."""
    row_id = models.BigIntegerField()
    with_fee = models.BooleanField()
    returned = models.BooleanField()
    """Whether it says that the money came back."""
    language = models.CharField(max_length=2, choices=settings.LANGUAGES)
    by_kind, by_id, by_name = actor_fields()
    """Who asked for it first."""
    status = StatusField(max_length=7, choices=Status, default=Status.QUEUED)
    stored_as = models.CharField(max_length=100, blank=True)
    """Where the file is; noted before it is stored there, so that it is found if nobody comes to say that it is."""
    file_name = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField(null=True)  # bytes
    sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            mode_known("receiptfile"),
            actor_known("receiptfile", "by"),
            models.UniqueConstraint(
                fields=["business", "mode", "history", "row_id", "with_fee", "returned", "language"],
                name="receiptfile_once",
            ),
            models.CheckConstraint(
                condition=~Q(status="ready")
                | Q(stored_as__gt="", file_name__gt="", size__isnull=False, sha256__regex=r"^[0-9a-f]{64}$"),
                name="receiptfile_ready_has_file",
            ),
        ]
        indexes = [
            *Leased.Meta.indexes,
            models.Index(F("business"), F("mode"), F("created_at").desc(), F("id").desc(), name="receiptfile_newest"),
            models.Index(fields=["business", "mode"], include=["size"], name="receiptfile_room"),
            models.Index(
                fields=["business", "-started_at"], name="receiptfile_last_begun", condition=Q(started_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return str(self.row_id)
