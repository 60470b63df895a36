"""Reading bank statements: what is wrong is named by line and column, and nothing of such a file is imported."""

from datetime import date, datetime, time
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any

import pytest

from deposits import banks
from deposits.demo import ACCOUNTS
from deposits.models import StatementLine
from deposits.statements import tables
from deposits.statements.declaration import STYLES, Confidence, Declaration, NoDeclaration, fitting
from deposits.statements.files import Refused, open_statement
from deposits.statements.lines import ParsedLine, Said
from deposits.statements.shipped import DECLARATIONS
from tests.deposits.banking import HEAD, again, ask, bca, import_statement, quoted
from tests.workbooks import make_xls, make_xlsx, sheet_xml, xlsx_parts, zipped

TODAY = date(2026, 11, 25)
commits = pytest.mark.django_db(transaction=True, databases=["default", "operator"])


def whole(content: bytes | str, bank: str = "", stored: tuple[Declaration, ...] = ()) -> tuple[list[ParsedLine], Said]:
    with TemporaryFile() as file:
        file.write(content.encode() if isinstance(content, str) else content)
        with open_statement(file, bank, today=TODAY, accounts=ACCOUNTS, stored=stored) as statement:
            return list(statement.lines()), statement.said


def read(content: bytes | str, bank: str = "") -> list[ParsedLine]:
    return whole(content, bank)[0]


def refusal(content: bytes | str, bank: str = "") -> list[Any]:
    with pytest.raises(Refused) as refused:
        read(content, bank)
    return refused.value.faults


def faults(content: bytes | str, bank: str = "") -> list[tuple[int, str]]:
    return [(fault.line, fault.column) for fault in refusal(content, bank)]


# --- The layouts -----------------------------------------------------------------------------------------------------


def test_no_two_layouts_have_one_header():
    """Each with all its optional columns and with none."""
    for declaration in DECLARATIONS:
        full = [name.removeprefix("?").split("|")[0] for name in declaration.header]
        least = [name.split("|")[0] for name in declaration.header if not name.startswith("?")]
        for files in ("text", "workbook"):
            for header in (full, least):
                found = fitting(DECLARATIONS, header, files=files)
                assert len(found) <= 1, [one.key for one in found]
                if declaration.files in ("", files):
                    assert found == [declaration]


def test_each_declaration_survives_being_kept():
    for declaration in DECLARATIONS:
        assert Declaration.from_data(declaration.as_data()) == declaration
        assert declaration.confidence in Confidence.values
        assert set(declaration.styles) <= set(STYLES)
        assert declaration.bank in ("", *banks.NAMES)
    assert len({declaration.key for declaration in DECLARATIONS}) == len(DECLARATIONS)


@pytest.mark.parametrize(
    "change",
    [{"date": "Hari"}, {"amount": "Jumlah", "credit": "Saldo"}, {"amount": ""}, {"styles": ()}, {"styles": ("D/M",)},
     {"decimal": "'"}, {"text": ("Catatan",)}],
)  # fmt: skip
def test_what_can_be_no_layout_is_refused(change):
    data = next(one for one in DECLARATIONS if one.key == "bca-bisnis").as_data()
    with pytest.raises(NoDeclaration):
        Declaration.from_data({**data, **change})


# --- Days, sums, directions ------------------------------------------------------------------------------------------


def row(day="25/11/2026", amount="5,000,417.00 CR", words="TRSF") -> bytes:
    return quoted(
        [[f"No. rekening : {ACCOUNTS['bca']}"], list(HEAD), [day, words, "0000", amount], ["Saldo Akhir : 1"]]
    )


def test_a_line_is_read():
    (line,) = read(row())
    assert (line.booked_on, line.booked_at, line.amount, line.description) == (TODAY, None, Decimal(5_000_417), "TRSF")


