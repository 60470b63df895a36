"""{% keep %}: parts of pages that are the same for many people, rendered once and kept in the process.

    {% keep role=scope.member.role here=menu.here %} … {% endkeep %}

Inside, a template sees the values that the tag names and nothing else: no request, no scope, no rows. What is kept is
found again by these values, the language and the mode's prefix, so nobody can be shown what was made for somebody
else. Values are plain (texts, numbers, days, and tuples or sets of them): a row can't be handed in.
"""

from collections.abc import Mapping
from datetime import date, datetime
from threading import Lock
from typing import Any
from weakref import WeakSet

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.urls import get_script_prefix
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()

MOST_KEPT = 200
"""Of each {% keep %}, in each process: the oldest goes first. The widest, a filter, is 10 kB."""

Key = tuple[Any, ...]
_all: "WeakSet[Keep]" = WeakSet()


class Keep(template.Node):
    """One {% keep %} of one template."""

    def __init__(self, inside: NodeList, named: Mapping[str, FilterExpression]) -> None:
        self.inside, self.named = inside, named
        self.kept: dict[Key, SafeString] = {}
        self.making = Lock()
        _all.add(self)

    def render(self, context: template.Context) -> SafeString:
        """Return what was kept for these values, or make it."""
        values = {name: expression.resolve(context) for name, expression in self.named.items()}
        for name, value in values.items():
            if not _is_plain(value):
                raise TypeError(f"{{% keep %}} takes plain values, and {name} is a {type(value).__name__}.")
        key = (get_language(), get_script_prefix(), *map(_key, values.values()))
        found = self.kept.get(key)
        return self._make(key, values, context.template) if found is None else found

    def _make(self, key: Key, values: dict[str, Any], of: template.Template | None) -> SafeString:
        alone = template.Context(values)  # not context.new(values), which remembers the request
        with alone.render_context.push_state(of), alone.bind_template(of):  # type: ignore[arg-type]  # as Django's do
            made = self.inside.render(alone)
        with self.making:
            while len(self.kept) >= MOST_KEPT:
                del self.kept[next(iter(self.kept))]
            self.kept[key] = made
        return made


def _key(value: Any) -> Any:
    """Return the value with its type: what is safe already equals the same text that isn't, and 1 equals True."""
    return (type(value), value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple | frozenset):
        return all(map(_is_plain, value)) and not any(isinstance(each, SafeString) for each in value)
    return value is None or (isinstance(value, str | int | date) and not isinstance(value, datetime))


def forget() -> None:
    """Forget all that is kept."""
    for each in _all:
        each.kept.clear()


@register.tag
def keep(parser: Parser, token: Token) -> Keep:
    """Render what is inside once for each combination of the named values."""
    bits = token.split_contents()[1:]
    named = token_kwargs(bits, parser)
    if bits:
        raise template.TemplateSyntaxError("{% keep %} takes values with a name: {% keep day=today %}.")
    inside = parser.parse(("endkeep",))
    parser.delete_first_token()
    return Keep(inside, named)
