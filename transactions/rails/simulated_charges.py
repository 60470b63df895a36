"""How the simulated rail collects: it says how a charge is paid, and is paid when somebody plays the payer."""

from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import F

from flipdash import clock
from transactions import rails
from transactions.channels import CHANNELS, ChannelKind
from transactions.models import SimulatedCharge
from transactions.rails.protocol import Charge, Collected, HowToPay, KeyReused, Outcome, Paid
from transactions.reasons import Reason

PREFIXES = {
    **{"bca": "70012", "bni": "8808", "bri": "26215", "bsm": "900", "cimb": "5919", "danamon": "7915"},
    **{"mandiri": "88908", "muamalat": "8558", "permata": "7293", "alfamart": "3150", "indomaret": "3151"},
}
"""What the numbers of a bank's virtual accounts, and of a shop's codes, begin with here."""
WHY = {ChannelKind.CARD: Reason.CARD_DECLINED, ChannelKind.EWALLET: Reason.PAYER_SHORT}
"""Why a payment fails that is made to fail."""


class NotTold(Exception):
    """The simulator wasn't told of this charge yet."""


class AlreadyOver(Exception):
    """The charge has failed, or was paid."""


class Refused(Exception):
    """The payer's money was not taken: `reason` is a value of transactions.reasons.Reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def take(charge: Charge) -> HowToPay:
    """Take a charge, once for each key. Raises KeyReused."""
    row, is_new = SimulatedCharge.objects.get_or_create(
        key=charge.key,
        defaults={
            "business_id": charge.business_id,
            "mode": str(charge.mode),
            "channel": charge.channel,
            "amount": charge.amount,
            "code": _code(charge),
            "qr": _qr(charge),
        },
    )
    if (row.channel, row.amount) != (charge.channel, charge.amount):
        raise KeyReused(charge.key)
    if not is_new:
        SimulatedCharge.objects.filter(pk=row.pk).update(told=F("told") + 1)
    return HowToPay(row.code, row.qr)


def status(key: str) -> Collected:
    """Return what was paid by a charge."""
    row = SimulatedCharge.objects.filter(key=key).first()
    return _collected(row) if row else Collected(Outcome.UNKNOWN)


def pay(key: str) -> None:
    """Play the payer: ask whether the charge can still be paid, as banks do, and pay it.

    Raises NotTold, AlreadyOver; Refused, and then no money was taken.
    """
    with transaction.atomic():
        row = _lock(key)
        if refused := rails.refusal(key, row.amount):
            raise Refused(refused)
        now = clock.now().isoformat()
        row.paid = [*row.paid, {"id": f"{row.key}-{len(row.paid) + 1}", "amount": row.amount, "at": now}]
        row.result = Outcome.SUCCESSFUL.value
        row.save(update_fields=["paid", "result"])
        rails.deliver_payment(key, _collected(row))


def fail(key: str) -> None:
    """Let the payer's bank, e-wallet or card refuse. Raises NotTold, AlreadyOver."""
    with transaction.atomic():
        row = _lock(key)
        kind = next(kind for kind, codes in CHANNELS.items() if row.channel in codes)
        row.result, row.reason = Outcome.FAILED.value, str(WHY.get(ChannelKind(kind), Reason.PAYER_UNAVAILABLE))
        row.save(update_fields=["result", "reason"])
        rails.deliver_payment(key, _collected(row))


def _lock(key: str) -> SimulatedCharge:
    row: SimulatedCharge | None = SimulatedCharge.objects.select_for_update().filter(key=key).first()
    if row is None:
        raise NotTold(key)
    if row.result:
        raise AlreadyOver(key)
    return row


def _collected(row: SimulatedCharge) -> Collected:
    paid = tuple(Paid(one["id"], one["amount"], _reference(one["id"]), _moment(one)) for one in row.paid)
    return Collected(Outcome(row.result) if row.result else Outcome.PENDING, paid, row.reason)


def _moment(one: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(one["at"]) if "at" in one else None


def _reference(text: str) -> str:
    return f"SIM{_digits(text, 12)}"


def _code(charge: Charge) -> str:
    prefix = PREFIXES.get(charge.channel, "")
    return prefix + _digits(charge.key, 16 - len(prefix)) if prefix else ""


def _qr(charge: Charge) -> str:
    """Return what looks like a QRIS code and names nobody's account: no wallet pays it."""
    if charge.channel != "qris":
        return ""
    return f"FLIPDASH-SIMULATOR.QRIS.{charge.amount}.{_digits(charge.key, 16)}"


def _digits(text: str, length: int) -> str:
    number = int.from_bytes(sha256(text.encode()).digest()[:16])
    return f"{number % 10**length:0{length}}"