@pytest.mark.parametrize(
    "day",
    ["2026-11-25", "11/25/2026", "25/11/26", "31/02/2026", "25/11/2027", "1/11/2026", "25/11/1999", "besok",
     "٢٥/١١/٢٠٢٦", "25/11/2026 x", "25/11/2026 25:00"],
)  # fmt: skip
def test_days_are_not_guessed(day):
    assert faults(row(day=day)) == [(3, "Tanggal Transaksi")]


@pytest.mark.parametrize("day", ["02/12/2026", "25/11/2026"])
def test_a_day_up_to_a_week_ahead_is_taken(day):
    """F9: on a Friday a bank books what it posts on Monday."""
    assert len(read(row(day=day))) == 1


def test_a_day_further_ahead_is_named():
    assert faults(row(day="03/12/2026")) == [(3, "Tanggal Transaksi")]


@pytest.mark.parametrize(
    "amount",
    ["5.000.417 CR", "5.000.417,00 CR", "5e6 CR", "lima juta CR", "50,00,417 CR", "٥٠٠٠ CR", "1" * 17 + " CR",
     "5,000.123 CR", "-5.00 CR", "5.00", "5.00 X", "CR", "5 CRDB"],
)  # fmt: skip
def test_sums_and_directions_are_not_guessed(amount):
    assert faults(row(amount=amount)) == [(3, "Jumlah")]


@pytest.mark.parametrize(
    ("amount", "value"),
    [("5,000,417.00 CR", "5000417"), ("5000417 CR", "5000417"), ("Rp 5,000,417.00 CR", "5000417"), ("1.5 K", "1.5"),
     ("1,234.56 DB", "-1234.56"), ("-1,234.56 DB", "-1234.56"), ("(1,234.56) DB", "-1234.56"), (".50 CR.", ".5")],
)  # fmt: skip
def test_sums_as_banks_write_them(amount, value):
    """F3, F13: sen are kept, and a minus before what went out says nothing new."""
    assert read(row(amount=amount))[0].amount == Decimal(value)


KOPRA = "AccountNo;Ccy;PostDate;Remarks;AdditionalDesc;Credit Amount;Debit Amount;Close Balance"


def kopra(*rows: str, account: str = ACCOUNTS["mandiri"]) -> str:
    return "\n".join([KOPRA, *(f"{account};IDR;{row}" for row in rows)]) + "\n"


@pytest.mark.parametrize("went", ["7500.00", "-7500.00", "(7500.00)", "- 7500.00", "7500.00-"])
def test_a_debit_column_holds_what_went_out_with_or_without_a_minus(went):
    """F13"""
    assert read(kopra(f"25 November 2026 08:00:00;BIAYA;;0.00;{went};1.00"))[0].amount == -7_500


@pytest.mark.parametrize("sums", ["-5.00;0.00", "5.00;5.00"])
def test_a_minus_in_the_column_of_credits_or_two_sums_is_named(sums):
    assert faults(kopra(f"25 November 2026 08:00:00;X;;{sums};1.00")) == [(2, "Credit Amount")]


@pytest.mark.parametrize("zero", ["0.00;0.00", ".00;.00", ";", "0;.00"])
def test_a_line_in_which_nothing_moved_is_skipped_and_counted(zero):
    """F7: a row SALDO AWAL of 0.00 and 0.00."""
    lines, said = whole(kopra(f"25 November 2026 08:00:00;SALDO AWAL;;{zero};5.00"))
    assert (lines, said.skipped) == ([], 1)


@pytest.mark.parametrize("month", ["November", "Nopember", "Nov", "nov", "NOVEMBER"])
def test_months_in_both_languages(month):
    (line,) = read(kopra(f"5 {month} 2026 09:34:53;X;;5.00;0.00;5.00"))
    assert (line.booked_on, line.booked_at) == (date(2026, 11, 5), time(9, 34, 53))


def test_other_months():
    for name, month in {"Maret": 3, "Mei": 5, "Agustus": 8, "Agt": 8, "Okt": 10, "May": 5}.items():
        assert read(kopra(f"5 {name} 2026 09:34:53;X;;5.00;0.00;5.00"))[0].booked_on.month == month
    assert faults(kopra("5 Foo 2026 09:34:53;X;;5.00;0.00;5.00")) == [(2, "PostDate")]


