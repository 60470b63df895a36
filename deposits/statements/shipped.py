"""The layouts that come with FlipDash, each with how sure we are of it (docs/top-ups.md)."""

from typing import Final

from deposits.banks import Bank
from deposits.statements.declaration import Confidence, Declaration

NAME = r"(?P<name>\S(?:.*?\S)?)"
"""A sender's name, without blanks around it."""

BCA_SENDERS: Final = (
    rf"TRSF E-BANKING CR\s+(?P<dd>\d\d)(?P<mm>\d\d)/FTSCY/WS\d+\s+[\d.,]+\.00\s*(?:\S.*\s{{2,}})?{NAME}\s*",
    r"(?:BI-FAST|SWITCHING) CR\s+(?:TANGGAL\s*:(?P<dd>\d\d)/(?P<mm>\d\d)\s+)?(?:BIF\s+)?TRANSFER\s+DR\s+(?P<bank>\d{3})"
    rf"\s+{NAME}\s*",
    r"KR OTOMATIS LLG-(?:BANK )?(?:OCBC NISP|CIMB NIAGA|BANK \w+|\w+)\s+(?P<name>\S.*?)(?:\s{2,}.*)?",
)
MANDIRI_SENDERS: Final = (
    rf".*\bDARI {NAME}(?:\s+Transfer Fee.*|\s{{2,}}.*)?\s*",
    r"(?:.*?(?P<ref>\d{8}[A-Z]{6,8}\d{3}O?\d{10,14})\s+|.*?\b)(?P<bank>[A-Z]{6}[A-Z0-9]{1,2})/(?P<name>\S.*?)(?:\s{2,}.*)?\s*",
)
BRI_SENDERS: Final = (
    r".*Transfer Dari (?P<name>.+?) via BRImo\s*",
    rf".*Transfer BI-Fast dari (?P<bank>.+?) - {NAME}\s*",
    r"RTGS#(?P<name>.+?) RTGS STP.*",
    r"(?:NBMB|IBIZ) (?P<name>.+?) TO .*",
)
BNI_SENDERS: Final = (
    rf".*PEMINDAHAN DARI \d+ \| 0+ \| {NAME}\s*",
    r".*PEMINDAHAN DARI \d+ (?P<name>[^|]+?)\s*(?:\|.*)?",
    rf"SETOR TUNAI \| {NAME}\s*",
)

