"""Businesses, the people who sign in, and their membership with its one role."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self, cast

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.addresses import CANONICAL, canonical
from accounts.models.statuses import Status
from accounts.permissions import RECENT_ONLY, ROLE_PERMISSIONS, Permission, Role
from flipdash import clock, money
from flipdash.actors import Actor, ActorKind
from flipdash.mode import Mode
from flipdash.scope import Scope

HEAD_OFFICE = "000000"
"""What follows an NPWP in the NITKU of a head office."""
SEEN_EVERY = timedelta(minutes=5)
TOLD_WITH: dict[str, Permission] = {}
"""The permission without which nobody is told, by the notice (accounts/profile/notices.py)."""


@dataclass(frozen=True)
class SecondPersonRule:
    """Whether somebody else must approve what one has made, and from which amount on."""

    required: bool
    rupiah: int
    """The amount from which it holds; 0: always."""

    def holds_for(self, rupiah: int) -> bool:
        """Return whether a transfer of this amount needs a second person."""
        return self.required and rupiah >= self.rupiah

    @property
    def words(self) -> str:
        """The rule as people read it."""
        if not self.required:
            return gettext("Nobody else needs to approve.")
        if not self.rupiah:
            return gettext("A second person must approve every amount.")
        return gettext("A second person must approve from %(amount)s on.") % {"amount": money.rupiah(self.rupiah)}

    def is_looser_than(self, other: "SecondPersonRule") -> bool:
        """Return whether this rule lets something through that the other one stops."""
        return other.required and (not self.required or self.rupiah > other.rupiah)


class Business(models.Model):
    """A merchant: the tenant that owns everything else."""

    class TimeZone(models.TextChoices):
        """Indonesia's three zones. Days begin and times are shown in the business's own."""

        WIB = "Asia/Jakarta", "WIB"
        WITA = "Asia/Makassar", "WITA"
        WIT = "Asia/Jayapura", "WIT"

    class Colour(models.TextChoices):
        """What a business is known by beside its name and logo."""

        ORANGE = "orange", _("Orange")
        RED = "red", _("Red")
        GREEN = "green", _("Green")
        TEAL = "teal", _("Teal")
        BLUE = "blue", _("Blue")
        PURPLE = "purple", _("Purple")

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=100, unique=True)
    legal_name = models.CharField(max_length=200)
    npwp = models.CharField("NPWP", max_length=16, blank=True)
    nitku = models.CharField("NITKU", max_length=22, blank=True, db_default="", default="")
    """Which of its places of business it is for the tax office; empty is the head office."""
    time_zone = models.CharField(max_length=20, choices=TimeZone.choices, default=TimeZone.WIB)
    language = models.CharField(max_length=2, choices=settings.LANGUAGES, default="en")
    """In which those mails go to whoever has no language of their own yet: invitations."""
    address = models.CharField(max_length=500, blank=True)
    logo = models.CharField(max_length=100, blank=True)
    """The name under which the picture is stored."""
    colour = models.CharField(max_length=8, choices=Colour, default=Colour.ORANGE, db_default="orange")
    """Of the buttons on pages that its payers see (static/css/tokens.css)."""

    approvals_need_reauthentication = models.BooleanField(default=False)
    series_approved_once = models.BooleanField(default=False, db_default=False)
    """Whether who approves a transfer that repeats lets all of its transfers go; else each waits for an approver."""

    second_person_required = models.BooleanField(default=False)
    second_person_from = models.BigIntegerField(default=0)  # rupiah
    next_second_person_required = models.BooleanField(null=True)
    next_second_person_from = models.BigIntegerField(null=True)  # rupiah
    next_second_person_at = models.DateTimeField(null=True)
    """From when on the next rule holds instead: a looser one waits a day (trust.md M5)."""

    created_at = models.DateTimeField(db_default=Now())
    require_second_factor = models.BooleanField(default=False, db_default=False)
    session_idle_minutes = models.PositiveSmallIntegerField(
        default=30, db_default=30, validators=[MinValueValidator(5), MaxValueValidator(8 * 60)]
    )
    session_hours = models.PositiveSmallIntegerField(
        default=12, db_default=12, validators=[MinValueValidator(1), MaxValueValidator(24)]
    )

    class Meta:
        verbose_name_plural = "businesses"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(second_person_from__gte=0)
                & (models.Q(next_second_person_from=None) | models.Q(next_second_person_from__gte=0)),
                name="business_second_person_from_positive",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    next_second_person_at=None, next_second_person_required=None, next_second_person_from=None
                )
                | models.Q(
                    next_second_person_at__isnull=False,
                    next_second_person_required__isnull=False,
                    next_second_person_from__isnull=False,
                ),
                name="business_next_rule_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def second_person_rule(self, at: datetime | None = None) -> SecondPersonRule:
        """Return the rule that holds at a moment; now, by the database's clock, unless one is given."""
        coming = self.coming_second_person_rule
        if coming and self.next_second_person_at and self.next_second_person_at <= (at or clock.now()):
            return coming
        return SecondPersonRule(self.second_person_required, self.second_person_from)

    @property
    def nitku_or_head_office(self) -> str:
        """The NITKU of its place of business; "" where there is no NPWP to begin it."""
        return self.nitku or (f"{self.npwp}{HEAD_OFFICE}" if self.npwp else "")

    @property
    def logo_version(self) -> str:
        """What differs for each logo, so that a browser asks for a new one."""
        return self.logo[-12:-4]

    @property
    def coming_second_person_rule(self) -> SecondPersonRule | None:
        """The rule that was asked for and holds from `next_second_person_at` on."""
        if self.next_second_person_required is None or self.next_second_person_from is None:
            return None
        return SecondPersonRule(self.next_second_person_required, self.next_second_person_from)


