"""Callback URLs, the callbacks that wait for them or were sent, and every attempt to send one (trust.md C1-C7)."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from developer.problems import Problem
from flipdash.actors import Actor, actor_fields, actor_known
from flipdash.addresses import LONGEST as LONGEST_URL
from flipdash.functions import NextTransactionId
from flipdash.scope import TenantForeignKey, TenantModel, TransactionQuerySet, mode_known
from flipdash.searchkeys import SearchIndex
from flipdash.states import State, StatusField, state


class CallbackEvent(models.TextChoices):
    """What a callback tells of. Each has a URL of its own."""

    TRANSFER = "transfer", _("Money Transfer: Transaction")
    INQUIRY = "inquiry", _("Money Transfer: Bank Account Inquiry")
    INTERNATIONAL = "international", _("International Transfer")
    PAYMENT = "payment", _("Accept Payment")
    SETTLEMENT = "settlement", _("Accept Payment: Settlement")
    REFUND = "refund", _("Refund")
    TOP_UP = "top-up", _("Top-Up")
    BANK_STATUS = "bank-status", _("Bank Status")

    @property
    def is_sent_once(self) -> bool:
        """Whether it is never tried again by itself: what it tells is soon out of date (flip-api.md §8.1)."""
        return self in {CallbackEvent.INQUIRY, CallbackEvent.BANK_STATUS}


class CallbackUrl(TenantModel):
    """Where the callbacks of one event go, and how it went lately. Its row stays when the address is taken away."""

    class Paused(models.TextChoices):
        """Why nothing is sent to it."""

        FAILING = "failing", _("No success for 3 days")
        GONE = "gone", _("The server answered that the address is gone (410)")

    event = models.CharField(_("Event"), max_length=13, choices=CallbackEvent)
    url = models.CharField(_("Callback URL"), max_length=LONGEST_URL, blank=True)
    """Empty: no callback is made of this event."""
    host = models.CharField(max_length=253, blank=True)
    """The host of the URL as it is called: at most four calls go to one at once, whoever asked for them."""
    sealed_secret = models.TextField()
    """What signs the calls (signing.py), sealed for SECRET_SEAL."""
    sealed_old_secret = models.TextField(blank=True)
    """The one before, which signs too until `old_secret_until`."""
    old_secret_until = models.DateTimeField(null=True)
    changer_kind, changer_id, changer_name = actor_fields(_("Changed by"))
    changed_at = models.DateTimeField(_("Changed"), db_default=Now())

    last_success_at = models.DateTimeField(_("Last success"), null=True)
    last_failure_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(_("Failing since"), null=True)
    """When the first of the calls failed of which none has succeeded since."""
    warned_at = models.DateTimeField(null=True)
    """When all Admins were told that it fails."""
    paused_at = models.DateTimeField(_("Paused"), null=True)
    """Since when callbacks wait for a successful test call; new ones wait too."""
    paused_why = models.CharField(max_length=7, choices=Paused, blank=True)

    SECRET_SEAL = "developer.callbackurl.secret"  # noqa: S105  (the name of a place)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "id"], name="callbackurl_tenant"),
            mode_known("callbackurl"),
            actor_known("callbackurl", "changer"),
            models.UniqueConstraint(fields=["business", "mode", "event"], name="callbackurl_once"),
            models.CheckConstraint(condition=Q(event__in=CallbackEvent.values), name="callbackurl_event_known"),
            models.CheckConstraint(
                condition=Q(url="", host="") | (~Q(url="") & ~Q(host="")), name="callbackurl_has_host"
            ),
            models.CheckConstraint(
                condition=Q(sealed_old_secret="", old_secret_until=None)
                | (~Q(sealed_old_secret="") & Q(old_secret_until__isnull=False)),
                name="callbackurl_old_secret_ends",
            ),
            models.CheckConstraint(
                condition=Q(paused_at=None, paused_why="") | Q(paused_at__isnull=False, paused_why__gt=""),
                name="callbackurl_paused_says_why",
            ),
        ]
        indexes = [
            models.Index(F("failing_since"), name="callbackurl_failing", condition=Q(failing_since__isnull=False)),
            models.Index(F("id"), name="callbackurl_held", condition=Q(paused_at__isnull=False) | Q(url="")),
        ]

    def __str__(self) -> str:
        return f"{self.event}: {self.url or '-'}"

    @property
    def changer(self) -> Actor | None:
        """Who saved it last."""
        return Actor.of(self, "changer")

    @property
    def is_paused(self) -> bool:
        """Whether callbacks wait for a successful test call."""
        return self.paused_at is not None

    @property
    def is_made_up(self) -> bool:
        """Whether it is an address of the demo: names of this end are nobody's, and none can be saved (RFC 6761)."""
        return self.host.endswith(".test")


