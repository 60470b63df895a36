"""What a business's programs called: each call of the merchant API, as API Logs shows it."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from developer import reading, wording
from developer.models.keys import ApiKey
from flipdash.scope import TenantForeignKey, TenantModel, TransactionQuerySet, mode_known
from flipdash.searchkeys import SearchIndex
from flipdash.states import State, state

PATH = SearchIndex(("path",))
"""What a search looks through; a guarded table has no index of keys."""


MOST_KEPT = 16_000
"""Characters of a body."""


class Outcome(State):
    """What kind of answer a call got."""

    OK = state("ok", _("Succeeded (2xx)"), "green", "check")
    REFUSED = state("refused", _("Refused (4xx)"), "amber", "circle-alert")
    BROKEN = state("broken", _("Failed (5xx)"), "red", "x")

    @classmethod
    def of(cls, status: int) -> "Outcome":
        """Return the outcome that a status code means."""
        return cls.BROKEN if status >= 500 else cls.REFUSED if status >= 400 else cls.OK


@dataclass(frozen=True)
class Side:
    """One side of a call as its page shows it."""

    headers: str
    body: str
    bytes: int
    """How many the whole body has."""
    is_cut: bool

    @classmethod
    def of(cls, headers: dict[str, str], body: str, size: int) -> "Side":
        """Lay out what is kept of it."""
        return cls(reading.header_lines(headers), reading.laid_out(body), size, len(body) >= MOST_KEPT)


class ApiCall(TenantModel):
    """One call by a key of the business, and its answer; every secret in it is masked before it gets here.

    Bodies are kept up to a size, and calls for some days (developer/calls/recording.py).
    """

    request_id = models.CharField(max_length=32)
    """What the answer was marked with: by it a developer asks us."""
    created_at = models.DateTimeField(db_default=Now())
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=500)
    query = models.TextField(blank=True)
    """What stood behind the question mark, as it was sent."""
    status = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=7, choices=Outcome)
    key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    key_name = models.CharField(max_length=50)
    key_public = models.CharField(max_length=wording.PUBLIC)
    address = models.CharField(max_length=45, blank=True)
    milliseconds = models.PositiveIntegerField()
    """How long we took, from the beginning of our work to the whole answer."""
    request_headers = models.JSONField(default=dict)
    request_body = models.TextField(blank=True)
    request_bytes = models.PositiveIntegerField(default=0)
    answer_headers = models.JSONField(default=dict)
    answer_body = models.TextField(blank=True)
    answer_bytes = models.PositiveIntegerField(default=0)
    """How many bytes each body had, of which the beginning is kept."""
    stands_for = models.PositiveIntegerField(default=1)
    """How many calls this row tells of: those above the limit have one row a minute."""

    objects: ClassVar[Any] = TransactionQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("apicall"),
            TenantForeignKey(field="key", to="developer.ApiKey", name="apicall_key_own"),
            models.CheckConstraint(
                condition=Q(outcome=Outcome.OK, status__lt=400)
                | Q(outcome=Outcome.REFUSED, status__gte=400, status__lt=500)
                | Q(outcome=Outcome.BROKEN, status__gte=500),
                name="apicall_outcome_of_status",
            ),
        ]
        indexes = [
            models.Index(F("business"), F("mode"), F("created_at").desc(), F("id").desc(), name="apicall_newest"),
            models.Index(
                *(F("business"), F("mode"), F("outcome"), F("created_at").desc(), F("id").desc()),
                condition=~Q(outcome=Outcome.OK),
                name="apicall_troubled",
            ),
            models.Index(
                *(F("business"), F("mode"), F("key"), F("created_at").desc(), F("id").desc()), name="apicall_by_key"
            ),
            models.Index(fields=["request_id"], name="apicall_request"),
            models.Index(fields=["created_at"], name="apicall_age"),
        ]

    @property
    def request_shown(self) -> "Side":
        """What was sent, for people to read."""
        return Side.of(self.request_headers, self.request_body, self.request_bytes)

    @property
    def answer_shown(self) -> "Side":
        """What was answered, for people to read."""
        return Side.of(self.answer_headers, self.answer_body, self.answer_bytes)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"
