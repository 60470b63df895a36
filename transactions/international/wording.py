"""What is said of a transfer abroad: its rate, what came before it, and the fields of its corridor."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flipdash import money
from flipdash.words import Words
from transactions.international import fields
from transactions.models import Quote


def rate_in_words(rate: Decimal | None, currency: str) -> str:
    """Write a rate: "1 GBP = Rp21,400.8000"; "" for none."""
    return f"1 {currency} = Rp{money.decimal(rate)}" if rate is not None else ""


def rate_before(quote: Quote | None, before: Quote | None) -> str:
    """Write the rate that a quote's moved away from; "" where it didn't, or there was none before."""
    if quote is None or before is None or before.rate == quote.rate:
        return ""
    return rate_in_words(before.rate, quote.corridor.currency)


def details_in_words(details: Mapping[str, Any]) -> list[tuple[Words, str]]:
    """Return the fields of a corridor as labels and values, in the order in which a form asks for them."""
    known = [name for name in fields.LABELS if details.get(name)]
    return [(fields.WRITTEN[name], fields.in_words(name, str(details[name]))) for name in known]
