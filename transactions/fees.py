"""What a transfer inside the country costs: the same for all businesses, as long as nobody agreed on another price."""

from transactions.destinations import EWALLETS, Kind

FEES: dict[str, int] = {Kind.BANK: 2_500, Kind.VA: 5_000, Kind.EWALLET: 1_000}
"""Whole rupiah for each transfer, by what its account number means."""


def fee_to(code: str) -> int:
    """Return the rupiah of a transfer to an account at a bank, or to an e-wallet, by its code."""
    return FEES[Kind.EWALLET if code in EWALLETS else Kind.BANK]
