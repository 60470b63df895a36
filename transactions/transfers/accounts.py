"""What an account number must look like at its destination, and how much it takes."""

import re

from django.utils.translation import gettext as _

from flipdash import money
from transactions.destinations import NAMES, Kind

LEAST = 10_000  # rupiah
MOST: dict[str, int] = {Kind.BANK: 1_000_000_000, Kind.VA: 1_000_000_000, Kind.EWALLET: 20_000_000}  # rupiah

LENGTHS: dict[str, tuple[int, ...]] = {
    "bca": (10,),
    "mandiri": (13,),
    "bri": (15,),
    "bni": (10,),
    "permata": (10,),
    "cimb": (12, 13, 14),
    "btn": (16,),
}
"""How many digits the accounts of a bank have, where its own rules are known."""
SHORTEST, LONGEST = 6, 20
"""Of all others."""
PHONE = re.compile(r"08[0-9]{8,12}")
BETWEEN = re.compile(r"[\s.\-]+")
"""What people write between groups of digits."""


class WrongAccount(ValueError):
    """The number can't be one at this destination; the message says why, in words for people."""


class WrongAmount(ValueError):
    """The destination doesn't take this amount; the message says why, in words for people."""


def clean_account(kind: str, bank: str, written: str) -> str:
    """Return the digits of an account number as they are kept; raises WrongAccount. Nothing is guessed."""
    digits = BETWEEN.sub("", written)
    if kind == Kind.EWALLET:
        return _clean_phone(digits)
    if not re.fullmatch(r"[0-9]+", digits):
        raise WrongAccount(_("An account number has digits only."))
    lengths = LENGTHS.get(bank) if kind == Kind.BANK else None
    if lengths and len(digits) not in lengths:
        raise WrongAccount(_wrong_length(bank, lengths, len(digits)))
    if not lengths and not SHORTEST <= len(digits) <= LONGEST:
        words = {"least": SHORTEST, "most": LONGEST, "count": len(digits)}
        raise WrongAccount(_("This has %(count)d digits; an account number has %(least)d to %(most)d.") % words)
    return digits


def check_amount(kind: str, amount: int) -> None:
    """Raise WrongAmount unless that many rupiah can be sent at once to such an account."""
    if amount < LEAST:
        raise WrongAmount(_("The smallest transfer is %s.") % money.rupiah(LEAST))
    if amount > MOST[kind]:
        raise WrongAmount(_("The largest transfer is %s. Send it in parts.") % money.rupiah(MOST[kind]))


def _clean_phone(digits: str) -> str:
    local = re.sub(r"^\+?62(?=8)", "0", digits)
    if not PHONE.fullmatch(local):
        raise WrongAccount(_("An e-wallet’s account is a phone number: write it as 0812…"))
    return local


def _wrong_length(bank: str, lengths: tuple[int, ...], count: int) -> str:
    wanted = f"{lengths[0]}" if len(lengths) == 1 else f"{lengths[0]}–{lengths[-1]}"
    words = {"bank": NAMES[bank], "wanted": wanted, "count": count}
    return _("An account at %(bank)s has %(wanted)s digits; this has %(count)d.") % words
