"""API keys, by which a business's systems sign in, and the token by which they know our callbacks."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from developer import wording
from flipdash.actors import LONGEST_NAME, Actor, ActorKind, actor_fields, actor_known
from flipdash.mode import Mode
from flipdash.scope import TenantModel, TenantQuerySet, mode_known


class ApiKeyQuerySet(TenantQuerySet):
    """Keys of one business in one mode."""

    def good(self) -> "ApiKeyQuerySet":
        """Return those that still sign in, by the database's clock."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=Now()))


class ApiKey(TenantModel):
    """One key. It belongs to the business, not to who made it, and works on when they leave (decision 0052).

    Of a live key only a keyed hash is kept; a test key is sealed besides, so that it can be shown again.
    """

    class Access(models.TextChoices):
        """What a key may do."""

        FULL = "full", _("Full access")
        READ = "read", _("Read only")

    name = models.CharField(_("Name"), max_length=50)
    public = models.CharField(max_length=wording.PUBLIC, unique=True)
    mac = models.CharField(max_length=64)
    sealed = models.TextField(blank=True)
    """The key itself, of Test Mode only."""
    is_main = models.BooleanField(default=False)
    """Whether it is the mode's API Secret Key; the others were added beside it, or were it once."""
    access = models.CharField(_("Access"), max_length=4, choices=Access, default=Access.FULL)
    allowed_addresses = ArrayField(models.CharField(max_length=43), default=list, blank=True)
    """Addresses and ranges that it may come from, as ipaddress writes them; empty for all."""
    maker_kind, maker_id, maker_name = actor_fields(_("Made by"))
    created_at = models.DateTimeField(_("Created Date"), db_default=Now())
    ends_at = models.DateTimeField(_("Ends"), null=True)
    last_used_at = models.DateTimeField(_("Last used"), null=True)
    last_used_from = models.GenericIPAddressField(null=True)
    last_used_for = models.CharField(max_length=100, blank=True)
    """What was asked of it last: "GET general/balance"."""

    seconds_left: int | None = None
    """How long it works on, where a page counts that down."""

    objects: ClassVar[Any] = ApiKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "id"], name="apikey_tenant"),
            mode_known("apikey"),
            actor_known("apikey", "maker"),
            models.UniqueConstraint(fields=["business", "mode"], condition=Q(is_main=True), name="apikey_main_once"),
            models.CheckConstraint(condition=Q(is_main=False) | Q(ends_at=None), name="apikey_main_is_endless"),
            models.CheckConstraint(condition=Q(mode=Mode.TEST) | Q(sealed=""), name="apikey_live_is_hashed_only"),
        ]
        indexes = [models.Index(fields=["business", "mode", "created_at"], name="apikey_order")]

    def __str__(self) -> str:
        return self.shown

    @property
    def shown(self) -> str:
        """The key as pages show it without telling it: fd_live_q3ZkR81mTn0c…"""
        return wording.shown(self.mode, self.public)

    @property
    def calls_url(self) -> str:
        """Where the calls are that came with it."""
        return f"{reverse('developer:calls')}?{urlencode({'key': self.pk})}"

    @property
    def last_use(self) -> str:
        """What it was used for last, and from where."""
        return f"{self.last_used_for}, {self.last_used_from}"

    @property
    def maker(self) -> Actor:
        """Who made it."""
        return Actor(ActorKind(self.maker_kind), self.maker_id, self.maker_name)

    # --- What acts with it: the `member` of a scope (flipdash/scope.py) ---------------------------------------

    role = ""
    sees_recent_only = False

    @property
    def actor(self) -> Actor:
        """The key itself, as the one that acts."""
        return Actor(ActorKind.KEY, self.pk, self.name[:LONGEST_NAME])

    @property
    def permissions(self) -> frozenset[str]:
        """What it may do: look, and with full access also create. It never approves, and never manages."""
        may = {Permission.VIEW_HISTORY}
        if self.access == self.Access.FULL:
            may |= {Permission.CREATE_TRANSACTIONS, Permission.REQUEST_REFUND}
        return frozenset(may)


class ValidationToken(TenantModel):
    """The token that each callback carries, so that its receiver knows it is from us; one a mode, sealed."""

    sealed = models.TextField()
    changed_at = models.DateTimeField(_("Changed"), db_default=Now())
    changer_kind, changer_id, changer_name = actor_fields(_("Changed by"))

    class Meta:
        constraints = [
            mode_known("validationtoken"),
            actor_known("validationtoken", "changer"),
            models.UniqueConstraint(fields=["business", "mode"], name="validationtoken_once"),
        ]

    def __str__(self) -> str:
        return f"validation token, {self.mode}"


class SigningKey(TenantModel):
    """The public key of a business's own, by which it signs the calls that create; one a mode (flip-api.md §1.3)."""

    pem = models.TextField(blank=True)
    """RSA, in PEM; empty once it was removed, and calls need no signature."""
    changed_at = models.DateTimeField(_("Changed"), db_default=Now())
    changer_kind, changer_id, changer_name = actor_fields(_("Changed by"))

    class Meta:
        constraints = [
            mode_known("signingkey"),
            actor_known("signingkey", "changer"),
            models.UniqueConstraint(fields=["business", "mode"], name="signingkey_once"),
        ]

    def __str__(self) -> str:
        return f"public key for signatures, {self.mode}"
