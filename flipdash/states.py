"""Where a row stands: the words of each state, its badge, and where it may go from there, in one place.

    class Status(State):
        WAITING = state("waiting", _("Waiting for payment"), "amber", "pause", to="successful expired")
        SUCCESSFUL = state("successful", _("Successful"), "green", "check")
        EXPIRED = state("expired", _("Expired"), "grey", "clock-alert", later="successful")

    status = StatusField(_("Status"), choices=Status, max_length=10, default=Status.WAITING)

What is open, what is final, the badge on the page, the words that find it and the moves that the database allows
(`Status.moves()`) all follow from it. `move` takes a row from one state to another and tells it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from django.db import models, transaction
from django.db.models.query_utils import DeferredAttribute

from flipdash import db, events, timeline
from flipdash.scope import Scope
from flipdash.words import Words

Declared = tuple[str, tuple[str, str], tuple[str, ...], tuple[str, ...], tuple[str, ...], Words]


class MoveRefused(ValueError):
    """A row may not go from its state to that one. Nothing was changed."""


def state(
    value: str, words: Words, colour: str, icon: str, *, to: str = "", later: str = "", said: tuple[str, ...] = ()
) -> Declared:
    """Declare one state: its value, its words, and its badge by a colour that has a meaning and an icon.

    `to` names the states that it may go to while it is open. `later` names those that it may go to after it is closed,
    by hand or when its time is over. `said` are the words of both languages that people search for when they mean it.
    """
    return value, (colour, icon), tuple(to.split()), tuple(later.split()), said, words


class State(models.TextChoices):
    """Where a row stands. Subclasses declare their members with `state`; `blank=True` allows nothing yet as well.

    From nothing it goes to every state, and from an open one back to nothing.
    """

    badge: tuple[str, str]
    """The colour by meaning, and the icon, with which the state is shown."""
    to: tuple[str, ...]
    later: tuple[str, ...]
    said: tuple[str, ...]
    _may_be_blank: bool

    def __new__(
        cls, value: str, badge: tuple[str, str], to: tuple[str, ...], later: tuple[str, ...], said: tuple[str, ...]
    ) -> Self:
        """Make the member that `state` declared; Django has taken its label."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.badge, member.to, member.later, member.said = badge, to, later, said
        return member

    def __init_subclass__(cls, *, blank: bool = False, **kwargs: Any) -> None:
        """Refuse to go where nothing is."""
        super().__init_subclass__(**kwargs)
        cls._may_be_blank = blank
        for member in cls:
            if unknown := {*member.to, *member.later} - set(cls._value2member_map_):
                raise ValueError(
                    f"{cls.__name__}.{member.name} goes to {', '.join(sorted(unknown))}, which is no state"
                )

    @property
    def is_open(self) -> bool:
        """Whether something is still to come by itself."""
        return bool(self.to)

    @property
    def is_final(self) -> bool:
        """Whether it never goes anywhere else."""
        return not self.to and not self.later

    @classmethod
    def open(cls) -> tuple[Self, ...]:
        """Return the states in which something is still to come."""
        return tuple(member for member in cls if member.is_open)

    @classmethod
    def moves(cls) -> Mapping[str, frozenset[str]]:
        """Return the states that each may go to; "" is nothing yet. The database gets this table too."""
        table = {str(member): frozenset((*member.to, *member.later)) for member in cls}
        if cls._may_be_blank:
            table |= {str(member): table[member] | {""} for member in cls.open()} | {"": frozenset(table)}
        return table

    @classmethod
    def words(cls) -> dict[str, tuple[str, ...]]:
        """Return what people search for, by the state that they mean."""
        return {str(member): member.said for member in cls if member.said}


