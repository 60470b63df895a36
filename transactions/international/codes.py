"""The numbers by which banks abroad know an account, held to their own rules: each with what is wrong, in words.

What people write between groups is left out; nothing else is guessed. Each raises WrongCode.
"""

import re
from collections.abc import Callable, Mapping

import phonenumbers
from django.utils.translation import gettext as _
from schwifty import BIC, IBAN
from schwifty.exceptions import InvalidChecksumDigits, InvalidLength, SchwiftyException

from flipdash import world
from transactions.corridors import CorridorRules

BETWEEN = re.compile(r"[\s.\-]+")
"""What people write between groups of digits."""


class WrongCode(ValueError):
    """The number can't be one; the message says why, in words for people."""


def _joined(written: str) -> str:
    code = BETWEEN.sub("", written).upper()
    if not re.fullmatch(r"[0-9A-Z]*", code):
        raise WrongCode(_("Write this with the letters A–Z and digits only."))
    return code


def clean_iban(rules: CorridorRules, written: str) -> str:
    """Return an IBAN of the corridor's country without spaces, its check digits proved."""
    code = _joined(written)
    try:
        iban = IBAN(code)
    except InvalidChecksumDigits as problem:
        raise WrongCode(
            _("The check digits of this IBAN are wrong. Compare it with what the beneficiary wrote.")
        ) from (problem)
    except InvalidLength as problem:
        raise WrongCode(_("This IBAN is too long or too short for its country.")) from problem
    except SchwiftyException as problem:
        raise WrongCode(_("This is no IBAN. It begins with two letters of the country and two digits.")) from problem
    _same_country(rules, iban.country_code, _("This IBAN is of %(its)s; the money goes to %(ours)s."))
    return str(iban)


def clean_bic(rules: CorridorRules, written: str) -> str:
    """Return a BIC (SWIFT code) of a bank in the corridor's country."""
    code = _joined(written)
    try:
        bic = BIC(code)
    except SchwiftyException as problem:
        raise WrongCode(_("This is no SWIFT code. It has 8 or 11 letters and digits, such as DBSSSGSG.")) from problem
    _same_country(rules, bic.country_code, _("This SWIFT code is of a bank in %(its)s; the money goes to %(ours)s."))
    return str(bic)


def _same_country(rules: CorridorRules, country: str, said: str) -> None:
    if country != rules.country:
        words = {"its": world.country_name(country), "ours": world.country_name(rules.country)}
        raise WrongCode(said % words)


def clean_sort_code(rules: CorridorRules, written: str) -> str:
    """Return the six digits of a sort code."""
    return _digits(written, 6, _("A sort code has six digits, such as 20-00-00."))


def clean_bsb(rules: CorridorRules, written: str) -> str:
    """Return the six digits of a BSB number."""
    return _digits(written, 6, _("A BSB number has six digits, such as 062-000."))


def clean_ifsc(rules: CorridorRules, written: str) -> str:
    """Return an IFSC: four letters of the bank, a zero, six of the branch."""
    code = _joined(written)
    if not re.fullmatch(r"[A-Z]{4}0[A-Z0-9]{6}", code):
        raise WrongCode(_("An IFSC has four letters, a zero and six letters or digits, such as HDFC0000001."))
    return code


DISTRICTS = (range(13), range(21, 33), range(61, 73), range(80, 81))
"""What the first two digits of a routing number can be."""
WEIGHTS = (3, 7, 1) * 3


def clean_routing_number(rules: CorridorRules, written: str) -> str:
    """Return the nine digits of an ABA routing number, the last of which proves the others."""
    code = _digits(written, 9, _("A routing number has nine digits, such as 021000021."))
    if sum(weight * int(digit) for weight, digit in zip(WEIGHTS, code, strict=True)) % 10:
        raise WrongCode(
            _("The check digit of this routing number is wrong. Compare it with what the beneficiary wrote.")
        )
    if not any(int(code[:2]) in district for district in DISTRICTS):
        raise WrongCode(_("No bank has a routing number that begins with %(digits)s.") % {"digits": code[:2]})
    return code


BRANCH_DIGITS = 3


def clean_branch_number(rules: CorridorRules, written: str) -> str:
    """Return the three digits of a branch, as Japan and Hong Kong write them."""
    return _digits(written, BRANCH_DIGITS, _("A branch number has three digits, such as 001."))


def clean_phone(rules: CorridorRules, written: str) -> str:
    """Return a phone number of the corridor's country with its prefix, such as +60123456789."""
    try:
        number = phonenumbers.parse(written, rules.country)
    except phonenumbers.NumberParseException as problem:
        raise WrongCode(_("This is no phone number. Write it with its country, such as +65 6123 4567.")) from problem
    if not phonenumbers.is_possible_number(number):
        raise WrongCode(_("This is no phone number. Write it with its country, such as +65 6123 4567."))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def clean_account(rules: CorridorRules, written: str) -> str:
    """Return the digits of an account number that is no IBAN, leading zeros and all."""
    least, most = rules.digits
    digits = BETWEEN.sub("", written)
    if not re.fullmatch(r"[0-9]+", digits):
        raise WrongCode(_("An account number there has digits only."))
    if not least <= len(digits) <= most:
        wanted = str(least) if least == most else f"{least}–{most}"
        words = {"country": world.country_name(rules.country), "wanted": wanted, "count": len(digits)}
        raise WrongCode(_("An account number in %(country)s has %(wanted)s digits; this has %(count)d.") % words)
    return digits


def _digits(written: str, count: int, said: str) -> str:
    digits = BETWEEN.sub("", written)
    if not re.fullmatch(rf"[0-9]{{{count}}}", digits):
        raise WrongCode(said)
    return digits


CLEAN: Mapping[str, Callable[[CorridorRules, str], str]] = {
    "iban": clean_iban,
    "swift_bic_code": clean_bic,
    "sort_code": clean_sort_code,
    "bsb_number": clean_bsb,
    "ifs_code": clean_ifsc,
    "ach_code": clean_routing_number,
    "branch_number": clean_branch_number,
    "msisdn": clean_phone,
}
"""What judges a field of a corridor, by its name; the others are lines of text."""