class UserManager(BaseUserManager["User"]):
    """Makes users, whose e-mail address is their name."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make a person who can sign in; the address is kept in its canonical spelling."""
        user = self.model(email=canonical(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find by e-mail in any case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in with an e-mail address and a password."""

    email = models.EmailField(_("Email"))
    name = models.CharField(_("Name"), max_length=100)
    language = models.CharField(max_length=2, choices=settings.LANGUAGES, default="en")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    """Whether the person works for the operator, and so may enter the back office (flipdash/backoffice.py)."""
    date_joined = models.DateTimeField(db_default=Now())
    session_version = models.PositiveIntegerField(default=0, db_default=0)
    """Part of what every session is signed with: a new number ends them all (accounts/sign_in/sessions.py)."""

    acting: "Member | None" = None
    """The active membership, on whoever a session is of (accounts/sign_in/backend.py); None for who has none."""

    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(condition=models.Q(email__regex=CANONICAL), name="user_email_canonical"),
        ]

    def __str__(self) -> str:
        return self.email

    def has_perm(self, permission: str, row: object = None) -> bool:
        """Answer Django's admin, which asks for nobody else: the back office says itself what it lets change."""
        return self.is_active and self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        """Answer Django's admin whether to list an app."""
        return self.is_active and self.is_staff

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        # Besides the password, a new address or a new version ends the sessions too (trust.md S2).
        parts = "\n".join((self.password, self.email.lower(), str(self.session_version)))
        return salted_hmac("accounts.User.session", parts, secret=secret, algorithm="sha256").hexdigest()

    @property
    def initials(self) -> str:
        """One or two letters to stand for the person."""
        words = self.name.split() or [self.email]
        return "".join(word[0] for word in (words[0], words[-1])[: len(words)]).upper()


class MemberQuerySet(models.QuerySet["Member"]):
    """The people of a business."""

    def active(self) -> Self:
        """Those who may act now."""
        return self.filter(is_active=True, user__is_active=True).filter(
            models.Q(ends_at=None) | models.Q(ends_at__gt=Now())
        )

    def told(self, notice: str) -> Self:
        """Those who may be told this (accounts/profile/notices.py), want it, and aren't away."""
        here = models.Q(away_until=None) | models.Q(away_until__lte=Now())
        return self.may_be_told(notice).filter(here).exclude(muted__contains=[notice])

    def may_be_told(self, notice: str) -> Self:
        """Those who may act, and have the right that a notice is for: whoever lost it reads no more of it."""
        return self.active().who_may(TOLD_WITH[notice])

    def who_may(self, permission: Permission) -> Self:
        """Those whose role has a permission."""
        return self.filter(role__in=[role for role, allowed in ROLE_PERMISSIONS.items() if permission in allowed])

    def behind(self, actor: Actor | None) -> Self:
        """The one who signed something; none for whoever else did."""
        if actor is None or actor.kind != ActorKind.MEMBER:
            return self.none()
        return self.filter(pk=cast(int, actor.id))

    def admins(self) -> Self:
        """Those who may manage the business's people, and so can grant permissions."""
        roles = [role for role, allowed in ROLE_PERMISSIONS.items() if Permission.MANAGE_MEMBERS in allowed]
        return self.active().filter(role__in=roles).order_by("created_at", "pk")


class Member(models.Model):
    """A person's place in a business, with one role. A person belongs to one business (decision 0003)."""

    business = models.ForeignKey(Business, on_delete=models.PROTECT, related_name="members")
    user = models.OneToOneField(User, on_delete=models.PROTECT)
    role = models.CharField(max_length=20, choices=Role.choices)
    is_active = models.BooleanField(default=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    away_until = models.DateTimeField(_("Away until"), null=True, blank=True)
    """When the person is back; until then others are told what waits."""
    muted = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    """The notices that the person has switched off."""
    created_at = models.DateTimeField(db_default=Now())

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="member_role_known"),
            models.UniqueConstraint(fields=["business", "id"], name="member_of_business"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.get_role_display()}"

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def actor(self) -> Actor:
        """Who this is, to sign with."""
        return Actor(ActorKind.MEMBER, self.pk, self.name)

    @property
    def role_label(self) -> str:
        return self.get_role_display()

    @property
    def is_admin(self) -> bool:
        """Whether the role may manage the business's people."""
        return Permission.MANAGE_MEMBERS in self.permissions

    @property
    def status(self) -> Status:
        """What the person can do now."""
        if not (self.is_active and self.user.is_active):
            return Status.DEACTIVATED
        return Status.ENDED if self.ends_at and self.ends_at <= clock.now() else Status.ACTIVE

    @property
    def permissions(self) -> frozenset[str]:
        """What the role allows."""
        return ROLE_PERMISSIONS[Role(self.role)]

    @property
    def sees_recent_only(self) -> bool:
        """Whether the role sees only the last days of history unless it searches."""
        return Role(self.role) in RECENT_ONLY

    def note_seen(self) -> None:
        """Note that the member is here; at most one write in 5 minutes."""
        quiet = models.Q(last_seen_at=None) | models.Q(last_seen_at__lt=Now() - SEEN_EVERY)
        if self.last_seen_at is None or timezone.now() - self.last_seen_at > SEEN_EVERY:
            Member.objects.filter(quiet, pk=self.pk).update(last_seen_at=Now())

    def scope(self, mode: str, via: str = "dashboard", *, address: str = "", agent: str = "") -> Scope:
        """Return what this member acts as, in one mode."""
        return Scope(self.business, Mode(mode), self, via, address, agent)
