"""The mails that a person may switch off: each app declares its own when it is ready.

notices.declare("waiting", _("Something waits for me"), Permission.APPROVE_TRANSACTIONS)
Member.objects.told("waiting")
"""

from dataclasses import dataclass

from accounts.permissions import Permission
from flipdash.scope import Member
from flipdash.words import Words


@dataclass(frozen=True)
class Notice:
    """Something that people are told by mail, unless they don't want to be."""

    name: str
    words: Words
    permission: Permission
    """Who is told at all."""


notices: dict[str, Notice] = {}


def declare(name: str, words: Words, permission: Permission) -> None:
    """Make a notice known."""
    notices[name] = Notice(name, words, permission)


def of(member: Member) -> list[Notice]:
    """Return the notices that a member can get."""
    return [notice for notice in notices.values() if notice.permission in member.permissions]