# --- What stands around the table ------------------------------------------------------------------------------------


def test_a_statement_that_breaks_off_counts_nothing_as_right():
    cut = b"\r\n".join(row().split(b"\r\n")[:3])
    assert faults(cut) == [(3, "")]
    assert "breaks off" in refusal(cut)[0].reason
    assert faults(kopra("25 November 2026 09:34:53;X;;5.00")) == [(2, "")]


def test_another_banks_file_is_named():
    (fault,) = refusal(row(), "mandiri")
    assert fault.reason == "this is a file of BCA (KlikBCA Bisnis), and Mandiri was chosen"


def test_a_header_that_nobody_knows_is_named_with_what_is_known():
    (fault,) = refusal("Tanggal,Jumlah,Foo\n25/11/2026,5,x\n", "bca")
    assert "“Tanggal, Jumlah, Foo”" in fault.reason
    assert "KlikBCA Bisnis" in fault.reason
    assert "Kopra" not in fault.reason


@pytest.mark.parametrize("first", ["sep=;\n", "Mutasi Rekening\n\nDicetak 25/11/2026\n"])
def test_lines_above_the_table_are_passed_over(first):
    """F7, F16, F17"""
    (line,) = read(first + kopra("25 November 2026 09:34:53;X;;5.00;0.00;5.00"))
    assert line.line == 2 + first.count("\n")


def test_totals_below_and_page_heads_between():
    """F7"""
    one = "25 November 2026 09:34:53;X;;5.00;0.00;5.00"
    two = "25 November 2026 09:34:53;Y;;7.00;0.00;12.00"
    content = kopra(one) + KOPRA + "\n" + kopra(two).split("\n")[1] + "\n;;;Total;;12.00;0.00;\n;;Dicetak oleh;;;;;\n"
    lines, said = whole(content)
    assert [line.amount for line in lines] == [5, 7]
    assert (said.skipped, said.doubts) == (2, [])


def test_a_sum_without_a_day_is_a_fault_and_not_skipped():
    assert faults(kopra(";X;;5.00;0.00;5.00")) == [(2, "PostDate")]


def test_a_gap_in_the_balances_is_said():
    """F12"""
    lines, said = whole(
        kopra("25 November 2026 09:00:00;X;;5.00;0.00;10.00", "25 November 2026 10:00:00;Y;;1.00;0.00;99.00")
    )
    assert len(lines) == 2
    assert said.doubts == ["Line 3: the balance is Rp99 and should be Rp11; lines may be missing."]


def test_totals_that_differ_are_said():
    content = row() + quoted([["Saldo Awal : 10.00"], ["Mutasi Kredit : 7.00", "2"]])
    _lines, said = whole(content)
    assert said.doubts == [
        "The closing balance is Rp1, and the lines come to Rp5,000,427.",
        "The total of money in is Rp7, and the lines come to Rp5,000,417.",
        "The file says it has 2 such lines, and there are 1.",
    ]


def test_pending_lines_are_counted_and_not_imported():
    """F7"""
    lines, said = whole(row(day="PEND"))
    assert (lines, said.pending) == ([], 1)


def test_dollars_are_no_rupiah():
    assert "in USD" in refusal(quoted([["Kode Mata Uang : USD"]]) + row())[0].reason


INDIVIDUAL = "Date,Description,Branch,Amount,,Balance\n"


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("'25/11", date(2026, 11, 25)),
        ("'26/11", date(2025, 11, 26)),
        ("'29/02", date(2024, 2, 29)),
        ("`25/11/2026", TODAY),
    ],
)
def test_a_day_without_a_year_is_the_latest_that_is_not_after_today(day, found):
    assert read(f"{INDIVIDUAL}{day},X,'0000,5.00,CR,5.00\nEnding Balance,=,5.00\n")[0].booked_on == found


