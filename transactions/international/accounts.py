"""Which accounts abroad are the same. Only an IBAN stands by itself: elsewhere a number belongs to the bank, or to the
branch, that has it, and another bank has it for somebody else.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import F, OuterRef, Q, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Concat, Lower
from django.db.models.lookups import Exact

BY_THEMSELVES = ("iban", "sort_code", "bsb_number", "ifs_code", "ach_code")
"""The fields of corridors of which one alone says at which bank a number is, the surest first."""


def place_of(details: Mapping[str, str], bank: str) -> str:
    """Return where an account is kept: the code that its corridor asks for, or else its bank's name; and its branch."""
    for name in BY_THEMSELVES:
        if code := details.get(name):
            return code
    bank_code = details.get("swift_bic_code") or details.get("bank_id") or bank.lower()
    return f"{bank_code}/{details.get('branch_number', '')}"


def _place(of: type[F] | type[OuterRef]) -> Combinable:
    """Return the same as `place_of`, of a row of this query or of the outer one."""
    codes = [KeyTextTransform(name, of("details")) for name in BY_THEMSELVES]
    bic, chosen = (KeyTextTransform(name, of("details")) for name in ("swift_bic_code", "bank_id"))
    text = TextField()
    branch = Coalesce(KeyTextTransform("branch_number", of("details")), Value(""), output_field=text)
    bank = Coalesce(bic, chosen, Lower(of("beneficiary_bank")), output_field=text)
    return Coalesce(*codes, Concat(bank, Value("/"), branch, output_field=text), output_field=text)


def same_as(row: Any) -> Q:
    """Return what keeps the transfers to the account of a row."""
    place = Exact(_place(F), Value(place_of(row.details, row.beneficiary_bank), output_field=TextField()))
    return Q(place, country=row.country, account_number=row.account_number)


def same_as_outer() -> Q:
    """Return what keeps the transfers to the account of the row of an outer query."""
    same = {name: OuterRef(name) for name in ("country", "account_number")}
    return Q(Exact(_place(F), _place(OuterRef)), **same)
