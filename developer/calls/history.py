"""Developer → API Logs: what a business's programs called, and what they were answered."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from accounts.activity.words import visible
from accounts.permissions import Permission
from developer import wording
from developer.models import ApiCall, ApiKey, Outcome
from developer.models.calls import PATH
from flipdash import histories, money
from flipdash.histories.columns import Page, Row, Write, icon, linked, once
from flipdash.histories.search import SearchField
from flipdash.scope import Scope
from flipdash.words import Words

METHODS = tuple((name, name) for name in ("GET", "POST", "PUT", "PATCH", "DELETE"))


@dataclass(frozen=True)
class CallColumn(histories.Column):
    """What was called: GET /api/v3/general/balance. It opens the call."""

    kind: ClassVar[str] = "text"
    always: ClassVar[bool] = True

    def text(self, row: Row) -> str:
        return visible(f"{row['method']} {row['path']}")

    def writer(self, page: Page) -> Write:
        return linked(self, page)


@dataclass(frozen=True)
class AnswerColumn(histories.StatusColumn):
    """The status code of the answer, in the colour of its class."""

    def text(self, row: Row) -> str:
        return str(row["status"])

    def badge(self, row: Row) -> SafeString:
        """Return the code; what its class means is said to whoever doesn't see the colour."""
        outcome = self.choices(row[self.field])
        colour, name = outcome.badge  # type: ignore[attr-defined]  # of a State
        return format_html(
            '<span class="status status--{}" title="{}">{}{}</span>', colour, outcome.label, icon(name), row["status"]
        )


@dataclass(frozen=True)
class TypedColumn(histories.Column):
    """What a program has sent: whatever can't be seen in it is written out (trust.md I2)."""

    def text(self, row: Row) -> str:
        return visible(row[self.field])


@dataclass(frozen=True)
class KeyColumn(histories.Column):
    """The key that called, by its name; its own page has the public part too."""

    def brief(self, row: Row) -> str:
        return str(row["key_name"])

    def text(self, row: Row) -> str:
        return f"{row['key_name']} · {wording.shown(row['mode'], row['key_public'])}"

    def writer(self, page: Page) -> Write:
        return once(self.fields, lambda row: format_html('<bdi title="{}">{}</bdi>', self.text(row), row["key_name"]))


@dataclass(frozen=True)
class NumberColumn(histories.Column):
    """A whole number with its unit, or nothing for what says nothing."""

    words: Callable[[int], str] = str

    kind: ClassVar[str] = "number"
    sheet_kind: ClassVar[str] = "decimal"

    def value(self, row: Row) -> Any:
        return row[self.field]

    values = histories.Column.as_it_is

    def text(self, row: Row) -> str:
        return self.words(row[self.field])


def milliseconds(number: int) -> str:
    """Write a time: 1,250 ms."""
    return _("%(number)s ms") % {"number": money.number(number)}


def size(number: int) -> str:
    """Write a number of bytes; nothing of none."""
    return _("%(bytes)s bytes") % {"bytes": money.number(number)} if number else ""


def several(number: int) -> str:
    """Write for how many calls a row stands, if it is more than one."""
    return _("%(calls)s calls above the limit") % {"calls": money.number(number)} if number > 1 else ""


@dataclass(frozen=True)
class Exact(SearchField):
    """What a row has as a whole, once `read` has made of a word what is kept; it returns None for what can't be it."""

    read: Callable[[str], Any] = str

    def condition(self, term: str) -> list[Q]:
        meant = self.read(term.strip())
        return [] if meant is None else [Q(**{self.field: meant})]


def as_request_id(term: str) -> str | None:
    """Return a Request-Id as it is kept."""
    return term.lower() if re.fullmatch(r"[0-9a-f]{32}", term, re.ASCII | re.IGNORECASE) else None


def as_address(term: str) -> str | None:
    """Return a network address as it is kept; a number alone is none."""
    try:
        return str(ip_address(term)) if set(term) & set(".:") else None
    except ValueError:
        return None


def as_status(term: str) -> int | None:
    """Return a status code."""
    return int(term) if re.fullmatch(r"[1-5]\d\d", term, re.ASCII) else None


def _keys(scope: Scope) -> QuerySet[ApiKey]:
    return ApiKey.objects.visible_to(scope).order_by("-is_main", "-created_at")


class KeyFilter(histories.RowFilter):
    """One key, by its name and public part; one that has ended, too."""

    def form_fields(self, scope: Scope) -> dict[str, Any]:
        fields = super().form_fields(scope)
        fields[self.name].label_from_instance = _label_of  # type: ignore[attr-defined]  # a ModelChoiceField
        return fields

    def words(self, cleaned: dict[str, Any]) -> tuple[str, str]:
        return (str(self.label), _label_of(cleaned[self.name])) if cleaned[self.name] else ("", "")


def _label_of(key: ApiKey) -> str:
    return f"{key.name} · {key.shown}"


class CallHistory(histories.History):
    """Developer → API Logs."""

    model = ApiCall
    name, title, file_title = "api-calls", gettext_lazy("API Logs"), "API Logs"
    section = gettext_lazy("Developer")
    names_itself = True
    permission = Permission.MANAGE_API
    url_name, row_url_name = "developer:calls", "developer:call"
    is_looked_up = False  # what programs did, not the things
    everything = gettext_lazy("All calls")
    counted = ngettext_lazy("%(shown)s call", "%(shown)s calls", "number")
    detail_template = "developer/call.html"

    columns = (
        CallColumn(gettext_lazy("Call"), "path", card="title", also=("method",)),
        AnswerColumn(gettext_lazy("Answer"), "outcome", card="state", also=("status",), choices=Outcome),
        histories.DateTimeColumn(gettext_lazy("Date"), "created_at", card="meta"),
        KeyColumn(gettext_lazy("Key"), "key_name", card="line", also=("key_public", "mode")),
        TypedColumn(gettext_lazy("Network address"), "address", card="line"),
        NumberColumn(gettext_lazy("Duration"), "milliseconds", card="meta", words=milliseconds),
        histories.CodeColumn(gettext_lazy("Request-Id"), "request_id", shown=False),
        TypedColumn(gettext_lazy("Query"), "query", shown=False),
        NumberColumn(gettext_lazy("Size of the request"), "request_bytes", shown=False, words=size),
        NumberColumn(gettext_lazy("Size of the answer"), "answer_bytes", shown=False, words=size),
        NumberColumn(gettext_lazy("Stands for"), "stands_for", shown=False, words=several),
    )
    search_hint = gettext_lazy("Path, network address, Request-Id or status code")
    search = (
        Exact(gettext_lazy("Request-Id"), "request_id", read=as_request_id),
        Exact(gettext_lazy("Network address"), "address", read=as_address),
        Exact(gettext_lazy("Status code"), "status", read=as_status),
        histories.Text((gettext_lazy("Path"),), PATH, has_keys=False),
    )
    filters = (
        histories.DateFilter("date", gettext_lazy("Date"), bases=(("created", gettext_lazy("Date"), "created_at"),)),
        histories.ChoiceFilter("method", gettext_lazy("Method"), "method", METHODS),
        histories.ChoiceFilter("outcome", gettext_lazy("Answer"), "outcome", Outcome),
        KeyFilter("key", gettext_lazy("Key"), "key_id", _keys),
    )

    @property
    def notice(self) -> Words:
        """Say to who looks for something what can't be here."""
        if not self.is_narrowed:
            return ""
        words = _("Calls are kept for %(days)s days. What comes without a key that works is nobody’s, and isn’t here.")
        return words % {"days": settings.API_CALL_DAYS_KEPT}
