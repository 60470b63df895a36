"""Attempts at a password or a code, counted in Postgres, so that the limit holds without Redis (trust.md Z3)."""

import hashlib
import hmac
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import ClassVar, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now

from accounts.models.people import User

MOST_ATTEMPTS = 5
PER = timedelta(minutes=5)
TOLD, TOLD_ONCE_IN = "told", timedelta(hours=1)
"""The kind that notes when the person was last told that wrong attempts have closed the next ones."""


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

    @classmethod
    def is_to_be_told(cls, user: User) -> bool:
        """Return whether so many were wrong that the next is refused, and the person wasn't told of it this hour.

        Who gets True tells them. Call it in a transaction.
        """
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        of_user = cls.objects.filter(user=user)
        counts = of_user.recent().exclude(kind=TOLD).values("kind").annotate(n=models.Count("pk")).order_by()
        is_closed = any(row["n"] >= MOST_ATTEMPTS for row in counts)
        if not is_closed or of_user.filter(kind=TOLD, at__gt=Now() - TOLD_ONCE_IN).exists():
            return False
        cls.objects.create(user=user, kind=TOLD)
        return True


class SignInTry(models.Model):
    """One try to sign in with a password, of whoever it was: kept while it counts, gone when it was right.

    The account is named by a keyed hash of what was typed, for it may be nobody's. Mails that strangers ask for are
    counted here too, with what they are for in the place of a device (accounts/sign_in/strangers.py).
    """

    account = models.CharField(max_length=32)
    device = models.CharField(max_length=16, blank=True)
    network = models.CharField(max_length=45, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["account", "device", "at"], name="signintry_of_account"),
            models.Index(fields=["network", "at"], name="signintry_of_network"),
            models.Index(fields=["at"], name="signintry_old"),
        ]

    def __str__(self) -> str:
        return f"a try at {self.at}"

    @classmethod
    def take(cls, email: str, device: str, address: str) -> "SignInTry | None":
        """Count a try before it is judged; None when too many went wrong.

        5 within 5 minutes at one account: for a device from which its person has signed in before, its own; for all
        others together. 10 accounts within a minute from one network address, of which such a device knows nothing: a
        stranger beside it locks nobody out (trust.md A1). Whoever was right deletes the try again.
        """
        mine = cls.objects.create(account=digest_of(email), device=device[:16], network=network_of(address))
        # Written and committed before it is counted: of many at once, each sees all that were before it.
        of_account = cls.objects.filter(account=mine.account, device=mine.device, at__gt=Now() - PER)
        is_too_many = of_account.count() > MOST_ATTEMPTS
        if not device and not is_too_many:
            beside = cls.objects.filter(network=mine.network, device="", at__gt=Now() - MINUTE).exclude(
                account=mine.account
            )
            is_too_many = beside.values("account").distinct().count() >= MOST_ACCOUNTS
        if is_too_many:
            mine.delete()
            return None
        return mine


MINUTE = timedelta(minutes=1)
MOST_ACCOUNTS = 10
"""At so many accounts one network address may be wrong within a minute."""


def digest_of(email: str) -> str:
    """Return what names an account in the tries: 32 hexadecimal digits."""
    return hmac.new(settings.SECRET_KEY.encode(), email.strip().lower().encode(), hashlib.sha256).hexdigest()[:32]


def network_of(address: str) -> str:
    """Return whose address it is: itself, or of IPv6 the first 64 bits, which one subscriber has for themselves."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    found = getattr(found, "ipv4_mapped", None) or found
    return str(ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
