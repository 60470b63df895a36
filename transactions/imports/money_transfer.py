"""What another system's file of money transfers looks like, and how its records become transfers."""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _t
from psycopg import sql
from psycopg.errors import UniqueViolation

from flipdash.imports import (
    INCOMING,
    Cleaner,
    Field,
    Import,
    choice,
    digits,
    identifier,
    only_digits,
    register,
    rupiah,
    text,
)
from flipdash.scope import Business
from transactions import destinations
from transactions.models import MoneyTransfer, Status, TransferEvent, Via

FINAL = {
    Status.SUCCESSFUL: ("Successful", "Success", "Completed", "Berhasil", "Sukses", "Selesai"),
    Status.FAILED: ("Failed", "Gagal"),
    Status.CANCELLED: ("Cancelled", "Canceled", "Dibatalkan", "Batal"),
}
NOT_FINAL = (
    *("pending", "pending approval", "waiting", "scheduled", "processing", "in process"),
    *("tertunda", "menunggu", "menunggu persetujuan", "dijadwalkan", "terjadwal", "diproses", "dalam proses"),
)
KINDS = {
    destinations.Kind.BANK: ("Bank", "Bank Account", "Rekening Bank", "Rekening"),
    destinations.Kind.VA: ("VA", "Virtual Account", "Akun Virtual"),
    destinations.Kind.EWALLET: ("E-Wallet", "E Wallet", "EWallet", "Dompet Digital", "Dompet Elektronik"),
}
VIAS = {Via.DASHBOARD: ("Dashboard", "Dasbor"), Via.API: ("API",)}

read_final = choice(FINAL)
find_destination = lru_cache(maxsize=4096)(destinations.find)

ADD = """
WITH added AS (
    INSERT INTO {table} (id, business_id, mode, {columns})
    SELECT next_transaction_id(created_at), %(business)s, %(mode)s, {columns}
    FROM {incoming}
    ORDER BY created_at
    ON CONFLICT (business_id, mode, external_id) DO NOTHING
    RETURNING id, status, created_at, completed_at, maker_name
)
INSERT INTO transactions_transferevent (business_id, mode, transfer_id, kind, at, by, note)
SELECT %(business)s, %(mode)s, added.id, step.kind, step.at, step.by, step.note
FROM added CROSS JOIN LATERAL (VALUES
    (1, %(created)s, created_at, maker_name, ''),
    (2, status, coalesce(completed_at, created_at), '', ''),
    (3, %(imported)s, now(), %(by)s, %(source)s)
) AS step (number, kind, at, by, note)
ORDER BY added.id, step.number
"""
TABLE = MoneyTransfer._meta.db_table
STEPS = 3
"""How many timeline lines each imported transfer gets."""
ATTEMPTS = 5
"""Two transactions of the same second get the same new id once in ten million times; then all get others."""


