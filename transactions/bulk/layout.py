"""What a file of transfers holds: ours, and those that finance people have already (docs/transfers.md).

A new column is a Field here, a column of BulkRow of the same name, and its rule in judging.py.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from flipdash.tables import Field, Layout

MOST_ROWS = 20_000
BRI_ONLY = {"customerreff"}
"""Columns by which a file is known to be BRI's own, which has no bank: all its accounts are BRI's."""


class BulkLayout(Layout):
    """One file of transfers. What its cells mean is judged row by row (judging.py); a wrong row stays."""

    fields = (
        Field(
            "bank",
            *("Bank", "Bank Code", "Bank Name", "Kode Bank", "Nama Bank", "Channel Code", "Receiver Swift Code"),
            *("Rcv Bank Code", "Bank Tujuan", "Destination", "Destination Bank", "Beneficiary Bank"),
            spare=("Rcv Bank Name", "Swift Code", "BIC"),
            example="BCA",
            required=False,
        ),
        Field(
            "account_number",
            *("Account Number", "Account", "Account No", "No. Rekening", "Nomor Rekening", "Rekening"),
            *("Credited Account", "Credited Acc.", "Bank Account Number", "Beneficiary Account", "No Rek"),
            *("Beneficiary Account Number", "Rekening Tujuan", "Nomor Rekening Tujuan"),
            example="0650000777",
        ),
        Field(
            "beneficiary_name",
            *("Beneficiary Name", "Name", "Nama", "Account Holder", "Account Holder Name", "Receiver Name"),
            *("Bank Account Name", "Nama Penerima", "Nama Pemilik Rekening", "Penerima", "Account Owner Name"),
            *("Nama Rekening", "Account Name"),
            example="Ratna Sari Pratiwi",
            required=False,
        ),
        Field(
            "amount",
            *("Amount", "Nominal", "Jumlah", "Transfer Amount", "Jumlah Transfer", "Nominal Transfer", "Nilai"),
            example="1250000",
        ),
        Field(
            "remark",
            *("Remark", "Remark 1", "Note", "Notes", "Berita", "Description", "Keterangan", "Deskripsi", "Catatan"),
            *("Berita Transfer",),
            spare=("Remark 2",),
            example="Gaji November",
            required=False,
        ),
        Field(
            "beneficiary_email",
            *("Beneficiary Email", "Email", "Beneficiary email address", "Email Penerima", "Email Recipient"),
            example="ratna@example.com",
            required=False,
        ),
        Field(
            "internal_reference",
            *("Internal Reference", "Reference ID", "External ID", "Customer Reff", "Transaction ID", "Reference"),
            *("ID Transaksi", "Referensi", "Nomor Referensi", "Idempotency Key"),
            spare=("ID", "NIP", "Referensi Internal"),
            example="PAY-0001",
            required=False,
        ),
        Field("transfer_type", "Transfer Type", "Jenis Transfer", required=False),
    )
    most_records = MOST_ROWS
    is_even = False


FIELDS = tuple(field.name for field in BulkLayout.fields if field.name != "transfer_type")
"""What a person sees and repairs of a row."""
LABELS: dict[str, Any] = {
    "bank": _("Bank"),
    "account_number": _("Account Number"),
    "beneficiary_name": _("Beneficiary Name"),
    "amount": _("Amount"),
    "remark": _("Remark"),
    "beneficiary_email": _("Beneficiary Email"),
    "internal_reference": _("Internal Reference"),
}
