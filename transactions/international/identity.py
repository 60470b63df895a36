"""Who a person is, kept sealed: the numbers of identity documents, and where and when somebody was born.

The other fields of a corridor lie in `details`; these in `sealed_details`, one sealed text for a row. They are opened
for the rail, and for the form of somebody who pays once more; pages show the end of a number alone (decision 0109).
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from flipdash import resealing, sealing
from transactions.models import BeneficiaryAbroad, InternationalTransfer

log = logging.getLogger(__name__)

NUMBERS = ("id_number", "sender_identity_number")
SEALED = (*NUMBERS, "sender_place_of_birth", "sender_date_of_birth")
SHOWN = 4
"""How many characters of a number are shown: its last ones, of one that has twice as many."""


def kept(details: Mapping[str, str], model: type[BeneficiaryAbroad | InternationalTransfer]) -> dict[str, Any]:
    """Return the fields of a corridor as columns of a row: those that lie open, and the sealed ones."""
    secret = {name: details[name] for name in SEALED if details.get(name)}
    return {
        "details": {name: value for name, value in details.items() if name not in SEALED},
        "sealed_details": sealing.seal(json.dumps(secret), _bind(model)) if secret else "",
    }


def opened(row: BeneficiaryAbroad | InternationalTransfer) -> dict[str, str]:
    """Return all fields of a row's corridor. Raises Unsealable where the key is gone."""
    return {**row.details, **secret_of(row)}


def secret_of(row: BeneficiaryAbroad | InternationalTransfer) -> dict[str, str]:
    """Return the sealed fields of a row's corridor. Raises Unsealable where the key is gone."""
    return json.loads(sealing.unseal(row.sealed_details, _bind(type(row)))) if row.sealed_details else {}


def typed(row: BeneficiaryAbroad | InternationalTransfer) -> dict[str, str]:
    """Return all fields of a row's corridor for a form that begins with them; without those whose key is gone."""
    try:
        return opened(row)
    except sealing.Unsealable:
        log.exception("Identity numbers can't be opened")
        return dict(row.details)


def shown(row: InternationalTransfer) -> dict[str, str]:
    """Return all fields of a row's corridor as pages show them."""
    return {name: masked(name, value) if name in SEALED else value for name, value in typed(row).items()}


def masked(name: str, value: str) -> str:
    """Return what a page shows of a sealed field."""
    ending = value[-SHOWN:] if name in NUMBERS and len(value) >= 2 * SHOWN else ""
    return f"••••{ending}"


def _bind(model: type[BeneficiaryAbroad | InternationalTransfer]) -> str:
    return f"{model._meta.db_table}.sealed_details"


for _name, _model in (
    ("Identity numbers of transfers abroad", InternationalTransfer),
    ("Identity numbers of beneficiaries abroad", BeneficiaryAbroad),
):
    resealing.PLACES.append(resealing.Place(_name, _model, "sealed_details", _bind(_model)))
