"""Sessions in Postgres (trust.md S4), found only by keys that we could have given out.

A cookie can hold any character, NUL too, of which no database can be asked: such a session is just none.
"""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Django's own, but for keys that it would never make."""

    def _validate_session_key(self, key: str | None) -> bool:
        is_long_enough = super()._validate_session_key(key)  # type: ignore[misc]  # the stubs leave it out
        return bool(is_long_enough and key and key.isascii() and key.isalnum())
