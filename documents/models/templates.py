"""Report templates: which columns a report has, how they are called and in which order."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from flipdash import histories
from flipdash.actors import actor_fields, actor_known
from flipdash.histories import History
from flipdash.scope import TenantModel, TenantQuerySet, mode_known

NAME_LENGTH = 60
HEADING_LENGTH = 60

Chosen = list[list[str]]
"""Columns in their order, each its name and the heading that somebody gave it; "" is the usual one."""


class ReportTemplate(TenantModel):
    """The columns of a history's reports under a name, for everybody in the business who may download reports."""

    history = models.CharField(max_length=40)
    name = models.CharField(_("Name"), max_length=NAME_LENGTH)
    columns = models.JSONField()
    """A Chosen."""
    by_kind, by_id, by_name = actor_fields()
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("reporttemplate"),
            actor_known("reporttemplate", "by"),
            models.UniqueConstraint("business", "mode", "history", Lower("name"), name="reporttemplate_name_once"),
            models.UniqueConstraint(fields=["business", "mode", "id"], name="reporttemplate_tenant"),
            models.CheckConstraint(condition=~Q(name=""), name="reporttemplate_has_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kind(self) -> type[History] | None:
        """The history whose columns it has, or None when that no longer exists."""
        return histories.get(self.history) if self.history in histories.names() else None

    @property
    def unknown(self) -> list[str]:
        """The columns that its history no longer has, by the names that they had."""
        known = {column.name for column in self.kind.columns} if self.kind else set()
        return [heading or name for name, heading in self.columns if name not in known]
