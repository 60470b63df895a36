"""Events in addresses: manage/callbacks/top-up/."""

from developer.models import CallbackEvent


class EventConverter:
    """The name of an event that callbacks are made of; another one is no address."""

    regex = "|".join(CallbackEvent.values)

    def to_python(self, value: str) -> CallbackEvent:
        """Return the event."""
        return CallbackEvent(value)

    def to_url(self, value: str) -> str:
        """Return its name."""
        return str(CallbackEvent(value))