def test_commas_and_quotes_in_a_text_without_quotes():
    """F31"""
    (line,) = read(f"{INDIVIDUAL}'25/11,INV 12, 13 \"KOPI\", dan,'0000,5.00,CR,5.00\nEnding Balance,=,5.00\n")
    assert line.description == 'INV 12, 13 "KOPI", dan'


def test_a_comma_too_many_elsewhere_is_named():
    assert faults(row().replace(b'"TRSF"', b"TRSF, X"))[0] == (3, "")


@pytest.mark.parametrize("make", [make_xlsx, make_xls])
def test_real_date_cells_and_numbers_of_a_workbook(make):
    """F11"""
    header = ["Tgl.", "Tgl. Val.", "Rincian Transaksi", "No. Referensi", "Debit", "Kredit", "Saldo", "Branch Code"]
    at = datetime(2026, 11, 23, 4, 12, 26)
    (line,) = read(make([header, [at, datetime(2026, 11, 21), "X", "-", 0, 2500417.1, 2500417.1, 99101]]), "mandiri")
    assert (line.booked_on, line.booked_at, line.paid_on) == (at.date(), at.time(), date(2026, 11, 21))
    assert (line.amount, line.balance) == (Decimal("2500417.10"), Decimal("2500417.10"))


def test_an_error_in_a_workbook_is_named():
    """F6"""
    header = ["Tgl.", "Tgl. Val.", "Rincian Transaksi", "No. Referensi", "Debit", "Kredit", "Saldo", "Branch Code"]
    xml = sheet_xml([header, ["23/11/2026", "", "X", "-", 0, 5, 7, 1]])
    broken = xml.replace('<c r="F2"><v>5</v></c>', '<c r="F2" t="e"><v>#N/A</v></c>')
    assert faults(zipped(xlsx_parts({"S": broken})), "mandiri") == [(2, "Kredit")]


RINCIAN = ["Tgl.", "Tgl. Val.", "Rincian Transaksi", "No. Referensi", "Debit", "Kredit", "Saldo", "Branch Code"]


def test_what_is_hidden_in_a_workbook_is_said():
    """F20: it is read too, so the file waits for a word."""
    xml = sheet_xml([RINCIAN, *(["23/11/2026", "", "X", "-", 0, 5, balance, 1] for balance in (5, 10, 15))])
    xml = xml.replace('<row r="3">', '<row r="3" hidden="1">')
    parts = xlsx_parts({"S": xml})
    lines, said = whole(zipped(parts), "mandiri")
    assert (len(lines), said.doubts) == (3, ["Rows that are hidden in the file, and are read too: 1."])
    book = str(parts["xl/workbook.xml"]).replace('name="S"', 'name="S" state="hidden"')
    _lines, said = whole(zipped({**parts, "xl/workbook.xml": book}), "mandiri")
    assert said.doubts[0] == "The sheet that was read, “S”, is hidden in the file."


MERGED = ["Posting Date", "", "Effective Date", "Branch", "Journal", "Transaction Description", "", "Amount", "DB/CR",
          "Balance"]  # fmt: skip


def test_merged_cells_and_page_heads_of_bni_direct():
    """F28: values don't stand under their headers."""
    one = ["25/11/2026", "25/11/2026", "", "259", "980056", "", "SETOR", 5.0, "K", 5.0]
    two = ["25/11/2026", "", "25/11/2026", "259", "980056", "BIAYA", "", 2.5, "D", 2.5]
    table = [[f"Account No : {ACCOUNTS['bni']}"], MERGED, one, MERGED, two, ["Ending Balance", "", "2.5"]]
    xml = sheet_xml(table, ("A2:B2", "A3:B3", "F3:G3"))
    lines, said = whole(zipped(xlsx_parts({"S": xml})))
    assert [line.amount for line in lines] == [5, Decimal("-2.5")]
    assert said.doubts == []