class CallbackStatus(State):
    """Where a callback stands. While one is being sent it keeps its state: an attempt without an end says so."""

    WAITING = state(
        *("waiting", _("Waiting"), "grey", "hourglass"),
        to="retrying delivered failed paused",
        said=("Waiting", "Menunggu"),
    )
    RETRYING = state(
        *("retrying", _("Tried again"), "amber", "rotate-ccw"),
        to="delivered failed paused waiting",
        said=("Tried again", "Retrying", "Dicoba lagi"),
    )
    PAUSED = state(
        *("paused", _("Paused"), "grey", "pause"),
        to="waiting retrying delivered failed",
        said=("Paused", "Dijeda"),
    )
    DELIVERED = state("delivered", _("Delivered"), "green", "check", later="waiting", said=("Delivered", "Terkirim"))
    FAILED = state("failed", _("Failed"), "red", "x", later="waiting", said=("Failed", "Gagal"))


DUE = (CallbackStatus.WAITING, CallbackStatus.RETRYING)
"""Those that a worker sends when their time has come."""
NO_ANSWER = [(str(problem), problem.label) for problem in Problem]
INTERRUPTED = "lost"
"""The problem of an attempt whose worker died: nobody knows whether it arrived, and it is made again."""

WORDS = SearchIndex(texts=("url",), facets=("event", "status", "last_code", "last_problem"), when="created_at")


