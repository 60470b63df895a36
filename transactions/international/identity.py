"""Who a person is, kept sealed: the numbers of identity documents, and where and when somebody was born.

The other fields of a corridor lie in `details`; these in `sealed_details`, one sealed text for a row, which opens in
that row alone. They are opened for the rail, and for the form of somebody who pays once more; pages show the end of a
number alone (decision 0109).
"""

import json
import logging
from collections.abc import Mapping, Sequence

from flipdash import events, resealing, sealing
from flipdash.actors import Actor
from flipdash.scope import Scope
from transactions.models import BeneficiaryAbroad, InternationalTransfer

log = logging.getLogger(__name__)

NUMBERS = ("id_number", "sender_identity_number")
SEALED = (*NUMBERS, "sender_place_of_birth", "sender_date_of_birth")
SHOWN = 4
"""How many characters of a number are shown: its last ones, of one that has twice as many."""


def keep(row: BeneficiaryAbroad | InternationalTransfer, details: Mapping[str, str]) -> None:
    """Put the fields of a corridor into a row: those that lie open, and the sealed ones.

    What says which row it is has to be there already: a transfer's form key, a beneficiary's account.
    """
    secret = {name: details[name] for name in SEALED if details.get(name)}
    row.details = {name: value for name, value in details.items() if name not in SEALED}
    row.sealed_details = sealing.seal(json.dumps(secret), _bound_to(row)) if secret else ""


def opened(row: BeneficiaryAbroad | InternationalTransfer) -> dict[str, str]:
    """Return all fields of a row's corridor. Raises Unsealable where the key is gone, or it is another row's text."""
    return {**row.details, **secret_of(row)}


def secret_of(row: BeneficiaryAbroad | InternationalTransfer) -> dict[str, str]:
    """Return the sealed fields of a row's corridor. Raises Unsealable where the key is gone."""
    return json.loads(sealing.unseal(row.sealed_details, _bound_to(row))) if row.sealed_details else {}


def typed(row: BeneficiaryAbroad | InternationalTransfer) -> dict[str, str]:
    """Return all fields of a row's corridor for a form that begins with them; without those whose key is gone."""
    try:
        return opened(row)
    except sealing.Unsealable:
        log.exception("Identity numbers can't be opened")
        return dict(row.details)


def begins_with(scope: Scope, row: BeneficiaryAbroad | InternationalTransfer) -> dict[str, str]:
    """Return all fields of a row's corridor for a form that begins with them; who opened a colleague's is told."""
    if isinstance(row, InternationalTransfer):
        kind, by, name = "international.opened", row.maker, row.beneficiary_name
    else:
        kind, by, name = "beneficiary-abroad.opened", Actor.of(row, "saver"), row.name
    if row.sealed_details and by != scope.actor:
        events.record(scope, kind, row, beneficiary=name)
    return typed(row)


def shown(row: InternationalTransfer) -> dict[str, str]:
    """Return all fields of a row's corridor as pages show them."""
    return hidden(typed(row))


def hidden(details: Mapping[str, str]) -> dict[str, str]:
    """Return fields of a corridor as pages show them: of who somebody is, no more than the end of a number."""
    return {name: masked(name, value) if name in SEALED else value for name, value in details.items()}


def masked(name: str, value: str) -> str:
    """Return what a page shows of a sealed field."""
    ending = value[-SHOWN:] if name in NUMBERS and len(value) >= 2 * SHOWN else ""
    return f"••••{ending}"


ROWS: Mapping[type, Sequence[str]] = {
    InternationalTransfer: ("business_id", "mode", "made_key"),
    BeneficiaryAbroad: ("business_id", "mode", "country", "transfer_kind", "account_number", "place"),
}
"""What says which row of a table one is, before it is written and for ever: it is unique, and never changes."""


def _bound_to(row: BeneficiaryAbroad | InternationalTransfer) -> str:
    known = [getattr(row, name) for name in ROWS[type(row)]]
    if None in known:
        raise ValueError("nothing is sealed for a row that nothing tells from others")
    return json.dumps([f"{row._meta.db_table}.sealed_details", *map(str, known)])


for _name, _model in (
    ("Identity numbers of transfers abroad", InternationalTransfer),
    ("Identity numbers of beneficiaries abroad", BeneficiaryAbroad),
):
    resealing.PLACES.append(resealing.Place(_name, _model, "sealed_details", _bound_to))
