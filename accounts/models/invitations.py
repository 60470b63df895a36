"""Invitations to a business: one use, 72 hours, only a hash of the link is kept (trust.md I1)."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models.functions import Lower, Now

from accounts.addresses import CANONICAL
from accounts.models.people import Business, Member
from accounts.models.statuses import Status
from accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from flipdash import clock

LIFE = timedelta(hours=72)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations of one business, or of all."""

    def waiting(self) -> Self:
        """Those that were neither accepted nor withdrawn; they may have expired."""
        return self.filter(accepted_at=None, revoked_at=None)

    def open(self) -> Self:
        """Those whose time isn't over: they take a place. Ask each whether it `is_backed` too."""
        return self.waiting().filter(expires_at__gt=Now())


class Invitation(models.Model):
    """Somebody is expected in a business, with an e-mail address, a phone number and a role."""

    business = models.ForeignKey(Business, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    phone = models.CharField(max_length=16)
    role = models.CharField(max_length=20, choices=Role.choices)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[InvitationQuerySet] = InvitationQuerySet.as_manager()  # type: ignore[assignment]  # it has its methods

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invitation_role_known"),
            models.UniqueConstraint(
                "business",
                Lower("email"),
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_waiting_once",
            ),
            models.CheckConstraint(condition=models.Q(email__regex=CANONICAL), name="invitation_email_canonical"),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None) | models.Q(revoked_at=None), name="invitation_one_end"
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def role_label(self) -> str:
        return self.get_role_display()

    @property
    def status(self) -> Status:
        """Whether it can still be accepted."""
        if not self.is_open_at(clock.now()):
            return Status.EXPIRED
        return Status.INVITED if self.is_backed else Status.FALLEN

    @property
    def is_backed(self) -> bool:
        """Whether the inviter is here and may still give that role: a right kept in a link is asked for again."""
        is_here = self.invited_by.status == Status.ACTIVE
        needed = ROLE_PERMISSIONS[Role(self.role)] | {Permission.MANAGE_MEMBERS}
        return is_here and needed <= self.invited_by.permissions

    def is_open_at(self, moment: datetime) -> bool:
        """Return whether it can be accepted at a moment."""
        return self.accepted_at is None and self.revoked_at is None and moment < self.expires_at
