"""What pages show of Callback URLs and of callbacks: forms, samples, and what has become of each attempt."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from developer.callbacks import wording
from developer.callbacks.forms import AddressForm
from developer.callbacks.samples import SAMPLES
from developer.models import Callback, CallbackAttempt, CallbackEvent, CallbackUrl
from flipdash import formats, money
from flipdash.histories.columns import icon
from flipdash.scope import Scope

HIDDEN = "••••••••"


@dataclass(frozen=True)
class Destination:
    """One event, with the form of its address, and its row once it has one."""

    event: CallbackEvent
    form: AddressForm
    row: CallbackUrl | None

    @property
    def has_url(self) -> bool:
        """Whether callbacks are made of the event."""
        return self.row is not None and self.row.url != ""


def destinations(scope: Scope, bound: AddressForm | None = None) -> list[Destination]:
    """Return all events; `bound` is the form that was sent, which keeps what was typed."""
    rows = {row.event: row for row in CallbackUrl.objects.visible_to(scope)}
    made = []
    for event in CallbackEvent:
        row = rows.get(event)
        form = AddressForm(scope=scope, event=event, initial={"url": row.url if row else ""})
        made.append(Destination(event, bound if bound and bound.event == event else form, row))
    return made


def sample_of(event: CallbackEvent) -> str:
    """Return a sample of the field `data`, laid out for people."""
    return json.dumps(SAMPLES[event], indent=2, ensure_ascii=False)


def laid_out(data: str) -> str:
    """Return JSON laid out for people; what is none stays as it is."""
    try:
        return json.dumps(json.loads(data), indent=2, ensure_ascii=False)
    except ValueError:
        return data


@dataclass(frozen=True)
class ShownAttempt:
    """One attempt to send a callback, as pages tell it. Token and signature are never shown (docs/developer.md)."""

    attempt: CallbackAttempt
    callback: Callback

    @property
    def n(self) -> int:
        """Which attempt it is, from 1 on."""
        return self.attempt.n

    @property
    def heading(self) -> str:
        """Which one it is, and when it began."""
        return _("Attempt %(n)s, %(at)s") % {"n": self.n, "at": formats.moment_to_the_second(self.at)}

    @property
    def at(self) -> datetime:
        """When it began."""
        return self.attempt.at

    @property
    def who(self) -> str:
        """Who asked for it; nobody where it came by itself."""
        return self.attempt.asker_name

    @property
    def code(self) -> str:
        """The HTTP status; empty without an answer."""
        return self.attempt.code

    @property
    def answer(self) -> str:
        """The beginning of the answer's body."""
        return self.attempt.answer

    @property
    def what_was_wrong(self) -> str:
        """What kept it from succeeding, in words."""
        if self.attempt.is_under_way:
            return _("It is being sent now.")
        return wording.what_was_wrong(self.attempt.code, self.attempt.problem)

    @property
    def badge(self) -> SafeString:
        """The status, with its colour and its shape."""
        if self.attempt.is_under_way:
            colour, shape, words = "grey", "hourglass", _("Being sent")
        elif self.attempt.is_success:
            colour, shape, words = "green", "check", self.code
        else:
            colour, shape, words = "red", "x", wording.in_short(self.code, self.attempt.problem)
        return format_html('<span class="status status--{}">{}{}</span>', colour, icon(shape), words)

    @property
    def time_taken(self) -> str:
        """How long it took: 240 ms."""
        seconds = self.attempt.seconds
        return "" if seconds is None else f"{money.number(round(seconds * 1000))} ms"

    @property
    def request(self) -> str:
        """What was sent but for the body, line by line."""
        lines = (
            f"POST {self.attempt.url}",
            "Content-Type: application/x-www-form-urlencoded",
            f"webhook-id: {self.callback.pk}",
            f"webhook-timestamp: {int(self.attempt.at.timestamp())}",
            f"webhook-signature: v1,{HIDDEN}",
            "",
            f"token={HIDDEN}&data=…",
        )
        return "\n".join(lines)
