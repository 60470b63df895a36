"""What the simulated rail pays abroad at: a rate for each currency that moves a little every minute.

Nothing is thrown by chance: the rate of a minute is drawn from the currency and the minute, so that a run repeats.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from hashlib import sha256

from flipdash import clock, world
from transactions.rails.protocol import NotOffered, Offer, Rated

HOLDS_FOR = timedelta(seconds=90)
RATES: Mapping[str, tuple[str, int]] = {
    "AED": ("4480.0000", 90_000),
    "AUD": ("10650.7500", 60_000),
    "CNY": ("2280.4000", 75_000),
    "EUR": ("17890.2500", 80_000),
    "GBP": ("21400.8000", 80_000),
    "HKD": ("2105.3000", 60_000),
    "INR": ("193.2000", 50_000),
    "JPY": ("107.3500", 75_000),
    "KRW": ("11.6200", 60_000),
    "MYR": ("3890.1000", 40_000),
    "PHP": ("286.7000", 50_000),
    "SAR": ("4380.6000", 90_000),
    "SGD": ("12680.5500", 50_000),
    "THB": ("478.3000", 50_000),
    "TRY": ("391.5000", 90_000),
    "USD": ("16450.0000", 75_000),
    "VND": ("0.6312", 50_000),
}
"""Rupiah for one unit of each currency, around which its rate moves; and the fee in rupiah."""
MOST_MOVED = Decimal("0.004")
"""By how much of it a rate is above or below, at most."""
FOUR = Decimal("0.0001")


def rate_at(currency: str, moment: datetime) -> Decimal:
    """Return the rate of a currency in the minute of a moment."""
    drawn = _drawn(f"{currency} {int(moment.timestamp()) // 60}")
    moved = 1 + MOST_MOVED * (2 * Decimal(drawn) - 1)
    return (Decimal(RATES[currency][0]) * moved).quantize(FOUR)


def offer(asked: Rated) -> Offer:
    """Return what a transfer costs now; less than the smallest unit never arrives, nor less than was asked for.

    Raises NotOffered.
    """
    if asked.currency not in RATES:
        raise NotOffered(asked.currency)
    moment = clock.now()
    rate, fee = rate_at(asked.currency, moment), RATES[asked.currency][1]
    if asked.received is not None:
        received = asked.received
        sent = int((received * rate).to_integral_value(ROUND_CEILING))
    else:
        sent = asked.sent or 0
        unit = Decimal(1).scaleb(-world.decimals_of(asked.currency))
        received = (sent / rate).quantize(unit, ROUND_FLOOR)
    reference = f"SIMQ{int(_drawn(f'{asked} {moment}') * 10**12):012d}"
    return Offer(reference, rate, sent, received, fee, HOLDS_FOR)


def _drawn(text: str) -> float:
    """Return a number from 0 up to 1, always the same for a text."""
    return int.from_bytes(sha256(text.encode()).digest()[:8]) / 2**64
