"""Guesses at what proves who one is, counted in Postgres, so that the limit holds without Redis (trust.md Z3)."""

from datetime import timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now

from accounts.models.people import User

MOST_GUESSES = 5
PER = timedelta(minutes=5)


class GuessQuerySet(models.QuerySet["Guess"]):
    """Guesses."""

    def recent(self) -> Self:
        """Those that still count."""
        return self.filter(at__gt=Now() - PER)


class Guess(models.Model):
    """One try at a code or a re-authentication by somebody who has given the right password, or is signed in."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    at = models.DateTimeField(db_default=Now())

    objects: ClassVar[GuessQuerySet] = GuessQuerySet.as_manager()  # type: ignore[assignment]  # it has its methods

    class Meta:
        indexes = [models.Index(fields=["user", "kind", "at"], name="guess_of_user")]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"

    @classmethod
    def take(cls, user: User, kind: str) -> "Guess | None":
        """Count a try before it is judged; None when 5 were wrong within 5 minutes.

        Whoever guessed right deletes the guess again: success costs nothing.
        """
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get(pk=user.pk)
            mine = cls.objects.filter(user=user, kind=kind)
            if mine.recent().count() >= MOST_GUESSES:
                return None
            mine.filter(at__lte=Now() - PER).delete()
            return cls.objects.create(user=user, kind=kind)
