"""The Activity Log in words: kinds, roles, and facts, as the apps that tell them declared them (flipdash/events.py)."""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.permissions import Role
from flipdash import events, money
from flipdash.words import Words

OPERATOR = "operator"
"""The role of whoever works for FlipDash and not for the business."""
PAIRS = {"old": "new", "before": "after"}
"""What was, and what is now: one fact for people."""
VIAS: dict[str, Words] = {
    "dashboard": gettext_lazy("Dashboard"),
    "api": gettext_lazy("API"),
    "import": gettext_lazy("Import"),
    "report": gettext_lazy("Report"),
    "statement": gettext_lazy("Statement"),
    "series": gettext_lazy("Repeating transfer"),
    "backoffice": gettext_lazy("FlipDash back office"),
    "system": gettext_lazy("Automatic"),
}


def visible(text: str) -> str:
    """Return the text with what can't be seen written out, such as [U+202E] (trust.md I2)."""
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return "".join(f"[U+{ord(c):04X}]" if unicodedata.category(c) in hidden else c for c in text)


def kind_words(kind: str) -> str:
    """Return what happened, as people read it."""
    return str(events.kinds().get(kind, kind))


def role_words(role: str) -> str:
    """Return a role in words."""
    return _("Operator") if role == OPERATOR else str(Role(role).label) if role in Role.values else role


def via_words(via: str) -> str:
    """Return by what means somebody acted."""
    return str(VIAS.get(via, via))


def facts_in_words(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each fact's label and value: "Role", "Maker → Approver"."""
    return [(_label(name), _value(name, value)) for name, value in _single(facts)]


def parts_in_words(facts: Mapping[str, Any]) -> str:
    """Return facts inside of one in one line: Required: yes, From: Rp5.000.000."""
    return ", ".join(f"{_label(part)}: {_one(part, one)}" for part, one in facts.items())


def _single(facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield facts one by one: what was changed by its own name, with what it was before as one pair."""
    for name, value in facts.items():
        if name == "changes":
            yield from ((field, [change["old"], change["new"]]) for field, change in value.items())
        elif name in PAIRS:
            yield "changed", [value, facts.get(PAIRS[name])]
        elif name not in PAIRS.values():
            yield name, value


def _label(name: str) -> str:
    fact = events.fact(name)
    return str(fact.label) if fact else visible(name).replace("_", " ").capitalize()


def _value(name: str, value: Any) -> str:
    if isinstance(value, list) and len(value) == 2:
        return f"{_one(name, value[0])} → {_one(name, value[1])}"
    return _one(name, value)


def _one(name: str, value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    fact = events.fact(name)
    if fact and fact.words:
        return visible(fact.words(value))
    if isinstance(value, dict):
        return parts_in_words(value)
    if isinstance(value, list):
        return visible(json.dumps(value, ensure_ascii=False))
    return money.number(value) if isinstance(value, int) else visible(str(value))
