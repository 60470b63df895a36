"""All Admins are told by mail when a key, the token or a Callback URL changes (trust.md §1.7) or takes nothing (C7)."""

from typing import cast

from accounts.mails import tell_admins
from accounts.models import Business
from developer.models import ApiKey, CallbackEvent, CallbackUrl
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


@events.on("signature-key.saved", "signature-key.removed")
def tell_signing_key(told: events.Event) -> None:
    """Tell that calls have to be signed otherwise now, or need no signature any more."""
    removed = told.kind == "signature-key.removed"
    change = "signature-removed" if removed else "signature-saved"
    _tell(told, change=change, fingerprint=told.facts.get("fingerprint"))


CALLBACK_CHANGES = {
    "callback-url.saved": "callback-saved",
    "callback-url.removed": "callback-removed",
    "callback-url.secret-changed": "callback-secret",
}


@events.on(*CALLBACK_CHANGES)
def tell_callback_url(told: events.Event) -> None:
    """Tell which event's callbacks go elsewhere now, or are signed otherwise."""
    facts = told.facts
    event = CallbackEvent(facts["callback_event"]).label  # each Admin reads it in their language
    _tell(told, change=CALLBACK_CHANGES[told.kind], event=event, old=facts.get("old"), new=facts.get("new"))


@events.on("callback-url.failing", "callback-url.paused")
def tell_how_it_fares(told: events.Event) -> None:
    """Tell that an address has taken nothing for an hour, or that nothing more is sent to it."""
    to = cast(CallbackUrl, told.subject)
    label = CallbackEvent(to.event).label  # in the language of each who reads it
    _tell(told, "callback_url", change=to.paused_why or "failing", url=told.facts["callback_url"], event=label)


def _tell(told: events.Event, mail: str = "api_key", **context: object) -> None:
    business = Business.objects.get(pk=told.scope.business.pk)
    tell_admins(business, mail, by=told.actor.name, is_test=told.scope.is_test, **context)
