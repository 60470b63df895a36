"""The permission table in words a person reads: the page, and what a role may do."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.permissions import CELLS, TABLE, Permission, Role


@dataclass(frozen=True)
class Cell:
    """Whether one role has one permission."""

    role: Role
    is_allowed: bool
    words: str
    is_own: bool


@dataclass(frozen=True)
class Line:
    """One permission and who has it."""

    label: str
    cells: list[Cell]


def lines(own: str) -> list[Line]:
    """Return the whole table; `own` is the role of whoever looks."""
    return [Line(permission.label, [_cell(role, permission, own) for role in Role]) for permission in TABLE]


def allowed_to(role: str) -> list[str]:
    """Return what a role may do, a phrase each, in the table's order."""
    return [_phrase(permission, CELLS[Role(role), permission]) for permission in TABLE if _has(role, permission)]


def not_allowed_to(role: str) -> list[str]:
    """Return what a role may not do."""
    return [permission.label for permission in TABLE if not _has(role, permission)]


def _has(role: str, permission: Permission) -> bool:
    return CELLS[Role(role), permission] != "-"


def _phrase(permission: Permission, cell: str) -> str:
    if cell == "7days":
        return _("%(permission)s (last 7 days, unless searching)") % {"permission": permission.label}
    return permission.label


def _cell(role: Role, permission: Permission, own: str) -> Cell:
    words = {"yes": _("Yes"), "-": _("No"), "7days": _("Last 7 days, unless searching")}
    return Cell(role, _has(role, permission), words[CELLS[role, permission]], role == own)
