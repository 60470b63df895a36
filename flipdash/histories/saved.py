"""Queries of a history that are kept for later, when a column or a filter they name may no longer exist."""

from collections.abc import Iterator
from urllib.parse import urlencode

from django import forms
from django.db.models import Model
from django.http import QueryDict
from django.utils.translation import gettext as _

from flipdash.histories.history import History
from flipdash.scope import Scope

Labels = dict[str, str]
"""How the parts of a query read: {"status": "Status", "status=failed": "Failed"}."""


def canonical(query: str) -> str:
    """Return the query in the one form in which equal ones are equal: columns have an order, choices have none."""
    params = QueryDict(query)
    once = {name: list(dict.fromkeys(map(str, params.getlist(name)))) for name in sorted(params)}
    return urlencode({name: values if name == "columns" else sorted(values) for name, values in once.items()}, True)


def labels(history: History, query: str) -> Labels:
    """Return the words of a query that is valid now: later they may be all that is left of a filter."""
    known: Labels = {}
    for name, values in QueryDict(query).lists():
        known[name] = _label(history, name)
        known |= {f"{name}={value}": _words(history, name, str(value)) for value in values}
    return known


def _label(history: History, name: str) -> str:
    if name == "columns":
        return _("Column")
    return next((str(f.label) for f in history.filters if name in f.params), _("Search"))


def _words(history: History, name: str, value: str) -> str:
    cleaned, field = history.cleaned[name], history.address.form.fields[name]
    if isinstance(cleaned, Model):
        return str(cleaned)
    return str(dict(getattr(field, "choices", ())).get(value, value))


def revive(kind: type[History], scope: Scope, query: str, words: Labels) -> tuple[str, list[str]]:
    """Return the part of a kept query that the history still understands, and what was dropped, in words.

    A typed address that is wrong shows nothing; a kept one was right once, so the rest of it is shown.
    """
    params, dropped = QueryDict(query, mutable=True), []
    history = kind(scope, params)
    while not history.is_valid:
        wrong = list(_wrong(history)) or [(name, []) for name in params]
        for name, values in wrong:
            label = words.get(name, name)
            dropped += [f"{label}: {words.get(f'{name}={value}', value)}" for value in values] or [label]
            params.setlist(name, [value for value in params.getlist(name) if values and value not in values])
        history = kind(scope, params)
    return history.address.whole_query, list(dict.fromkeys(dropped))


def _wrong(history: History) -> Iterator[tuple[str, list[str]]]:
    """Yield the parts that the history doesn't understand: the name, and which values; none means the name itself."""
    for name, values in history.address.params.lists():
        field = history.address.form.fields.get(name)
        if field is None:
            yield name, []
        elif isinstance(field, forms.MultipleChoiceField):
            if unknown := [str(value) for value in values if not field.valid_value(value)]:
                yield name, unknown
        elif name in history.address.form.errors:
            yield name, list(map(str, values))
