"""Countries and currencies as the CLDR has them, by Babel: names in both languages, and a currency's decimals."""

from decimal import Decimal
from functools import cache

from babel import Locale
from babel.numbers import get_currency_precision
from django.utils.translation import get_language

LANGUAGES = ("en", "id")


def country_name(code: str) -> str:
    """Return the name of a country in the active language, by its two letters."""
    return _countries((get_language() or "en").partition("-")[0]).get(code, code)


@cache
def _countries(language: str) -> dict[str, str]:
    return dict(Locale.parse(language).territories)


def find_country(word: str) -> str | None:
    """Return the two letters of a country that is written as these, or as its name in either language."""
    return _codes().get(word.strip().casefold())


@cache
def _codes() -> dict[str, str]:
    names = {code.casefold(): code for code in _countries("en") if len(code) == 2 and code.isalpha()}
    for language in LANGUAGES:
        for code, name in _countries(language).items():
            if code.casefold() in names:
                names.setdefault(name.casefold(), code)
    return names


def is_currency(code: str) -> bool:
    """Return whether three letters are a currency."""
    return code in Locale.parse("en").currencies


@cache
def decimals_of(currency: str) -> int:
    """Return how many decimals an amount in this currency has: 2 for SGD, none for JPY."""
    return get_currency_precision(currency)


def in_currency(amount: Decimal, currency: str) -> Decimal:
    """Return the amount with exactly the decimals of its currency."""
    return amount.quantize(Decimal(1).scaleb(-decimals_of(currency)))
