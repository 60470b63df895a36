"""Whom a business pays abroad again and again: saved with a transfer, and told of when something changes."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from django.db import transaction

from accounts.permissions import Permission
from accounts.rights import ask_again
from flipdash import clock, events
from flipdash.scope import Scope
from transactions.international import accounts, identity
from transactions.international.quotes import Wanted
from transactions.models import BeneficiaryAbroad, InternationalTransfer

ABOUT_THE_PAYMENT = "document_reference_number"
"""The field of a corridor that is about one payment, and not about whom it pays."""


class Draft(Protocol):
    """What is saved of what a person wants to send (services.Draft)."""

    @property
    def wanted(self) -> Wanted: ...
    @property
    def account_number(self) -> str: ...
    @property
    def beneficiary_bank(self) -> str: ...
    @property
    def beneficiary_name(self) -> str: ...
    @property
    def details(self) -> Mapping[str, str]: ...


def save(scope: Scope, draft: Draft) -> BeneficiaryAbroad:
    """Save whom a draft pays, or renew what is known of who is saved. Raises NotAllowed."""
    with transaction.atomic():
        ask_again(scope, Permission.CREATE_TRANSACTIONS)
        account = {
            "country": draft.wanted.corridor.country,
            "transfer_kind": draft.wanted.kind,
            "account_number": draft.account_number,
            "place": accounts.place_of(draft.details, draft.beneficiary_bank),
        }
        told = BeneficiaryAbroad(business_id=scope.business.pk, mode=scope.mode, **account)
        identity.keep(told, _about_beneficiary(draft))
        known = {
            "bank": draft.beneficiary_bank,
            "name": draft.beneficiary_name,
            "details": told.details,
            "sealed_details": told.sealed_details,
        }
        rows = BeneficiaryAbroad.objects.visible_to(scope).select_for_update()
        before = rows.filter(**account).first()
        was = before and (before.name, before.bank, identity.typed(before))
        saved, is_new = BeneficiaryAbroad.objects.update_or_create(
            business_id=scope.business.pk,
            mode=scope.mode,
            **account,
            defaults=known,
            create_defaults={**known, **scope.actor.columns("saver")},
        )
        if is_new:
            events.record(scope, "beneficiary-abroad.saved", saved, **_told(saved))
        elif was and was != (saved.name, saved.bank, identity.typed(saved)):
            events.record(scope, "beneficiary-abroad.changed", saved, **_told(saved), name_before=was[0])
    return saved


def _about_beneficiary(draft: Draft) -> dict[str, str]:
    """Return the fields that are saved: not those of who pays, nor of one document."""
    return {
        name: value
        for name, value in draft.details.items()
        if not name.startswith("sender_") and name != ABOUT_THE_PAYMENT
    }


def _told(saved: BeneficiaryAbroad) -> dict[str, Any]:
    return {"beneficiary": saved.name, "beneficiary_bank": saved.bank, "account_number": saved.account_number}


def note_paid(rows: Sequence[InternationalTransfer]) -> None:
    """Note when the saved beneficiaries of some transfers of a business were last paid."""
    saved = BeneficiaryAbroad.objects.filter(business_id=rows[0].business_id, mode=rows[0].mode)
    for row in rows:
        account = {"country": row.country, "account_number": row.account_number, "transfer_kind": row.transfer_kind}
        place = accounts.place_of(row.details, row.beneficiary_bank)
        saved.filter(place=place, **account).update(paid_at=clock.now())
