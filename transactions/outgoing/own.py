"""What is one's own under the second-person rule: what one made, and what a key made that one made (trust.md M2).

Keys are an upper app's: it says here which ones somebody made.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Q

from flipdash.actors import Actor, ActorKind

KeysOf = Callable[[Actor], Iterable[int]]
_finders: list[KeysOf] = []


def keys_by(find: KeysOf) -> KeysOf:
    """Register what finds the ids of the keys that somebody made."""
    _finders.append(find)
    return find


def _keys(actor: Actor) -> list[int]:
    return [pk for find in _finders for pk in find(actor)]


def rows(actor: Actor) -> Q:
    """Return the condition that a transaction is somebody's own."""
    return actor.is_in("maker") | Q(maker_kind=ActorKind.KEY, maker_id__in=_keys(actor))


def is_own(actor: Actor | None, row: Any) -> bool:
    """Return whether a transaction is somebody's own."""
    maker = row.maker
    if actor is None or actor == maker:
        return actor is not None
    return maker is not None and maker.kind == ActorKind.KEY and maker.id in _keys(actor)
