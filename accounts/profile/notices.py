"""What people are told by mail and in the page, and may switch off: each app declares its own when it is ready.

notices.declare("waiting", _("Something waits for me"), Permission.APPROVE_TRANSACTIONS)
for member in Member.objects.told("waiting").select_related("user"):
    notices.tell(member, "waiting", "transfer_waits", mode=…, url=…, transfer=transfer)
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import Member as Person
from accounts.models import Notice as Kept
from accounts.models.notices import LONGEST_TEXT
from accounts.models.people import TOLD_WITH
from accounts.permissions import Permission
from flipdash import mail
from flipdash.scope import Member, Scope
from flipdash.words import Words

KEPT_FOR = timedelta(days=90)
USING = "operator"
"""The connection that sees what all businesses were told."""


@dataclass(frozen=True)
class Notice:
    """Something that people are told, unless they don't want to be."""

    name: str
    words: Words
    permission: Permission
    """Who is told at all."""


notices: dict[str, Notice] = {}
KINDS: list[str] = []
NEEDED: list[str] = []
"""The permission of each of KINDS, as the frame's statement asks for it."""


def declare(name: str, words: Words, permission: Permission) -> None:
    """Make a notice known."""
    notices[name] = Notice(name, words, permission)
    TOLD_WITH[name] = permission
    KINDS.append(name)
    NEEDED.append(str(permission))


def of(member: Member) -> list[Notice]:
    """Return the notices that a member can get."""
    return [notice for notice in notices.values() if notice.permission in member.permissions]


def tell(member: Person, notice: str, name: str, *, mode: str, url: str, **context: Any) -> None:
    """Mail a member `emails/<name>.txt`, and keep it for their list in the page; within the transaction of the act.

    Who wants to be told is asked before: Member.objects.told(notice). `url` is absolute, as mails have it.
    """
    sent = mail.send(name, to=member.user.email, language=member.user.language, mode=mode, url=url, **context)
    lines = [line for line in sent.text.splitlines() if line.strip() and line.strip() != url]
    parts = urlsplit(url)
    Kept.objects.create(
        business_id=member.business_id,
        mode=mode,
        member=member,
        kind=notice,
        title=sent.subject,
        text=" ".join(lines)[:LONGEST_TEXT],
        url=parts.path + (f"?{parts.query}" if parts.query else ""),
    )


def told_to(scope: Scope) -> QuerySet:
    """Return what a member was told in a mode, as far as they could be told it today: a right that is gone hides it."""
    rows: QuerySet = Kept.objects.visible_to(scope).filter(member_id=scope.member.pk)
    return rows.filter(kind__in=[notice.name for notice in of(scope.member)])


def mark_seen(scope: Scope, ids: list[int]) -> None:
    """Note that a member has looked at some of their notices."""
    told_to(scope).filter(pk__in=ids, seen_at=None).update(seen_at=Now())


def throw_away_old() -> None:
    """Delete what is older than anybody looks for."""
    Kept.objects.using(USING).filter(created_at__lt=Now() - KEPT_FOR).delete()