class StatusField(models.CharField):
    """The column of a State: its attribute of a row is the member, whatever was assigned. A CharField to migrations."""

    _pyi_private_get_type: State

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices: Any = kwargs.get("choices")
        self.states: type[State] | None = None
        if isinstance(choices, type) and issubclass(choices, State):
            self.states, self.descriptor_class = choices, _Member
            self.members = {str(member): member for member in choices}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Return what a migration needs: the column, without the enum that may change."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", list(args), kwargs


class _Member(DeferredAttribute):
    """The attribute of a row: the member, whatever was assigned. What is no state stays, for the database to refuse."""

    field: StatusField

    def __set__(self, row: models.Model, value: Any) -> None:
        row.__dict__[self.field.attname] = self.field.members.get(value, value)


def states_of(model: type[models.Model] | models.Model, field: str = "status") -> type[State]:
    """Return the states of a column."""
    return model._meta.get_field(field).states  # type: ignore[union-attr]  # a StatusField has them


def check_move(row: models.Model, to: str, *, field: str = "status") -> None:
    """Raise MoveRefused unless the row may go from where it stands to `to`; the database asks again."""
    was = getattr(row, field)
    if to not in states_of(row, field).moves()[was]:
        raise MoveRefused(f"{row._meta.verbose_name} {row.pk}: {field} can't move from {was or 'nothing'} to {to}")


def step(row: models.Model, to: str, *, field: str = "status", **values: Any) -> None:
    """Take a locked row to another state and save that and the named fields, for what nobody is told of.

    Raises MoveRefused.
    """
    check_move(row, to, field=field)
    for name, value in {field: to, **values}.items():
        setattr(row, name, value)
    row.save(update_fields=[field, *values])


def move(
    row: models.Model,
    to: str,
    *,
    by: Scope,
    kind: str,
    facts: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    field: str = "status",
    **values: Any,
) -> None:
    """Take a locked row to another state as one act: the move is checked, named fields are saved, one event is told.

    Call it with the row locked and the permission asked under that lock (accounts/rights.py). `at` is for what happened
    earlier (the seed). Raises MoveRefused, and KeyError for an undeclared kind of event or one without a line.
    """
    with transaction.atomic():
        step(row, to, field=field, **values)
        events.record(by, kind, row, at=at, **(facts or {}))


@dataclass(frozen=True)
class Move:
    """A locked row that goes to another state, and what is told of it: what `move` takes, for many at once."""

    row: models.Model
    to: str
    by: Scope
    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    """Named fields that are saved with it."""
    is_quiet: bool = False
    """Whether only its timeline says so: whoever calls tells one event of all."""


def move_many(moves: Sequence[Move]) -> None:
    """Take locked rows to other states, as `move` of each in this order, in few statements.

    A row may go through several. Raises what `move` raises; then none has moved.
    """
    with transaction.atomic():
        for turn in _in_turns(moves):
            together: dict[tuple[type[Any], tuple[str, ...]], list[Any]] = {}
            for one in turn:
                check_move(one.row, one.to)
                for name, value in {"status": one.to, **one.values}.items():
                    setattr(one.row, name, value)
                together.setdefault((type(one.row), tuple(sorted(one.values))), []).append(one.row)
            for (model, names), rows in together.items():
                if db.save_many(rows, ["status", *names]) != len(rows):
                    raise MoveRefused(f"some {model._meta.verbose_name_plural} aren't there any more")
            told = [(one, events.Event(one.by, one.kind, one.row, dict(one.facts), one.at)) for one in turn]
            timeline.write_lines([event for one, event in told if one.is_quiet])
            events.record_many([event for one, event in told if not one.is_quiet])


def _in_turns(moves: Sequence[Move]) -> Iterator[list[Move]]:
    """Yield the first moves of all rows, then the second ones, and so on."""
    turns: list[list[Move]] = []
    seen: dict[tuple[type[models.Model], Any], int] = {}
    for one in moves:
        key = (type(one.row), one.row.pk)
        turn = seen[key] = seen.get(key, -1) + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(one)
    yield from turns
