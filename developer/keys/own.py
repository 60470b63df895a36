"""Which keys somebody made: what these send is theirs too, where a second person has to approve (trust.md M2)."""

from collections.abc import Iterable

from developer.models import ApiKey
from flipdash.actors import Actor
from transactions.outgoing.own import keys_by


@keys_by
def made_by(actor: Actor) -> Iterable[int]:
    """Return the ids of the keys that somebody made, those that have ended included."""
    return ApiKey.objects.filter(actor.is_in("maker")).values_list("pk", flat=True)
