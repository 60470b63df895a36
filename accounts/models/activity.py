"""The Activity Log's rows: added, then chained by the sealer, and never changed (accounts/sql, docs/activity.md)."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from flipdash.actors import actor_fields, actor_known
from flipdash.mode import Mode
from flipdash.scope import TenantModel, TransactionQuerySet, mode_known
from flipdash.searchkeys import SearchIndex

WORDS = SearchIndex(texts=("search",), facets=("area",))


class Activity(TenantModel):
    """One act: who did what, to what, from where. Names are copied, so that it reads the same for ever."""

    created_at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=60)
    area = models.CharField(max_length=30)
    """What stands before the dot of the kind: what the act is about."""
    by_kind, by_id, by_name = actor_fields()
    by_email = models.CharField(max_length=254, blank=True)
    role = models.CharField(max_length=20, blank=True)
    via = models.CharField(max_length=20, blank=True)
    address = models.CharField(max_length=45, blank=True)
    agent = models.CharField(max_length=200, blank=True)
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.CharField(max_length=40, blank=True)
    subject_label = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=dict)
    search = models.TextField(blank=True)
    """Who, what in every language, to what, and from where: what the search box looks through."""
    seq = models.BigIntegerField(null=True)
    """The place in the chain of its business and mode, from 1 on; None until the sealer came."""
    hash = models.CharField(max_length=64, blank=True)
    sealed_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = TransactionQuerySet.as_manager()
    words = WORDS

    class Meta:
        verbose_name_plural = "activities"
        constraints = [
            mode_known("activity"),
            actor_known("activity", "by"),
            models.UniqueConstraint(fields=["business", "mode", "seq"], name="activity_place_once"),
            models.CheckConstraint(
                condition=Q(seq=None, hash="", sealed_at=None) | Q(seq__gt=0, hash__gt="", sealed_at__isnull=False),
                name="activity_sealed_whole",
            ),
        ]
        indexes = [
            models.Index(F("business"), F("mode"), F("created_at").desc(), F("id").desc(), name="activity_newest"),
            models.Index(
                *(F("business"), F("mode"), F("by_id"), F("created_at").desc(), F("id").desc()), name="activity_by"
            ),
            models.Index(fields=["id"], condition=Q(seq=None), name="activity_unsealed"),
            WORDS.index("activity_words"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class ActivityHead(models.Model):
    """The last link of a chain, by which a cut-off end is noticed. Only the sealer writes it."""

    business = models.ForeignKey("accounts.Business", on_delete=models.PROTECT, related_name="+", db_index=False)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            mode_known("activityhead"),
            models.UniqueConstraint(fields=["business", "mode"], name="activityhead_once"),
        ]

    def __str__(self) -> str:
        return f"{self.business_id} {self.mode} {self.seq} {self.hash}"