@register
class MoneyTransferImport(Import):
    """Past money transfers, all of them in a final state."""

    name, title = "money-transfer", _t("Money Transfer")
    model = MoneyTransfer
    key = "external_id"

    def __init__(self, *, business: Business, mode: str, by: str, source: str, now: datetime) -> None:
        super().__init__(business=business, mode=mode, by=by, source=source, now=now)
        self.fields = (
            Field(
                "external_id",
                ("Transaction ID", "ID Transaksi", "External ID"),
                identifier(_most("external_id")),
                example="TRX-0001",
            ),
            Field("status", ("Status",), final_status, example="Successful"),
            Field(
                "destination_kind", ("Destination Type", "Tipe Tujuan", "Jenis Tujuan"), choice(KINDS), example="Bank"
            ),
            Field("bank", ("Bank", "Bank Tujuan", "Bank/E-Wallet", "Destination"), str.strip, example="bca"),
            Field(
                "account_number",
                ("Account Number", "Nomor Rekening", "No. Rekening", "Rekening Tujuan"),
                digits(_most("account_number"), plus=True),
                example="0012345678",
            ),
            Field(
                "beneficiary_name",
                ("Beneficiary Name", "Nama Penerima", "Penerima"),
                _text("beneficiary_name"),
                example="Siti Rahmawati",
            ),
            Field("amount", ("Amount", "Jumlah", "Nominal"), positive_rupiah, example="1250000"),
            Field("fee", ("Fee", "Biaya", "Biaya Admin"), rupiah, empty=0, example="2500"),
            Field(
                "remark",
                ("Remark", "Remarks", "Keterangan", "Berita", "Catatan"),
                _text("remark"),
                empty="",
                example="Invoice 0042",
            ),
            Field(
                "maker_name",
                ("Maker Name", "Maker", "Created By", "Dibuat Oleh", "Nama Pembuat"),
                _text("maker_name"),
                example="Ratna Sari",
            ),
            Field(
                "via",
                ("Created From", "Created Via", "Dibuat Dari", "Dibuat Melalui"),
                choice(VIAS),
                example="Dashboard",
            ),
            Field(
                "created_at",
                ("Created Date", "Created At", "Tanggal Dibuat"),
                self.dates,
                example="2025-10-01 10:00:00",
            ),
            Field(
                "completed_at",
                ("Completed Date", "Completed At", "Tanggal Selesai"),
                self.dates,
                empty=None,
                example="2025-10-01 10:03:00",
            ),
            _optional("internal_reference", "Internal Reference", "Referensi Internal"),
            _optional("approved_by", "Approved By", "Disetujui Oleh"),
            _optional("bank_reference", "Bank Reference", "Referensi Bank"),
        )

    def check(self, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Check what cells say together: the bank and account of a kind, the end after the beginning."""
        yield from _check_bank(values)
        yield from _check_account(values)
        yield from _check_completed(values)

    def store(self) -> int:
        """Add the transfers that aren't there yet, each with its timeline, and return how many were added."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with transaction.atomic():
                    return self._add()
            except IntegrityError as problem:
                if attempt == ATTEMPTS or not _is_id_taken(problem):
                    raise
        return 0

    def _add(self) -> int:
        columns = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        with connection.cursor() as cursor:
            cursor.execute(
                sql.SQL(ADD).format(table=sql.Identifier(TABLE), columns=columns, incoming=INCOMING), self._parameters()
            )
            return cursor.rowcount // STEPS

    def _parameters(self) -> dict[str, Any]:
        return {
            "business": self.business.pk,
            "mode": self.mode,
            "created": TransferEvent.Kind.CREATED,
            "imported": TransferEvent.Kind.IMPORTED,
            "by": self.by,
            "source": self.source,
        }


def _is_id_taken(problem: IntegrityError) -> bool:
    cause = problem.__cause__
    return isinstance(cause, UniqueViolation) and cause.diag.constraint_name == f"{TABLE}_pkey"


def final_status(cell: str) -> Status:
    """Return the final state that a word means; a state in which money still moves is refused."""
    if " ".join(cell.split()).casefold() in NOT_FINAL:
        raise ValueError(_("is not a final state; an import brings past transactions"))
    return read_final(cell)


def positive_rupiah(cell: str) -> int:
    """Return an amount of at least one rupiah."""
    if amount := rupiah(cell):
        return amount
    raise ValueError(_("the amount must be more than zero"))


def _check_bank(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind, word = values.get("destination_kind"), values.get("bank")
    if kind is None or word is None:
        return
    values["bank"] = find_destination(word, kind)
    if values["bank"] is None:
        yield "bank", _("is not known as a destination of the type %(kind)s") % {"kind": KINDS[kind][0]}


def _check_account(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind, account = values.get("destination_kind"), values.get("account_number")
    if kind is None or account is None:
        return
    if kind == destinations.Kind.EWALLET:
        values["account_number"] = account = re.sub(r"^\+?62", "0", account)
        if account.startswith("8"):
            yield "account_number", _("a spreadsheet has removed the first 0; export the column as text")
        elif not re.fullmatch(r"08[0-9]{7,14}", account):
            yield "account_number", _("is not a phone number, as an e-wallet has; write it as 0812…")
    if account.startswith("+"):
        yield "account_number", only_digits()


def _check_completed(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "completed_at" not in values:
        return
    completed, created = values["completed_at"], values.get("created_at")
    if completed is None and values.get("status") == Status.SUCCESSFUL:
        yield "completed_at", _("is empty, while the transfer is successful")
    if completed and created and completed < created:
        yield "completed_at", _("is before the Created Date")


def _most(name: str) -> int:
    return getattr(MoneyTransfer._meta.get_field(name), "max_length", None) or 0


def _text(name: str) -> Cleaner:
    return text(_most(name), lines=name == "remark")


def _optional(name: str, *headers: str) -> Field:
    return Field(name, headers, _text(name), required=False, empty="")
