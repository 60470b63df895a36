"""What a callback tells of a transfer abroad, in the words of the API (reference/flip-api.md §6.4)."""

from collections.abc import Mapping, Sequence
from typing import Any

from developer.callbacks import outbox
from developer.models import CallbackEvent
from developer.times import moment
from flipdash import events
from flipdash.scope import Scope
from transactions.corridors import CORRIDORS, FROM_BUSINESSES
from transactions.models import InternationalTransfer, Status, Via
from transactions.outgoing import rejecting
from transactions.reasons import Reason

NOT_SET = "(not set)"
REASONS: Mapping[str, str] = {
    Reason.ACCOUNT_NOT_FOUND: "INVALID_BENEFICIARY",
    Reason.ACCOUNT_CLOSED: "INVALID_BENEFICIARY",
    Reason.ACCOUNT_BLOCKED: "INVALID_BENEFICIARY",
    Reason.ACCOUNT_NOT_VERIFIED: "UNSUPPORTED_BENEFICIARY",
    Reason.DETAILS_WRONG: "INVALID_BENEFICIARY_DETAILS",
    Reason.LIMIT_EXCEEDED: "LIMITATIONS_ON_TRANSACTION_VALUE",
    Reason.COMPLIANCE: "COMPLIANCE_REASON",
    Reason.ENTERED_TWICE: "DUPLICATED_TRANSACTION",
    Reason.BANK_REFUSED: "REFUSED",
}
"""The API's words for ours; CANCELLED for all others."""
STATUSES: Mapping[str, str] = {
    Status.SUCCESSFUL: "DONE",
    Status.FAILED: "CANCELLED",
    Status.CANCELLED: "CANCELLED",
}
BENEFICIARY = (
    *("id_number", "id_expiration_date", "email", "msisdn", "nationality", "province", "city", "address"),
    *("postal_code", "relationship", "iban", "swift_bic_code", "sort_code", "ifs_code", "bsb_number"),
    *("branch_number", "document_reference_number", "registration_number", "ach_code"),
)
SENDER = (
    *("name", "place_of_birth", "date_of_birth", "address", "identity_type", "identity_number", "country", "job"),
    *("email", "city", "phone_number"),
)
PURPOSES = {"goods": "PURCHASE_OF_GOODS", "services": "PAYMENT_FOR_SERVICES", "salary": "SALARY_PAYMENT"}
ACTS = ("successful", "failed", "cancelled", "rejected", "expired")


def tell_many_international(told: Sequence[events.Event]) -> None:
    """Tell how many transfers abroad ended."""
    outbox.tell_all(told, CallbackEvent.INTERNATIONAL, "international_transfer", as_international)


@events.on(*(f"international.{act}" for act in ACTS), of_many=tell_many_international)
def tell_international(told: events.Event) -> None:
    """Tell how a transfer abroad ended."""
    tell_many_international([told])


@rejecting.on_many
def tell_rejected(scope: Scope, kind: str, rows: Sequence[Any]) -> None:
    """Tell of each that was rejected with others, as of one alone."""
    abroad = [events.Event(scope, kind, row, {}) for row in rows if isinstance(row, InternationalTransfer)]
    tell_many_international(abroad)


def as_international(row: InternationalTransfer) -> dict[str, Any]:
    """Return a transfer abroad as the API writes it; floats are what its documents print.

    What says who a person is stays sealed, and null here: callbacks are kept as they were sent (decision 0109).
    """
    rules, status = CORRIDORS.get(row.country), STATUSES.get(row.status, "PENDING")
    details = row.details
    return {
        "id": row.pk,
        "user_id": row.maker_id or 0,
        "company_id": row.business_id,
        "exchange_rate": float(row.rate or 0),
        "fee": row.fee,
        "amount": row.amount,
        "beneficiary_amount": float(row.amount_received),
        "source_country": "IDN",
        "destination_country": rules.iso_code if rules else row.country,
        "beneficiary_currency_code": row.currency,
        "transaction_type": row.transfer_kind,
        "status": status,
        "timestamp": moment(row.created_at),
        "time_served": moment(row.completed_at) if row.completed_at else NOT_SET,
        "created_from": "API" if row.via == Via.API else "Dashboard",
        "receipt": "",
        "idempotency_key": "",
        "reason": (REASONS.get(row.reason, "CANCELLED") if status == "CANCELLED" else ""),
        "beneficiary": {
            "full_name": row.beneficiary_name,
            "bank_account_number": row.account_number,
            "bank": row.beneficiary_bank,
            "country": rules.iso_code if rules else row.country,
            "source_of_funds": row.source_of_funds.upper(),
            "remittance_purpose": PURPOSES.get(row.purpose, row.purpose.upper()),
            **{name: details.get(name) for name in BENEFICIARY},
        },
        "sender": None
        if row.transfer_kind in FROM_BUSINESSES or not row.transfer_kind
        else {name: details.get(f"sender_{name}") for name in SENDER},
    }
