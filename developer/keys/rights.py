"""What a key may do at this moment, asked where something is about to be done in its name (accounts/rights.py)."""

from accounts import rights
from developer.models import ApiKey
from flipdash.actors import ActorKind
from flipdash.scope import Scope


@rights.holders(ActorKind.KEY)
def key_now(scope: Scope) -> ApiKey | None:
    """Return the key if it still works, locked: who ends it waits until what it does is done."""
    found: ApiKey | None = (
        ApiKey.objects.visible_to(scope).good().select_for_update(no_key=True).filter(pk=scope.member.pk).first()
    )
    return found
