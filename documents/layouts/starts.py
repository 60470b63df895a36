"""Ready-made columns to begin a template with (docs/documents.md says what is known of accounting software).

The headings are Indonesian whatever language one reads in, for so are the sheets of the software that they go to.
"""

from documents.models.templates import Chosen
from flipdash.histories import History

JOURNAL: dict[str, Chosen] = {
    "money-transfers": [
        ["completed_at", "Tanggal"],
        ["id", "No. Referensi"],
        ["beneficiary_name", "Nama"],
        ["remark", "Keterangan"],
        ["amount", "Nilai"],
        ["fee", "Biaya"],
        ["internal_reference", "No. Bukti"],
    ],
    "international-transfers": [
        ["completed_at", "Tanggal"],
        ["id", "No. Referensi"],
        ["beneficiary_name", "Nama"],
        ["purpose", "Keterangan"],
        ["amount", "Nilai"],
        ["fee", "Biaya"],
        ["currency", "Mata Uang"],
        ["amount_received", "Nilai Mata Uang Asing"],
        ["rate", "Kurs"],
    ],
    "payments": [
        ["paid_at", "Tanggal"],
        ["reference", "No. Referensi"],
        ["sender_name", "Nama"],
        ["title", "Keterangan"],
        ["amount", "Nilai"],
        ["fee", "Biaya"],
        ["settled_amount", "Nilai Bersih"],
    ],
    "deposit": [
        ["created_at", "Tanggal"],
        ["posting__source_id", "No. Referensi"],
        ["posting__kind", "Keterangan"],
        ["went_out", "Debit"],
        ["came_in", "Kredit"],
        ["balance_after", "Saldo"],
    ],
    "top-ups": [
        ["settled_at", "Tanggal"],
        ["id", "No. Referensi"],
        ["bank", "Keterangan"],
        ["credited_amount", "Nilai"],
    ],
}
"""By the history: what a journal or a bank statement of accounting software asks for, of what a transaction has."""


def journal(kind: type[History]) -> Chosen:
    """Return the columns for accounting software, of those that the history has; none where none are known."""
    known = {column.name for column in kind.columns}
    return [[name, heading] for name, heading in JOURNAL.get(kind.name, ()) if name in known]
