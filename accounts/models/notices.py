"""What people are told in the page, beside the mails that they can switch off (accounts/profile/notices.py)."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models.people import Member
from flipdash.scope import TenantModel, TenantQuerySet, mode_known

LONGEST_TITLE = 200
LONGEST_TEXT = 500


class Notice(TenantModel):
    """Something that one member was told, in the language that they read."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="notices", db_index=False)
    kind = models.CharField(max_length=32)
    """The notice that can be switched off."""
    title = models.CharField(max_length=LONGEST_TITLE)
    text = models.CharField(max_length=LONGEST_TEXT)
    url = models.CharField(max_length=300)
    """Where it leads: a path of this site, with its mode."""
    created_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("notice"),
            models.CheckConstraint(condition=Q(url__startswith="/"), name="notice_leads_here"),
        ]
        indexes = [
            models.Index(F("member"), F("mode"), F("id").desc(), name="notice_newest"),
            models.Index(F("member"), F("mode"), name="notice_unseen", condition=Q(seen_at=None)),
            models.Index(F("created_at"), name="notice_oldest"),
        ]

    def __str__(self) -> str:
        return self.title
