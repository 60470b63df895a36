"""Who asks, for which business, in which mode; and the models that belong to a business in a mode.

A scope is made once per request, API call or task, and handed down. Tenant rows are read only through
`.visible_to(scope)`, and point at each other with three-column foreign keys, so that a reference across
businesses or modes is a database error (design.md §2).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, ClassVar, Protocol, Self
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db import models
from django.db.backends.ddl_references import Statement, Table

from flipdash import clock
from flipdash.actors import SYSTEM, Actor
from flipdash.mode import Mode

RECENT_DAYS = 7
"""How many days, today included, a role sees that is limited to recent history (product.md §2)."""


class Business(Protocol):
    """What the ground floor knows of accounts.Business."""

    pk: Any
    name: str
    legal_name: str
    language: str
    logo: str
    time_zone: str
    created_at: Any
    require_second_factor: bool
    members: Any

    def get_time_zone_display(self) -> str: ...


class Member(Protocol):
    """What the ground floor knows of accounts.Member."""

    pk: Any
    role: str

    @property
    def name(self) -> str: ...
    @property
    def actor(self) -> Actor: ...
    @property
    def permissions(self) -> frozenset[str]: ...
    @property
    def sees_recent_only(self) -> bool: ...


class Itself:
    """What acts by itself, where a scope asks who acts. It may do nothing that members may."""

    pk = None
    role = ""
    name = SYSTEM.name
    actor = SYSTEM
    permissions: frozenset[str] = frozenset()
    sees_recent_only = False


@dataclass(frozen=True)
class Scope:
    """One person (or key) acting for one business in one mode. It never comes from input."""

    business: Business
    mode: Mode
    member: Member
    via: str = "dashboard"
    address: str = ""
    """The network address that the request came from; empty for tasks."""
    agent: str = ""
    """What the browser or client says it is; empty for tasks."""
    asked_at: datetime | None = field(default=None, compare=False)
    """When the request came, by the database's clock; None for whoever runs on."""

    @classmethod
    def by_itself(cls, business: Business, mode: str) -> Self:
        """Return the scope of what happens by itself."""
        return cls(business, Mode(mode), Itself(), via="system")

    @property
    def actor(self) -> Actor:
        """Who acts, to sign with."""
        return self.member.actor

    @property
    def is_test(self) -> bool:
        """Whether this is Test Mode."""
        return self.mode == Mode.TEST

    @property
    def zone(self) -> ZoneInfo:
        """The business's time zone, in which days begin and times are shown."""
        return ZoneInfo(self.business.time_zone)

    @property
    def zone_name(self) -> str:
        """The zone as people write it: WIB, WITA or WIT."""
        return self.business.get_time_zone_display()

    @property
    def zone_label(self) -> str:
        """The zone with its distance from UTC: WIB (UTC+7)."""
        # This machine's time will do: how far a zone is from UTC isn't a matter of seconds.
        hours = int(datetime.now(self.zone).utcoffset() / timedelta(hours=1))  # type: ignore[operator]  # never None with a zone
        return f"{self.zone_name} (UTC+{hours})"

    def now(self) -> datetime:
        """Return the time of the request, which reads the clock once; of a task, the time."""
        return self.asked_at or clock.now()

    def can(self, permission: str) -> bool:
        """Return whether the member's role has the permission. The only question anybody asks."""
        return permission in self.member.permissions

    def recent_since(self) -> datetime | None:
        """Return the moment from which this member sees history without searching, or None for all of it.

        It is 00:00 in the business's zone, six days before today.
        """
        if not self.member.sees_recent_only:
            return None
        first_day = self.now().astimezone(self.zone).date() - timedelta(days=RECENT_DAYS - 1)
        return datetime.combine(first_day, time.min, tzinfo=self.zone)


class TenantQuerySet(models.QuerySet):
    """Rows of one business in one mode."""

    def visible_to(self, scope: Scope) -> Self:
        """Return the rows of the scope's business and mode; the first word of every query on tenant rows."""
        return self.filter(business_id=scope.business.pk, mode=scope.mode)


class TransactionQuerySet(TenantQuerySet):
    """Rows of history, of which some roles see only the last days unless they search."""

    def visible_to(self, scope: Scope, *, searched: bool = False) -> Self:
        """Return the rows that the scope may see; `searched` says that a search word led here."""
        rows = super().visible_to(scope)
        since = None if searched else scope.recent_since()
        return rows if since is None else rows.filter(created_at__gte=since)


class TenantModel(models.Model):
    """A row that belongs to one business in one mode."""

    business = models.ForeignKey("accounts.Business", on_delete=models.PROTECT, related_name="+", db_index=False)
    mode = models.CharField(max_length=4, choices=Mode.choices)

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        abstract = True


def mode_known(table: str) -> models.CheckConstraint:
    """Return the constraint that a tenant table's mode is one of the two."""
    return models.CheckConstraint(condition=models.Q(mode__in=Mode.values), name=f"{table}_mode_known")


class TenantForeignKey(models.BaseConstraint):
    """The foreign key (business, mode, field) → (business, mode, id), deferrable; `by` names other columns than those.

    The field itself is a ForeignKey(db_constraint=False), so that `id` stays the target's primary key; the
    target needs a unique constraint on (business, mode, id).
    """

    def __init__(self, *, field: str, to: str, name: str, by: Sequence[str] = ("business_id", "mode")) -> None:
        super().__init__(name=name)
        self.field, self.to, self.by = field, to, tuple(by)

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        """Return the statement that adds the key to its table."""
        quote = schema_editor.quote_name
        target = apps.get_model(self.to)
        column = model._meta.get_field(self.field).column
        return Statement(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s FOREIGN KEY (%(by)s, %(column)s) "
            "REFERENCES %(target)s (%(by)s, id) DEFERRABLE INITIALLY DEFERRED",
            by=", ".join(self.by),
            table=Table(model._meta.db_table, quote),
            name=quote(self.name),
            column=quote(column),
            target=quote(target._meta.db_table),
        )

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        """Add the key after all tables of the migration exist, instead of inside CREATE TABLE."""
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        """Return the statement that drops the key."""
        quote = schema_editor.quote_name
        return Statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s",
            table=Table(model._meta.db_table, quote),
            name=quote(self.name),
        )

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Leave the check to the database: forms never take these fields from input."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TenantForeignKey) and self.deconstruct() == other.deconstruct()

    __hash__ = models.BaseConstraint.__hash__

    def deconstruct(self) -> Any:
        """Return what a migration needs to make this constraint again."""
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "field": self.field, "to": self.to, "by": self.by}
