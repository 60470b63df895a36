"""What the API Reference says besides the calls, each from the code that does it."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from developer.api import disbursements
from developer.callbacks import health, outbox, schedule, signing
from developer.callbacks.samples import SAMPLES
from developer.models import CallbackEvent
from transactions.rails import simulator
from transactions.reasons import Reason

Words = str | Promise


@dataclass(frozen=True)
class Magic:
    """A number that the simulated rail answers otherwise, by how it ends."""

    ending: str
    words: Words
    answered: str = ""
    """The status and the reason of the disbursement then, as the API says them; empty where it depends."""


def magic_accounts() -> list[Magic]:
    """Return the endings of account numbers, and what the simulated rail does then."""
    return [
        *(_refused(ending, reason) for ending, reason in simulator.ACCOUNTS.items()),
        Magic(simulator.SLOW, _("Whose account it is can’t be found out now.")),
        Magic(simulator.OTHER_NAME, _("The account is somebody else’s: %(name)s.") % {"name": simulator.STRANGER}),
        Magic(simulator.SILENT, _("The bank never answers by itself."), disbursements.PENDING),
        Magic(simulator.LOST, _("The bank takes it, but its first answer is lost.")),
        Magic(simulator.CONTRADICTS, _("The bank says that it arrived, and then that it failed.")),
        Magic(simulator.RETURNS, _("It arrives, and then the bank returns it.")),
        Magic(simulator.RETURNS_LESS, _("It arrives, and then the bank returns less than was sent.")),
        Magic(simulator.BUSY, _("The bank can’t be reached.")),
    ]


def magic_amounts() -> list[Magic]:
    """Return the last three digits of amounts that fail, and why."""
    return [_refused(str(ending), reason) for ending, reason in simulator.AMOUNTS.items()]


def _refused(ending: str, reason: Reason) -> Magic:
    said = disbursements.REASONS.get(reason, "")
    return Magic(ending, reason.label, f"{disbursements.CANCELLED} {said}".strip())


@dataclass(frozen=True)
class Told:
    """One kind of callback."""

    event: CallbackEvent
    when: Words
    sample: str
    """What stands in `data`, in lines."""


WHEN: dict[CallbackEvent, Words] = {
    CallbackEvent.TRANSFER: _("A money transfer arrived, or failed, was rejected, cancelled or not approved in time."),
    CallbackEvent.INTERNATIONAL: _(
        "An international transfer arrived, or failed, was rejected, cancelled or not approved in time."
    ),
    CallbackEvent.PAYMENT: _("A payment was made, failed, or was not made in time."),
    CallbackEvent.SETTLEMENT: _("A payment that was made reached the deposit (SETTLED): how much of it, and when."),
    CallbackEvent.REFUND: _(
        "A refund was asked for (PENDING), arrived (DONE), came to nothing (CANCELLED), or came back (RETURNED)."
    ),
    CallbackEvent.TOP_UP: _("A top-up is in the deposit (DONE), or was taken back out of it (REVERSED)."),
    CallbackEvent.BANK_STATUS: _("A bank or an e-wallet is disturbed, or works again."),
}
"""Which callbacks there are so far, and when. Tests hold it to what the code tells."""


def events() -> list[Told]:
    """Return the callbacks that there are so far, in the order of their URLs."""
    kinds = [event for event in CallbackEvent if event in WHEN]
    return [Told(event, WHEN[event], json.dumps(SAMPLES[str(event)], indent=2, ensure_ascii=False)) for event in kinds]


def envelope() -> str:
    """Return a whole call as it goes over the wire, of a sample."""
    data = json.dumps(SAMPLES[str(CallbackEvent.TOP_UP)], separators=(",", ":"))
    body = outbox.body(data, "YOUR_VALIDATION_TOKEN")
    secret = signing.PREFIX + base64.b64encode(bytes(signing.SECRET)).decode()
    headers = signing.headers("2001011000000000071", datetime(2020, 1, 1, 3, 0, 31, tzinfo=UTC), body, [secret])
    lines = ["POST /your/path HTTP/1.1", "Content-Type: application/x-www-form-urlencoded"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\n".join([*lines, "", body.decode()])


def again() -> list[Words]:
    """Return what happens to a callback that fails, in words."""
    waits = [wait_words(wait) for wait in schedule.WAITS]
    first = len(list(takewhile(lambda wait: wait == waits[0], waits)))
    return [
        _("What fails comes again: %(times)s times after %(wait)s, then after %(waits)s, each a fifth more or less.")
        % {"times": first, "wait": waits[0], "waits": ", ".join(waits[first:])},
        _("If nothing is taken for an hour, all Admins get an email. After %(days)s days the URL is paused.")
        % {"days": health.PAUSE_AFTER.days},
        _("While it is paused its callbacks wait. After the first Send Test that succeeds they go on by themselves."),
        _("410 pauses the URL at once: it says that the address is gone."),
    ]


def wait_words(wait: timedelta) -> str:
    """Write how long a wait is: 30 minutes, 2 hours."""
    minutes = int(wait.total_seconds() // 60)
    if minutes < 60:
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    return ngettext("%(count)s hour", "%(count)s hours", minutes // 60) % {"count": minutes // 60}