@pytest.mark.parametrize(
    "sums",
    [("2.500.417,00 CR", "1.000,50 DB"), ("2,500,417.00 CR", "1,000.50 DB"), ("Rp2.500.417 CR", "1.000,50 DB")],
)
def test_bca_saved_again_in_excel_shows_its_decimal_sign_in_the_file(sums):
    header = ["Tanggal Transaksi", "Keterangan", "Cabang", "Jumlah", "", "Saldo"]
    days = [datetime(2026, 11, 24), "24-Nov"]
    table = [header, *([day, "X", 0, amount, "", ""] for day, amount in zip(days, sums, strict=True))]
    lines = read(make_xlsx(table), "bca")
    assert [line.amount for line in lines] == [2_500_417, Decimal("-1000.50")]
    assert {line.booked_on for line in lines} == {date(2026, 11, 24)}


def test_a_file_whose_sums_read_in_both_ways_is_refused():
    header = ["Tanggal Transaksi", "Keterangan", "Cabang", "Jumlah", "", "Saldo"]
    for sums in (["1.234 CR"], ["1.234 CR", "5,678 DB"]):
        (fault,) = refusal(make_xlsx([header, *(["24/11/2026", "X", 0, one, "", ""] for one in sums)]), "bca")
        assert "can be read in two ways" in fault.reason
    proven = make_xlsx([header, *(["24/11/2026", "X", 0, one, "", ""] for one in ("1,234 CR", "1.23 CR"))])
    assert [line.amount for line in read(proven, "bca")] == [1_234, Decimal("1.23")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding, end):
    assert len(read(row().decode().replace("\r\n", end).encode(encoding))) == 1


@pytest.mark.parametrize(
    "content",
    [b"", row(words="Caf\xe9").decode().encode("latin-1"), row(words="a\0b"), row(words='"open'), b"%PDF-1.7",
     b"PK\x03\x04 not a workbook", b"<html><table>"],
    ids=["empty", "latin-1", "nul", "open quote", "pdf", "zip", "html"],
)  # fmt: skip
def test_files_that_are_no_statement_are_refused(content):
    assert faults(content, "bca")


def test_more_lines_than_a_statement_has_are_refused_at_that_line(monkeypatch):
    assert tables.MOST_LINES == 200_000
    monkeypatch.setattr(tables, "MOST_LINES", 1_000)
    one = "25 November 2026 09:34:53;X;;5.00;0.00;"
    assert faults(kopra(*[one] * 1_001)) == [(1_002, "")]


def test_every_fault_is_named_up_to_fifty():
    assert len(faults(kopra(*["99 November 2026;X;;5.00;0.00;"] * 200))) == 50


# --- SWIFT -----------------------------------------------------------------------------------------------------------


def swift(*entries: str, close: str = "C261125IDR105,00", account: str = ACCOUNTS["mandiri"]) -> str:
    lines = [":20:X", f":25:{account}", ":28C:00001/1", ":60F:C261124IDR100,00", *entries]
    return "\r\n".join([*lines, *([f":62F:{close}"] if close else []), "-"]) + "\r\n"


@pytest.mark.parametrize(("sign", "amount"), [("C", 5), ("D", -5), ("RC", -5), ("RD", 5)])
def test_reversals_of_swift_go_the_other_way(sign, amount):
    """F1"""
    (line,) = read(swift(f":61:261125{sign}5,00NTRFNONREF", close="") + ":62F:C261125IDR105,00\n")
    assert (line.amount, line.reference, line.balance) == (amount, "", 100 + amount)


@pytest.mark.parametrize("account", [f"BMRIIDJA/{ACCOUNTS['mandiri']}", f"{ACCOUNTS['mandiri']}IDR"])
def test_swift_tells_the_bank_by_the_account(account):
    assert len(read(swift(":61:2611251125C5,00NTRFABC12345//X", ":86:a", account=account))) == 1


