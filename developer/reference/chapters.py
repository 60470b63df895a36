"""What the API Reference says besides the calls, each from the code that does it."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from developer.api import disbursements
from developer.callbacks import outbox, signing
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
    CallbackEvent.TOP_UP: _("A top-up is in the deposit."),
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
