"""Attempts at a password or a code, counted in Postgres, so that the limit holds without Redis (trust.md Z3)."""

from datetime import timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now

from accounts.models.people import User

MOST_ATTEMPTS = 5
PER = timedelta(minutes=5)


class AttemptQuerySet(models.QuerySet["VerificationAttempt"]):
    """Attempts of people."""

    def recent(self) -> Self:
        """Those that still count."""
        return self.filter(at__gt=Now() - PER)


class VerificationAttempt(models.Model):
    """One attempt at a code or a re-authentication by somebody who has given the right password, or is signed in."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    at = models.DateTimeField(db_default=Now())

    objects: ClassVar[AttemptQuerySet] = AttemptQuerySet.as_manager()  # type: ignore[assignment]  # it has its methods

    class Meta:
        indexes = [models.Index(fields=["user", "kind", "at"], name="verification_of_user")]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"

    @classmethod
    def take(cls, user: User, kind: str) -> "VerificationAttempt | None":
        """Count an attempt before it is judged; None when 5 were wrong within 5 minutes.

        Whoever was right deletes the attempt again: success costs nothing.
        """
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get(pk=user.pk)
            mine = cls.objects.filter(user=user, kind=kind)
            if mine.recent().count() >= MOST_ATTEMPTS:
                return None
            mine.filter(at__lte=Now() - PER).delete()
            return cls.objects.create(user=user, kind=kind)
