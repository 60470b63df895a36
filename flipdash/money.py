"""Money as people write it: rupiah are read into whole numbers, and all is written in the reader's language."""

import re
from decimal import Decimal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from flipdash import world

MOST_DIGITS = 15
"""More than any amount of money; a spreadsheet keeps no more digits than this either."""

CURRENCY = re.compile(r"(?:rp\.?|idr)\s*", re.IGNORECASE)
PLAIN = re.compile(r"([0-9]+)(?:[.,]0{1,2}|,-)?")
DOTS = re.compile(r"([1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,0{1,2}|,-)?")
COMMAS = re.compile(r"([1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.0{1,2})?")
EXPONENT = re.compile(r"[0-9]+(?:[.,][0-9]+)?e[+-]?[0-9]+", re.IGNORECASE)
SIGNED = re.compile(r"[+\-−–(].*[0-9]")
DECIMALS = re.compile(r"[0-9]+(?:[.,][0-9]{3})*[.,][0-9]{1,2}")

SEPARATORS = {"id": "."}
DECIMAL_POINTS = {"id": ","}


class NotAnAmount(ValueError):
    """A text that isn't an amount of rupiah; the message says why, in words for people."""


def parse_rupiah(text: str) -> int:
    """Return the amount that a person or a file wrote: "1250000" and "Rp1.250.000" are one.

    Groups are of three digits with one kind of separator, decimals are zeros (or ",-"). Nothing is guessed:
    whatever could mean two amounts, or has a sign or an exponent, raises NotAnAmount.
    """
    if not isinstance(text, str):
        raise NotAnAmount(_("an amount is a text of digits"))
    written = text.strip()
    written = written[found.end() :] if (found := CURRENCY.match(written)) else written
    for pattern in (PLAIN, DOTS, COMMAS):
        if found := pattern.fullmatch(written):
            digits = re.sub(r"[.,]", "", found[1])
            if len(digits) > MOST_DIGITS:
                raise NotAnAmount(_("an amount has at most %(most)d digits") % {"most": MOST_DIGITS})
            return int(digits)
    raise NotAnAmount(_why_not(written))


def _why_not(written: str) -> str:
    if not written:
        return _("no amount is given")
    if EXPONENT.fullmatch(written):
        return _("a spreadsheet has shortened this number; export the column as text")
    if SIGNED.match(written):
        return _("an amount has no sign")
    if DECIMALS.fullmatch(written):
        return _("rupiah have no decimals, and thousands are groups of three digits")
    return _("this is not an amount; write it as 1250000, 1.250.000 or Rp1.250.000")


def rupiah(amount: int, language: str | None = None) -> str:
    """Return the amount as it is shown: "Rp1.240.500" in Indonesian, "Rp1,240,500" in English."""
    return f"{_minus(amount)}Rp{_grouped(amount, language)}"


def with_sen(amount: Decimal | int, language: str | None = None) -> str:
    """Return an amount with its sen where it has some: "Rp1,234.56", "Rp5,000,417"."""
    value = Decimal(amount)
    if value == value.to_integral_value():
        return rupiah(int(value), language)
    return f"{_minus(value)}Rp{decimal(abs(value).quantize(Decimal('0.01')), language)}"


def moved(amount: int, language: str | None = None) -> str:
    """Return what came in or went out, with its sign before it: "+Rp5,000,417" or "−Rp85,000"."""
    return f"{'+' if amount > 0 else ''}{rupiah(amount, language)}"


def number(n: int, language: str | None = None) -> str:
    """Return a count with its thousands grouped as the language does."""
    return f"{_minus(n)}{_grouped(n, language)}"


def decimal(n: Decimal, language: str | None = None) -> str:
    """Return the figure with all its decimals: "1.250,50" in Indonesian, "1,250.50" in English."""
    whole, _point, fraction = f"{abs(n):f}".partition(".")
    written = f"{_minus(n)}{_grouped(int(whole), language)}"
    return f"{written}{DECIMAL_POINTS.get(_language(language), '.')}{fraction}" if fraction else written


def foreign(amount: Decimal, currency: str, language: str | None = None) -> str:
    """Return an amount in another currency, with that currency's decimals: "SGD 1,250.50", "JPY 98,000"."""
    return f"{currency} {decimal(world.in_currency(amount, currency), language)}"


def _minus(n: int | Decimal) -> str:
    return "−" if n < 0 else ""


def _grouped(n: int, language: str | None) -> str:
    return f"{abs(n):,}".replace(",", SEPARATORS.get(_language(language), ","))


def _language(language: str | None) -> str:
    return (language or get_language() or "en").partition("-")[0]