def test_swift_that_does_not_add_up_breaks_off_or_is_anothers():
    _lines, said = whole(swift(":61:261125C6,00NTRFNONREF"))
    assert "A closing balance in the file isn’t what its lines come to." in said.doubts
    assert "breaks off" in refusal(swift(":61:261125C5,00NTRFNONREF", close=""))[0].reason
    assert "isn’t the operator’s" in refusal(swift(account="9990001112"))[0].reason
    assert "isn’t the operator’s" in refusal(swift(account="9990001112"), "mandiri")[0].reason
    assert "in USD" in refusal(swift().replace("IDR", "USD"))[0].reason
    for entry in (":61:261125X5,00NTRF", ":61:261325C5,00NTRFX", ":61:261125C0,00NTRFX", ":61:991231C5,00NTRFX"):
        assert faults(swift(entry))[0][1] == ":61:"


def test_interim_reports_have_no_balances():
    lines, said = whole(
        f":20:X\n:25:{ACCOUNTS['bri']}\n:34F:IDRC0,00\n:61:261125C5,00NTRFNONREF\n:86:X\n:90C:1IDR5,00\n-\n"
    )
    assert [(line.amount, line.balance) for line in lines] == [(5, None)]
    assert said.doubts == []


# --- What names a line -----------------------------------------------------------------------------------------------


def test_a_line_with_a_balance_is_named_by_it_whatever_its_text():
    """BRI rewrites the text overnight; another channel has no time."""
    one, other = (
        read(kopra(f"25 November 2026 {at};{text};;5.00;0.00;10.00"))[0]
        for at, text in (("09:00:00", "a"), ("09:00:01", "b"))
    )
    assert one.fingerprint("1", 1) == other.fingerprint("1", 1)
    assert one.fingerprint("1", 1) != one.fingerprint("2", 1)
    assert one.fingerprint("1", 1) != one.fingerprint("1", 2)
    assert one.fingerprint("1", 1) != read(kopra("25 November 2026 09:00:00;a;;5.00;0.00;10.01"))[0].fingerprint("1", 1)


def test_a_line_without_one_is_named_by_all_that_is_printed_but_case_and_blanks():
    first = read(row(words="TRSF  E-Banking"))[0].fingerprint("1", 1)
    assert first == read(row(words="trsf e-banking"))[0].fingerprint("1", 1)
    for other in (
        row(words="TRSF X"),
        row(amount="5,000,417.00 DB", words="TRSF E-Banking"),
        row(day="24/11/2026", words="TRSF E-Banking"),
    ):
        assert first != read(other)[0].fingerprint("1", 1)


# --- Whose account it is ---------------------------------------------------------------------------------------------

FOREIGN = "9990001112"


def test_a_statement_of_another_account_is_refused_by_line_and_column():
    """F4"""
    one = "25 November 2026 09:34:53;X;;5.00;0.00;5.00"
    content = kopra(one) + kopra(one, account=FOREIGN).split("\n")[1] + "\n"
    assert faults(content) == [(3, "AccountNo")]
    assert faults(row().replace(ACCOUNTS["bca"].encode(), FOREIGN.encode())) == [(1, "")]


@pytest.mark.parametrize("number", ["'{}", "{0[0]} {0[1]}", "Rek. {}"])
def test_our_account_is_known_however_it_is_written(number):
    own = ACCOUNTS["bca"]
    written = number.format((own[:4], own[4:])) if "[" in number else number.format(own)
    assert read(row().replace(own.encode(), written.encode()))


@pytest.mark.parametrize("number", ["440117703", "05440117703", "54401177031", "XXXXXX7703", "PT FLIPDASH"])
def test_what_is_nearly_our_account_is_not_ours(number):
    assert faults(row().replace(ACCOUNTS["bca"].encode(), number.encode())) == [(1, "")]


@commits
def test_nothing_of_another_accounts_statement_is_stored(files, scope):
    """Its lines would have credited our businesses' top-ups."""
    top_up = ask(scope)
    job = import_statement(bca(f"{top_up.exact_amount}|R1", account=FOREIGN))
    assert (job.status, job.lines, job.added) == ("failed", 0, 0)
    assert job.problems == [f"Line 1: this names account {FOREIGN}, which isn’t the operator’s at this bank."]
    assert not StatementLine.objects.using("operator").exists()
    assert again(top_up).status == "waiting"
