"""What accepting a payment costs, and between which amounts each kind of channel takes one: the same for all
businesses, as long as nobody agreed on another price."""

from dataclasses import dataclass
from datetime import timedelta

from transactions.channels import CHANNELS, ChannelKind

LEAST, MOST = 10_000, 1_000_000_000
"""Rupiah of a link's amount (reference/flip-api.md §7.1)."""


@dataclass(frozen=True)
class Price:
    """The fee of a kind of channel, and what one payment by it may come to; all in rupiah."""

    flat: int = 0
    permille: int = 0
    least: int = LEAST
    most: int = MOST
    open_for: timedelta = timedelta(hours=24)
    """How long a payment that was started waits for its money."""

    def fee(self, amount: int) -> int:
        """Return the fee of an amount that a payer pays."""
        return self.flat + amount * self.permille // 1_000

    def on_top(self, net: int) -> int:
        """Return the fee that has to be added to an amount, so that it is what is left."""
        if not self.permille:
            return self.flat
        gross = net + self.flat
        while gross - self.fee(gross) < net:
            gross += max(1, net - (gross - self.fee(gross)))
        return gross - net


PRICES: dict[str, Price] = {
    ChannelKind.QRIS: Price(permille=7, most=10_000_000, open_for=timedelta(minutes=30)),
    ChannelKind.VA: Price(flat=4_000),
    ChannelKind.EWALLET: Price(permille=15, most=20_000_000, open_for=timedelta(hours=1)),
    ChannelKind.CARD: Price(flat=2_000, permille=29, most=250_000_000, open_for=timedelta(hours=1)),
    ChannelKind.OUTLET: Price(flat=5_000, most=5_000_000),
}
"""By kind of channel, the commonest first, as payers are offered them."""
KIND_OF = {code: kind for kind, codes in CHANNELS.items() for code in codes}


@dataclass(frozen=True)
class Sum:
    """What one payment comes to."""

    amount: int
    """What the payer pays."""
    fee: int
    """What of it is FlipDash's: the rest is the business's."""


def sum_of(kind: str, asked: int, *, payer_bears: bool) -> Sum:
    """Return what a payer pays for what a business asks, and the fee in it."""
    price = PRICES[kind]
    if not payer_bears:
        return Sum(asked, min(price.fee(asked), asked))
    fee = price.on_top(asked)
    return Sum(asked + fee, fee)


def takes(kind: str, amount: int) -> bool:
    """Return whether a kind of channel takes an amount that a payer pays."""
    return PRICES[kind].least <= amount <= PRICES[kind].most
