"""The Activity Log: what happened is kept as it happens, and chained afterwards (docs/activity.md).

Recording adds one row and waits for nobody. One sealer gives the committed rows their places in the chain of their
business and mode: each row's hash holds the one before, so that no later change stays unseen.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.activity.kinds import OF_ACCOUNT
from accounts.models import Activity
from accounts.permissions import Role
from flipdash import events, money
from flipdash.mode import Mode
from flipdash.words import Words

SEALED_AT_ONCE = 1_000  # rows
LONGEST_FACT = 500  # characters
OPERATOR = "operator"
"""The role of who works for FlipDash and not for the business."""

AREAS: dict[str, Words] = {
    "sign-in": gettext_lazy("Sign-in"),
    "sign-out": gettext_lazy("Sign-out"),
    "session": gettext_lazy("Sessions"),
    "proof": gettext_lazy("Fresh proofs"),
    "password": gettext_lazy("Passwords"),
    "second-factor": gettext_lazy("Two-step verification"),
    "passkey": gettext_lazy("Passkeys"),
    "recovery-codes": gettext_lazy("Recovery codes"),
    "phone": gettext_lazy("Phones"),
    "access": gettext_lazy("Access"),
    "member": gettext_lazy("People"),
    "invitation": gettext_lazy("Invitations"),
    "profile": gettext_lazy("Profiles"),
    "business": gettext_lazy("Businesses"),
    "account": gettext_lazy("Business settings"),
    "second-person": gettext_lazy("Second-person rule"),
    "deposit": gettext_lazy("Deposit"),
    "top_up": gettext_lazy("Top-ups"),
    "report": gettext_lazy("Reports"),
    "import": gettext_lazy("Imports"),
}
"""What stands before the dot of a kind, in words."""

FACTS: dict[str, Words] = {
    "added": gettext_lazy("Added"),
    "address": gettext_lazy("Address"),
    "all_others": gettext_lazy("All others"),
    "amount": gettext_lazy("Amount"),
    "bank": gettext_lazy("Bank"),
    "changed": gettext_lazy("Changed"),
    "email": gettext_lazy("Email"),
    "file": gettext_lazy("File"),
    "format": gettext_lazy("Format"),
    "history": gettext_lazy("History"),
    "language": gettext_lazy("Language"),
    "legal_name": gettext_lazy("Legal name"),
    "logo": gettext_lazy("Logo"),
    "name": gettext_lazy("Name"),
    "npwp": "NPWP",
    "phone": gettext_lazy("Phone"),
    "query": gettext_lazy("Search and filters"),
    "reason": gettext_lazy("Reason"),
    "requested_by": gettext_lazy("Requested by"),
    "role": gettext_lazy("Role"),
    "required": gettext_lazy("Required"),
    "rows": gettext_lazy("Rows"),
    "rupiah": gettext_lazy("From"),
    "require_second_factor": gettext_lazy("Two-step verification required"),
    "approvals_need_proof": gettext_lazy("Fresh proof at approvals"),
    "session_idle_minutes": gettext_lazy("Minutes without use until sign-out"),
    "session_hours": gettext_lazy("Hours until sign-out"),
    "time_zone": gettext_lazy("Time zone"),
    "to": gettext_lazy("Sent to"),
    "step": gettext_lazy("Step"),
    "sha256": gettext_lazy("SHA-256 of the file"),
}
RUPIAH = ("amount", "rupiah")
PAIRS = {"old": "new", "before": "after"}
"""What was, and what is now: one fact for people."""
VIAS: dict[str, Words] = {
    "dashboard": gettext_lazy("Dashboard"),
    "api": gettext_lazy("API"),
    "import": gettext_lazy("Import"),
    "report": gettext_lazy("Report"),
    "backoffice": gettext_lazy("FlipDash back office"),
    "system": gettext_lazy("Automatic"),
}


# --- Recording ---------------------------------------------------------------------------------------------


def keep(event: events.Event) -> None:
    """Add an event to the log, in the transaction of the act: one INSERT, and no shared row to wait for."""
    scope, subject = event.scope, event.subject
    user = getattr(scope.member, "user", None)
    activity = Activity(
        business_id=scope.business.pk,
        mode=Mode.LIVE if event.kind in OF_ACCOUNT else scope.mode,
        kind=event.kind,
        area=event.kind.partition(".")[0],
        **replace(event.actor, name=visible(event.actor.name)).columns("by"),
        by_email=visible(getattr(user, "email", ""))[:254],
        role=scope.member.role,
        via=scope.via,
        address=visible(scope.address)[:45],
        agent=visible(scope.agent)[:200],
        subject_type=subject._meta.label_lower if subject is not None else "",
        subject_id=str(subject.pk)[:40] if subject is not None else "",
        subject_label=visible(str(subject))[:200] if subject is not None else "",
        facts={name: _plain(value) for name, value in event.facts.items()},
    )
    activity.search = " ".join(_searched(activity))
    activity.save(force_insert=True)


def _plain(value: Any) -> Any:
    """Return a fact as JSON can hold it; (old, new) stays a pair, and text is cut and has nothing invisible."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value[:50]]
    if isinstance(value, Mapping):
        return {visible(str(name)): _plain(part) for name, part in value.items()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    return visible(str(value))[:LONGEST_FACT]


def _searched(activity: Activity) -> Iterator[str]:
    """Yield the words by which an event is found."""
    yield from (activity.by_name, activity.by_email, activity.subject_label, activity.address)
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            yield kind_words(activity.kind)


def visible(text: str) -> str:
    """Return the text with what can't be seen written out, such as [U+202E] (trust.md I2)."""
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return "".join(f"[U+{ord(c):04X}]" if unicodedata.category(c) in hidden else c for c in text)


# --- Words -------------------------------------------------------------------------------------------------


def kind_words(kind: str) -> str:
    """Return what happened, as people read it."""
    return str(events.kinds().get(kind, kind))


def role_words(role: str) -> str:
    """Return a role in words."""
    return _("Operator") if role == OPERATOR else str(Role(role).label) if role in Role.values else role


def via_words(via: str) -> str:
    """Return by what means somebody acted."""
    return str(VIAS.get(via, via))


def areas() -> list[tuple[str, Words]]:
    """Return what events are about, as far as kinds of it are declared."""
    known = dict.fromkeys(kind.partition(".")[0] for kind in events.kinds())
    return [(area, AREAS.get(area, area)) for area in known]


def facts_in_words(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each fact's label and value: "Role", "Maker → Approver"."""
    return [(_label(name), _value(name, value)) for name, value in _single(facts)]


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
    return str(FACTS.get(name, visible(name).replace("_", " ").capitalize()))


def _value(name: str, value: Any) -> str:
    if isinstance(value, list) and len(value) == 2:
        return f"{_one(name, value[0])} → {_one(name, value[1])}"
    return _one(name, value)


def _one(name: str, value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return ", ".join(f"{_label(part)}: {_one(part, one)}" for part, one in value.items())
    if isinstance(value, list):
        return visible(json.dumps(value, ensure_ascii=False))
    if name == "role" or (name == "changed" and str(value) in Role.values):
        return role_words(str(value))
    if isinstance(value, int):
        return money.rupiah(value) if name in RUPIAH else money.number(value)
    if name == "language":
        return dict(settings.LANGUAGES).get(str(value), visible(str(value)))
    return visible(str(value))


# --- Sealing -----------------------------------------------------------------------------------------------


def seal() -> int:
    """Chain what was committed since; returns how many rows. A second sealer at the same time does nothing."""
    sealed = 0
    with connections["default"].cursor() as cursor:
        while True:
            cursor.execute("SELECT seal_activity(%s)", [SEALED_AT_ONCE])
            (count,) = cursor.fetchone()
            sealed += count
            if count < SEALED_AT_ONCE:
                return sealed
