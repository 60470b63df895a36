"""All Admins are told by mail when a key or the token changes (trust.md §1.7)."""

from typing import cast

from accounts.mails import tell_admins
from accounts.models import Business
from developer.models import ApiKey
from flipdash import events

CHANGES = {"api-key.made": "made", "api-key.changed": "changed", "api-key.ended": "ended"}


@events.on(*CHANGES)
def tell_key(told: events.Event) -> None:
    """Tell which key, what happened to it and who did it."""
    key = cast(ApiKey, told.subject)
    _tell(told, change=CHANGES[told.kind], key=key.shown, key_name=key.name, hours=told.facts.get("works_on_hours"))


@events.on("validation-token.changed")
def tell_token(told: events.Event) -> None:
    """Tell that callbacks carry another token now."""
    _tell(told, change="token")


def _tell(told: events.Event, **context: object) -> None:
    business = Business.objects.get(pk=told.scope.business.pk)
    tell_admins(business, "api_key", by=told.actor.name, is_test=told.scope.is_test, **context)
