"""Where a person is signed in, how long a session lasts, and how it ends at once (trust.md S1–S4).

A session lives in Postgres. What it was signed with holds the password, the address and the person's
`session_version`: whatever changes one of them ends every other session on its next request.
"""

from datetime import datetime, timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib.auth import update_session_auth_hash
from django.contrib.sessions.models import Session
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import Business, Member, User
from flipdash.http import Request
from flipdash.scope import Scope

STARTED, SEEN = "started_at", "seen_at"
"""Keys in the session: moments in seconds since 1970, by the database's clock."""
WAS_OVER = "was_over"
"""The key in a session without a person: the one before was over, so the sign-in page says so."""
NOT_SENT = "not-sent"
"""In the address of the sign-in page: a form was sent without a session. Whoever writes it there sees words."""
NOTED_EVERY = timedelta(minutes=1)
"""How precisely a session knows when it was last used: writing at every request would cost too much."""


def scope_of(request: Any, member: Member) -> Scope:
    """Return what the member acts as in this request."""
    address = get_adapter(request).get_client_ip(request)
    agent = request.headers.get("User-Agent", "")[:200]
    return member.scope(request.mode, address=address, agent=agent)


def is_over(request: Request, business: Business, now: datetime) -> bool:
    """Return whether the session has been idle, or has lasted, for longer than the business allows."""
    session, at = request.session, now.timestamp()
    idle = timedelta(minutes=business.session_idle_minutes).total_seconds()
    whole = timedelta(hours=business.session_hours).total_seconds()
    return at - session.get(SEEN, at) > idle or at - session.get(STARTED, at) > whole


def note_use(request: Request, now: datetime, address: str) -> None:
    """Note that the session is in use; one that has no beginning yet begins now."""
    session, at = request.session, now.timestamp()
    session.setdefault(STARTED, at)
    if at - session.get(SEEN, 0) < NOTED_EVERY.total_seconds():
        return
    session[SEEN] = at
    known = UserSession.objects.filter(session_key=session.session_key, user=request.user)
    if not known.update(last_seen_at=Now(), ip=address):
        UserSession.objects.create_from_request(request)


def begin(request: Request, now: datetime) -> None:
    """Begin the time of a session that was just signed in."""
    request.session[STARTED] = request.session[SEEN] = now.timestamp()


def end_others(request: Request, user: User) -> None:
    """End every other session of the person, and give this one a new id. Call it in the transaction of the change."""
    end_all(user, keep=request.session.session_key)
    before = request.session.session_key
    update_session_auth_hash(request, user)
    UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


def end_all(user: User, *, keep: str | None = None) -> None:
    """End the person's sessions on their next request, wherever they are."""
    User.objects.filter(pk=user.pk).update(session_version=F("session_version") + 1)
    user.refresh_from_db(fields=["session_version"])
    others = UserSession.objects.filter(user=user).exclude(session_key=keep or "")
    Session.objects.filter(session_key__in=others.values("session_key")).delete()
    others.delete()


def end(session: UserSession) -> None:
    """End one session on its next request."""
    Session.objects.filter(session_key=session.session_key).delete()
    session.delete()


def alive(user: User) -> list[UserSession]:
    """Return the person's sessions that still exist, the one used last first."""
    kept = Session.objects.filter(expire_date__gt=Now()).values("session_key")
    return list(UserSession.objects.filter(user=user, session_key__in=kept).order_by("-last_seen_at"))