DECLARATIONS: Final = (
    Declaration(
        "bca-individual", Bank.BCA, "KlikBCA Individual", Confidence.HIGH,
        header=("Date|Tanggal", "Description|Keterangan", "Branch|Cabang", "Amount|Jumlah", "", "Balance|Saldo"),
        styles=("DD/MM/YYYY", "DD/MM"), date="Date", text=("Description",), amount="Amount",
        balance="Balance", unquoted="Description", ends_with_balance=True, files="text", senders=BCA_SENDERS,
    ),
    Declaration(
        "bca-bisnis", Bank.BCA, "KlikBCA Bisnis", Confidence.HIGH,
        header=("Tanggal Transaksi", "Keterangan", "Cabang", "Jumlah", "?Saldo"),
        styles=("DD/MM/YYYY",), date="Tanggal Transaksi", text=("Keterangan",), amount="Jumlah", balance="Saldo",
        period_year=True, ends_with_balance=True, files="text", senders=BCA_SENDERS,
    ),
    Declaration(
        "bca-bisnis-older", Bank.BCA, "KlikBCA Bisnis (older)", Confidence.HIGH,
        header=("Tanggal Transaksi", "Keterangan", "Cabang", "Jumlah", "", "Saldo"),
        styles=("DD/MM",), date="Tanggal Transaksi", text=("Keterangan",), amount="Jumlah", balance="Saldo",
        period_year=True, ends_with_balance=True, files="text", senders=BCA_SENDERS,
    ),
    Declaration(
        "bca-saved-again", Bank.BCA, "KlikBCA, saved again in Excel", Confidence.MEDIUM,
        header=("Tanggal Transaksi|Tanggal|Date", "Keterangan|Description", "Cabang|Branch", "Jumlah|Amount", "?",
                "?Saldo|Balance"),
        styles=("DD/MM/YYYY", "YYYY-MM-DD", "DD/MM", "D-MON"), date="Tanggal Transaksi", text=("Keterangan",),
        amount="Jumlah", balance="Saldo", decimal="", period_year=True, files="workbook", senders=BCA_SENDERS,
    ),
    Declaration(
        "mandiri-kopra", Bank.MANDIRI, "Kopra (MCM 2.0)", Confidence.HIGH,
        header=("AccountNo", "Ccy", "PostDate", "Remarks", "AdditionalDesc", "Credit Amount", "Debit Amount",
                "Close Balance"),
        styles=("D MONTH YYYY",), date="PostDate", text=("Remarks", "AdditionalDesc"), credit="Credit Amount",
        debit="Debit Amount", balance="Close Balance", account="AccountNo", senders=MANDIRI_SENDERS,
    ),
    Declaration(
        "mandiri-mcm", Bank.MANDIRI, "MCM / Internet Bisnis", Confidence.HIGH,
        header=("Account No", "Date", "Val. Date", "Transaction Code", "Description", "Description", "Reference No.",
                "Debit", "Credit"),
        styles=("DD/MM/YY",), date="Date", value_date="Val. Date", text=("Description", "Description#2"),
        credit="Credit", debit="Debit", account="Account No", reference="Reference No.", senders=MANDIRI_SENDERS,
    ),
    Declaration(
        "mandiri-workbook", Bank.MANDIRI, "Rincian Transaksi (workbook)", Confidence.MEDIUM,
        header=("Tgl.", "Tgl. Val.", "Rincian Transaksi", "No. Referensi", "Debit", "Kredit", "Saldo", "Branch Code"),
        styles=("DD/MM/YYYY", "YYYY-MM-DD"), date="Tgl.", value_date="Tgl. Val.", text=("Rincian Transaksi",),
        credit="Kredit", debit="Debit", balance="Saldo", senders=MANDIRI_SENDERS,
    ),
    Declaration(
        "bri-cms", Bank.BRI, "CMS / BRImo", Confidence.HIGH,
        header=("ID", "NOREK", "TGL_TRAN", "TGL_EFEKTIF", "JAM_TRAN", "SEQ", "DESK_TRAN", "SALDO_AWAL_MUTASI",
                "MUTASI_DEBET|MUTASI_DEBIT", "MUTASI_KREDIT|MUTASI_CREDIT", "SALDO_AKHIR_MUTASI", "GLSIGN", "TRUSER",
                "?KODE_TRAN", "KODE_TRAN_TELLER", "TRREMK", "TLBDS1", "TLBDS2", "?REMARK_CUSTOM"),
        styles=("YYYY-MM-DD", "DD/MM/YYYY"), date="TGL_TRAN", value_date="TGL_EFEKTIF",
        text=("DESK_TRAN", "REMARK_CUSTOM"), credit="MUTASI_KREDIT", debit="MUTASI_DEBET",
        balance="SALDO_AKHIR_MUTASI", account="NOREK", reference="SEQ", senders=BRI_SENDERS,
    ),
    Declaration(
        "bni-direct", Bank.BNI, "BNI Direct (.csv)", Confidence.HIGH,
        header=("Post Date", "Value Date", "Branch", "Journal No.", "Description", "Debit", "Credit", ""),
        styles=("DD/MM/YY",), date="Post Date", value_date="Value Date", text=("Description",), credit="Credit",
        debit="Debit", reference="Journal No.", senders=BNI_SENDERS,
    ),
    Declaration(
        "bni-direct-xls", Bank.BNI, "BNI Direct, Account Statement (.xls)", Confidence.MEDIUM,
        header=("Posting Date", "Effective Date", "Branch", "Journal", "Transaction Description", "Amount", "DB/CR",
                "Balance"),
        styles=("YYYY-MM-DD", "DD/MM/YYYY", "DD/MM/YY"), date="Posting Date", value_date="Effective Date",
        text=("Transaction Description",), amount="Amount", sign="DB/CR", balance="Balance", reference="Journal",
        compact=True, senders=BNI_SENDERS,
    ),
    Declaration(
        "bni-workbook", Bank.BNI, "Rekening koran (workbook)", Confidence.MEDIUM,
        header=("No.", "Tanggal Kirim", "Cabang", "Journal No.", "Deskripsi", "Amount", "Db/Cr", "Balance"),
        styles=("DD/MM/YYYY", "YYYY-MM-DD"), date="Tanggal Kirim", text=("Deskripsi",), amount="Amount", sign="Db/Cr",
        balance="Balance", reference="Journal No.", senders=BNI_SENDERS,
    ),
    Declaration(
        "ocbc-velocity", "", "OCBC Velocity (workbook)", Confidence.MEDIUM,
        header=("Transaction Date", "Value Date", "Reference No.", "Cheque No.", "Description", "Debit", "Credit",
                "Balance"),
        styles=("DD/MM/YYYY", "YYYY-MM-DD"), date="Transaction Date", value_date="Value Date", text=("Description",),
        credit="Credit", debit="Debit", balance="Balance", reference="Reference No.",
    ),
)  # fmt: skip
MT940 = "mt940"
"""The key of SWIFT's statements, which are the same at all banks."""
MT940_SENDERS: Final = {str(Bank.MANDIRI): MANDIRI_SENDERS, str(Bank.BRI): BRI_SENDERS, str(Bank.BNI): BNI_SENDERS,
                        str(Bank.BCA): BCA_SENDERS}  # fmt: skip
