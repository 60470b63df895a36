"""Who did something: an identity, and the name as it was then.

    class Line(models.Model):
        by_kind, by_id, by_name = actor_fields(_("Person"))

        class Meta:
            constraints = [actor_known("line", "by")]

    Line.objects.create(**scope.actor.columns("by"))
    Line.objects.filter(member.actor.is_in("by"))
    Actor.of(line, "by") == scope.actor

Two people of one name are two actors, and somebody who changes their name stays one. Who may do the second of two
steps, whose work waits, and what "made by me" means are decided by this; the name is for reading.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext

from flipdash.words import Words

LONGEST_NAME = 100  # characters


class ActorKind(StrEnum):
    """What acts, and so which table its id is from."""

    MEMBER = "member"  # of a business: accounts.Member
    KEY = "key"  # an API key
    OPERATOR = "operator"  # one of the operator's people: accounts.User
    SYSTEM = "system"  # by itself: nobody asked for this very act
    NAMED = "named"  # known by name only: from another system's records, or somebody who pays. Nobody of ours


WITH_ID = (ActorKind.MEMBER, ActorKind.KEY, ActorKind.OPERATOR)


@dataclass(frozen=True, eq=False)
class Actor:
    """Who did something. Two are the same by what they are and their id, whatever they were called at the time.

    Who is known by name only is the same as another of that name, and never the same as one of ours.
    """

    kind: ActorKind
    id: int | None
    name: str

    def __post_init__(self) -> None:
        """Refuse a kind without its id, or an id of nothing."""
        if (self.id is not None) != (self.kind in WITH_ID):
            raise ValueError(f"{self.kind} with the id {self.id}")

    @property
    def identity(self) -> tuple[Hashable, ...]:
        """What makes it this one."""
        return (self.kind, self.name if self.kind == ActorKind.NAMED else self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Actor) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    def columns(self, field: str) -> dict[str, Any]:
        """Return its three columns with their values, for a row that it signs."""
        return {f"{field}_kind": self.kind, f"{field}_id": self.id, f"{field}_name": self.name[:LONGEST_NAME]}

    def is_in(self, field: str) -> Q:
        """Return the condition that a row is signed by it."""
        named = {f"{field}_name": self.name[:LONGEST_NAME]} if self.kind == ActorKind.NAMED else {}
        return Q(**{f"{field}_kind": self.kind, f"{field}_id": self.id, **named})

    @classmethod
    def of(cls, row: models.Model, field: str) -> "Actor | None":
        """Return who signed a row; None where nobody has yet."""
        kind, number, name = (getattr(row, f"{field}_{part}") for part in ("kind", "id", "name"))
        return cls(ActorKind(kind), number, name) if kind else None

    @classmethod
    def named(cls, name: str) -> "Actor":
        """Return somebody of whom only the name is known."""
        return cls(ActorKind.NAMED, None, name)


SYSTEM = Actor(ActorKind.SYSTEM, None, "FlipDash")
"""What happens by itself: nobody's act, though somebody may have asked for it earlier."""


def in_words(kind: str, name: str) -> str:
    """Return who did something as people read it: of one of the operator's people it says whose they are."""
    return gettext("%s of FlipDash") % name if kind == ActorKind.OPERATOR else name


def actor_fields(
    name: Words = "", *, blank: bool = False
) -> tuple[
    "models.CharField[str, str]", "models.BigIntegerField[int | None, int | None]", "models.CharField[str, str]"
]:
    """Return the columns `…_kind`, `…_id` and `…_name` of who did something; `name` is what people call the last.

    `blank` is for what nobody may have done yet.
    """
    return (
        models.CharField(max_length=8, blank=blank),
        models.BigIntegerField(null=True, blank=True),
        models.CharField(name or None, max_length=LONGEST_NAME, blank=blank),
    )


def signatures(model: type[models.Model]) -> list[str]:
    """Return the names before `_kind`, `_id` and `_name` of all the actors that a model has."""
    names = [field.name for field in model._meta.concrete_fields]
    found = [name.removesuffix("_kind") for name in names if name.endswith("_kind")]
    return [name for name in found if {f"{name}_id", f"{name}_name"} <= set(names)]


def actor_known(table: str, field: str, *, blank: bool = False) -> models.CheckConstraint:
    """Return the constraint that kind and id fit: whoever has an identity is named by it, and nobody else has an id."""
    kind, number, name = f"{field}_kind", f"{field}_id", f"{field}_name"
    with_id = [str(kind) for kind in WITH_ID]
    without_id = [str(kind) for kind in ActorKind if kind not in WITH_ID]
    fits = Q(**{f"{kind}__in": with_id, f"{number}__isnull": False}) | Q(**{f"{kind}__in": without_id, number: None})
    if blank:
        fits |= Q(**{kind: "", number: None, name: ""})
    return models.CheckConstraint(condition=fits, name=f"{table}_{field}_known")
