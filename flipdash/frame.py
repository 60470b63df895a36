"""What a page shows of the database beside its own subject, asked by one statement: the deposit, the reports, views.

Each app says in SQL what it brings, in a module of its own that `ready()` imports:

    frame.brings("tray", "SELECT json_agg(…) FROM … WHERE business_id = %(business)s AND mode = %(mode)s …")
"""

from collections.abc import Callable, Iterable
from functools import cache, cached_property
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models import QuerySet
from django.http import HttpRequest

from flipdash.scope import Scope

M = TypeVar("M", bound=models.Model)

_brought: dict[str, str] = {}
_values: dict[str, Any] = {}


def brings(name: str, sql: str, **values: Any) -> None:
    """Have each page ask for one more value, in SQL that selects it: json_agg makes one of several rows.

    In it stand %(business)s, %(mode)s, %(member)s (its id), %(role)s and %(permissions)s for whoever asks, and
    %(history)s for the name of the history that is shown, "" elsewhere; a value `most` that is given here stands as
    %(views_most)s in what is called views. It names business and mode as every query does; row level security stands
    behind it.
    """
    _brought[name] = sql
    _values.update({f"{name}_{value}": given for value, given in values.items()})


class Frame:
    """What surrounds the page of one person; nothing is asked before something of it is wanted."""

    def __init__(self, scope: Scope, history: str = "") -> None:
        self.scope, self.history = scope, history
        self._also: dict[str, QuerySet] = {}

    def also(self, name: str, rows: QuerySet[M]) -> Callable[[], list[M]]:
        """Have the statement bring some rows of the page's subject, too; what is returned gives them in their order.

        They are whole rows of one table, and few. It has to be said before anything of the frame is wanted.
        """
        if "_values" in self.__dict__:
            raise RuntimeError("The frame has been asked for already.")
        self._also[name] = rows
        return cache(lambda: instances(rows.model, self[name]))

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    @cached_property
    def _values(self) -> dict[str, Any]:
        scope = self.scope
        asks = _values | {
            "business": scope.business.pk,
            "mode": str(scope.mode),
            "member": scope.member.pk,
            "role": scope.member.role,
            "permissions": list(map(str, scope.member.permissions)),
            "history": self.history,
        }
        parts = dict(_brought)
        for name, rows in self._also.items():
            parts[name], params = _all_of(name, rows)
            asks |= params
        sql = ", ".join(f"({part}) AS {name}" for name, part in parts.items())
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {sql}", asks)
            return dict(zip(parts, cursor.fetchone(), strict=True))


def of(request: HttpRequest, history: str = "") -> Frame:
    """Return the frame of the page that a request of a member asks for; the view of a history names it first."""
    found: Frame | None = getattr(request, "frame", None)
    if found is None:
        found = request.frame = Frame(request.scope, history)  # type: ignore[attr-defined]  # set here, and by ScopeMiddleware
    return found


def _all_of(name: str, rows: QuerySet) -> tuple[str, dict[str, Any]]:
    """Return what selects the rows of a query as one value, and the values that stand in it."""
    sql, params = rows.query.sql_with_params()
    named = {f"{name}_{place}": value for place, value in enumerate(params)}
    written = sql.replace("%%", "%%%%") % tuple(f"%({one})s" for one in named)
    return f"SELECT json_agg(found) FROM ({written}) AS found", named  # noqa: S608  (Django's)


def instances(model: type[M], rows: Iterable[dict[str, Any]] | None) -> list[M]:
    """Return rows that json_agg made of a model's whole rows; None, which it makes of none, is no row."""
    fields = model._meta.concrete_fields
    names = [field.attname for field in fields]
    return [
        model.from_db("default", names, [field.to_python(row[str(field.column)]) for field in fields])
        for row in rows or ()
    ]
