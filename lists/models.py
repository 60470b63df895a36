"""How a person keeps a history: its columns and rows, which searches have a name, which of them opens first."""

from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower, Now

from accounts.permissions import Permission, Role
from flipdash import histories
from flipdash.histories import History
from flipdash.histories.paging import ROWS_A_PAGE, USUAL_ROWS
from flipdash.scope import Scope, TenantForeignKey, TenantModel, TenantQuerySet, mode_known

NAME_LENGTH = 60


class KeptLayout(TenantModel):
    """How a member has a history shown: the columns, and how many rows a page has."""

    member = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+")
    history = models.CharField(max_length=40)
    columns = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    """Their names, in their order; none stands for the usual ones."""
    rows = models.PositiveSmallIntegerField(default=USUAL_ROWS)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "member", "history"], name="keptlayout_once"),
            models.CheckConstraint(condition=Q(rows__in=ROWS_A_PAGE), name="keptlayout_rows_offered"),
            mode_known("keptlayout"),
        ]


class SavedViewQuerySet(TenantQuerySet):
    """Saved views: a member's own and those shared with the member's role."""

    def visible_to(self, scope: Scope) -> Self:
        """Return what the member may open: their own views and those shared with their role.

        Whoever manages the business's people sees everything that is shared, for they may change and delete it.
        """
        rows = super().visible_to(scope)
        if scope.can(Permission.MANAGE_MEMBERS):
            return rows.filter(_of(scope) | ~Q(roles=[]))
        return rows.filter(_of(scope) | _meant_for(scope))

    def with_default(self, scope: Scope) -> Self:
        """Say of each view whether it is the member's default (`is_default`)."""
        defaults = DefaultView.objects.visible_to(scope).filter(member_id=scope.member.pk, view=OuterRef("pk"))
        return self.select_related("member__user").annotate(is_default=Exists(defaults))


def _of(scope: Scope) -> Q:
    return Q(member_id=scope.member.pk)


def _meant_for(scope: Scope) -> Q:
    return Q(roles__contains=[scope.member.role])


class SavedView(TenantModel):
    """A search with its filters under a name, and with its columns where the owner wanted that."""

    member = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+")
    history = models.CharField(max_length=40)
    name = models.CharField(max_length=NAME_LENGTH)
    query = models.TextField(blank=True)
    words = models.JSONField(default=dict)
    """How the parts of the query read when it was saved, for the day when a filter no longer exists."""
    roles = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    """Whom it is shared with; nobody when empty."""
    created_at = models.DateTimeField(db_default=Now())

    is_default: bool
    """Whether it is the asking member's default: only where `with_default` or the menu said so."""
    by_name: str
    """Who made it, in the menu."""

    objects: ClassVar[Any] = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "business", "mode", "member", "history", Lower("name"), name="savedview_name_once_an_owner"
            ),
            models.UniqueConstraint(fields=["business", "mode", "id"], name="savedview_of_scope"),
            models.CheckConstraint(condition=~Q(name=""), name="savedview_has_name"),
            models.CheckConstraint(condition=Q(roles__contained_by=Role.values), name="savedview_roles_known"),
            mode_known("savedview"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kind(self) -> type[History] | None:
        """The history that it is a view of, or None when that no longer exists."""
        try:
            return histories.get(self.history)
        except KeyError:
            return None

    @property
    def shared_with(self) -> list[str]:
        """The roles it is shared with, in words, in the order of the table."""
        return [str(role.label) for role in Role if role.value in self.roles]

    def is_of(self, scope: Scope) -> bool:
        """Whether the member made it."""
        return self.member_id == scope.member.pk

    def may_be_changed_by(self, scope: Scope) -> bool:
        """Whether the member may rename, share or delete it: the owner, or whoever manages the people."""
        return self.is_of(scope) or (bool(self.roles) and scope.can(Permission.MANAGE_MEMBERS))


class DefaultView(TenantModel):
    """The view with which a history opens for a member."""

    member = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+")
    history = models.CharField(max_length=40)
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="defaults", db_constraint=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "member", "history"], name="defaultview_once"),
            TenantForeignKey(field="view", to="lists.SavedView", name="defaultview_view_of_scope"),
            mode_known("defaultview"),
        ]