class Callback(TenantModel):
    """One callback: written in the transaction of its fact, sent until it arrives, and kept as history.

    Its `id` is the webhook-id of every attempt, by which receivers know a repeat.
    """

    Status = CallbackStatus

    id = models.BigIntegerField(_("Callback ID"), primary_key=True, db_default=NextTransactionId())
    callback_url = models.ForeignKey(
        CallbackUrl, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="callbacks"
    )
    event = models.CharField(_("Event"), max_length=13, choices=CallbackEvent)
    """That of its URL."""
    kind = models.CharField(max_length=40)
    """The event of ours that it tells, such as top-up.credited."""
    source_type = models.CharField(max_length=32, blank=True)
    """What it is about, as the ledger names it (deposits/ledger/sources.py), such as top_up."""
    source_id = models.BigIntegerField(_("Transaction ID"), null=True)
    url = models.CharField(_("URL"), max_length=LONGEST_URL)
    """Where it was sent last; before the first attempt, where it would have gone when it was written."""
    data = models.TextField()
    """The JSON of the field `data`, as each attempt sends it. The token is added when it is sent (decision 0061)."""
    created_at = models.DateTimeField(_("Created Date"), db_default=Now())

    status = StatusField(_("Status"), max_length=9, choices=CallbackStatus, default=CallbackStatus.WAITING)
    due_at = models.DateTimeField(_("Next attempt"), null=True, db_default=Now())
    """When its next attempt may begin; None where none comes by itself."""
    attempt = models.PositiveIntegerField(_("Attempts"), default=0)
    """How many attempts have ended."""
    tried = models.PositiveSmallIntegerField(default=0)
    """How many of them since it was made, or somebody asked for it once more: by this the schedule goes."""
    asker_kind, asker_id, asker_name = actor_fields(_("Resent by"), blank=True)
    """Who asked last for it to be sent once more."""
    asked_at = models.DateTimeField(null=True)
    """When they did."""
    last_at = models.DateTimeField(_("Last attempt"), null=True)
    last_code = models.CharField(_("Answer code"), max_length=3, blank=True)
    """The HTTP status of the last attempt; empty without an answer."""
    last_problem = models.CharField(_("Problem"), max_length=8, choices=NO_ANSWER, blank=True)
    """Why the last attempt had no answer."""
    delivered_at = models.DateTimeField(_("Delivered"), null=True)
    """When it arrived first."""

    objects: ClassVar[Any] = TransactionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "id"], name="callback_tenant"),
            mode_known("callback"),
            TenantForeignKey(field="callback_url", to="developer.CallbackUrl", name="callback_url_tenant"),
            actor_known("callback", "asker", blank=True),
            models.CheckConstraint(condition=Q(event__in=CallbackEvent.values), name="callback_event_known"),
            models.CheckConstraint(
                condition=Q(status__in=DUE, due_at__isnull=False) | (~Q(status__in=DUE) & Q(due_at=None)),
                name="callback_due_while_open",
            ),
            models.CheckConstraint(
                condition=~Q(status=CallbackStatus.DELIVERED) | Q(delivered_at__isnull=False),
                name="callback_delivered_has_time",
            ),
            models.CheckConstraint(
                condition=Q(source_type="", source_id=None) | (~Q(source_type="") & Q(source_id__isnull=False)),
                name="callback_source_whole",
            ),
        ]
        indexes = [
            models.Index(F("business"), F("mode"), F("created_at").desc(), F("id").desc(), name="callback_newest"),
            models.Index(F("business"), F("mode"), F("source_id"), F("id").desc(), name="callback_source"),
            models.Index(F("callback_url"), F("due_at"), name="callback_due", condition=Q(status__in=DUE)),
            models.Index(F("callback_url"), F("id"), name="callback_held", condition=Q(status=CallbackStatus.PAUSED)),
            models.Index(F("created_at"), name="callback_age"),
            models.Index(
                *(F("business"), F("mode"), F("asked_at")), name="callback_asked", condition=Q(asked_at__isnull=False)
            ),
            WORDS.index("callback_words"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def asker(self) -> Actor | None:
        """Who asked last for it to be sent once more; nobody has, mostly."""
        return Actor.of(self, "asker")


class CallbackAttempt(TenantModel):
    """One attempt to send a callback. It is written when a worker takes the lease, and completed when that ends."""

    callback = models.ForeignKey(
        Callback, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="attempts"
    )
    n = models.PositiveIntegerField()
    """1 for the first."""
    at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField()
    """Until when nobody else sends the callback, unless the attempt ends before."""
    url = models.CharField(max_length=LONGEST_URL)
    host = models.CharField(max_length=253)
    asker_kind, asker_id, asker_name = actor_fields(blank=True)
    """Who asked for it; nobody where it came by itself."""

    seconds = models.FloatField(null=True)
    """How long it took; None until it has ended."""
    code = models.CharField(max_length=3, blank=True)
    problem = models.CharField(
        max_length=8, choices=[*NO_ANSWER, (INTERRUPTED, _("Interrupted on our side"))], blank=True
    )
    answer = models.TextField(blank=True)
    """The first 4 kB of the answer's body, as text."""

    class Meta:
        constraints = [
            mode_known("callbackattempt"),
            TenantForeignKey(field="callback", to="developer.Callback", name="callbackattempt_callback_tenant"),
            models.UniqueConstraint(fields=["callback", "n"], name="callbackattempt_once"),
            actor_known("callbackattempt", "asker", blank=True),
        ]
        indexes = [
            models.Index(F("host"), name="callbackattempt_under_way", condition=Q(seconds=None)),
            models.Index(
                *(F("business"), F("mode"), F("at")), name="callbackattempt_asked", condition=~Q(asker_kind="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.callback_id} ({self.n})"

    @property
    def is_under_way(self) -> bool:
        """Whether it hasn't ended yet."""
        return self.seconds is None

    @property
    def is_success(self) -> bool:
        """Whether the other side took it: 2xx alone."""
        return self.code.startswith("2")

    @property
    def asker(self) -> Actor | None:
        """Who asked for it; nobody where it came by itself."""
        return Actor.of(self, "asker")
