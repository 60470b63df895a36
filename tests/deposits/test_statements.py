"""Reading bank statements: what is wrong is named by line and column, and nothing of such a file is imported."""

import csv
from datetime import date, timedelta
from tempfile import TemporaryFile

import pytest

from deposits import banks
from deposits.demo import ACCOUNTS
from deposits.models import StatementLine
from deposits.statements import files as statement_files
from deposits.statements.files import Refused
from deposits.statements.layouts import LAYOUTS, ParsedLine
from tests.deposits.banking import HEADS, again, ask, bca, import_statement, today
from tests.workbooks import make_xlsx

TODAY = date(2026, 11, 25)
commits = pytest.mark.django_db(transaction=True, databases=["default", "operator"])


def read(content: bytes | str, bank: str = "bca") -> list[ParsedLine]:
    with TemporaryFile() as file:
        file.write(content.encode() if isinstance(content, str) else content)
        return list(statement_files.read(file, bank, today=TODAY, account=ACCOUNTS[bank]))


def faults(content: bytes | str, bank: str = "bca") -> list[tuple[int, str]]:
    with pytest.raises(Refused) as refused:
        read(content, bank)
    return [(fault.line, fault.column) for fault in refused.value.faults]


ROWS = {
    "bca": '25/11/2026,TRSF E-BANKING CR,"5,000,417.00",CR,KOPI KITA,A1,"9,000,417.00"',
    "mandiri": '25/11/2026,TRSF,KOPI KITA,"5,000,417.00",0.00,A1,"9,000,417.00"',
    "bri": "2026-11-25;TRSF KOPI KITA;0.00;5000417.00;A1;9000417.00",
    "bni": "25-11-2026;A1;TRSF KOPI KITA;5.000.417,00;K;9.000.417,00",
    "permata": "25-11-2026;TRSF;;5.000.417,00;KOPI KITA;A1;9.000.417,00",
    "cimb": '25/11/2026,TRSF KOPI KITA,,"5,000,417",A1,"9,000,417"',
}


def test_every_bank_has_a_layout():
    assert set(LAYOUTS) == set(ROWS) == set(HEADS) == set(banks.NAMES)


@pytest.mark.parametrize("bank", LAYOUTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_each_bank_is_read_as_it_writes(bank, encoding):
    (line,) = read(f"{HEADS[bank]}\r\n{ROWS[bank]}\r\n\r\n".encode(encoding), bank)
    assert (line.booked_on, line.amount, line.reference, line.balance) == (TODAY, 5_000_417, "A1", 9_000_417)
    assert "KOPI KITA" in f"{line.sender} {line.description}"


@pytest.mark.parametrize("bank", LAYOUTS)
def test_money_that_went_out_is_negative(bank):
    row = ROWS[bank].replace(",CR,", ",DB,").replace(";K;", ";D;")
    names = {field.name: field.headers[0] for field in LAYOUTS[bank].fields}
    if "debit" in names:
        head = HEADS[bank].replace(names["credit"], "?").replace(names["debit"], names["credit"])
        head = head.replace("?", names["debit"])
        assert read(f"{head}\n{row}\n", bank)[0].amount == -5_000_417
    else:
        assert read(f"{HEADS[bank]}\n{row}\n", bank)[0].amount == -5_000_417


HEAD = HEADS["bca"]


def bca_row(day="25/11/2026", amount='"5,000,417.00"', sign="CR", words="TRSF", reference="A1", balance="") -> str:
    return f"{HEAD}\n{day},{words},{amount},{sign},KOPI,{reference},{balance}\n"


@pytest.mark.parametrize(
    "day",
    [
        "",
        "2026-11-25",
        "11/25/2026",
        "25/11/26",
        "31/02/2026",
        "25/11/2027",
        "1/11/2026",
        "25/11/1999",
        "besok",
        "٢٥/١١/٢٠٢٦",
        "25/11/2026 "[:-1] + "x",
    ],
)
def test_dates_are_not_guessed(day):
    assert faults(bca_row(day=day)) == [(2, "Tanggal")]


@pytest.mark.parametrize(
    "amount",
    [
        "",
        "5.000.417",
        '"5.000.417,00"',
        '"5,000,417.50"',
        "-5000417",
        "5e6",
        "lima juta",
        '"50,00,417"',
        "٥٠٠٠",
        "1" * 16,
        "0",
    ],
)
def test_sums_are_not_guessed(amount):
    assert faults(bca_row(amount=amount)) == [(2, "Jumlah")]


@pytest.mark.parametrize("sign", ["", "X", "CRDB"])
def test_the_direction_is_not_guessed(sign):
    assert faults(bca_row(sign=sign)) == [(2, "D/K")]


def test_wrong_columns_are_named():
    assert faults("Tanggal,Keterangan,Jumlah\n25/11/2026,x,1\n") == [
        (1, "D/K"),
        (1, "Pengirim"),
        (1, "No. Referensi"),
        (1, "Saldo"),
    ]
    assert faults(f"{HEAD},Jumlah\n") == [(1, "Jumlah")]
    assert faults(ROWS["bca"]) == [(1, name) for name in LAYOUTS["bca"].needed()]
    assert faults(f"{HEADS['mandiri']}\n{ROWS['mandiri']}\n", "bca")[0][0] == 1


def test_a_short_line_is_named():
    assert faults(f"{HEAD}\n25/11/2026,TRSF\n") == [(2, "")]


def test_every_fault_is_named_up_to_fifty():
    bad = "99/99/2026,TRSF,5,CR,KOPI,A1,\n"
    assert faults(f"{HEAD}\n{bad * 3}") == [(2, "Tanggal"), (3, "Tanggal"), (4, "Tanggal")]
    assert len(faults(f"{HEAD}\n{bad * 200}")) == 50


@pytest.mark.parametrize(
    "content",
    [
        b"",
        f"{HEAD}\n25/11/2026,Caf\xe9,5,CR,KOPI,A1,\n".encode("latin-1"),
        f"{HEAD}\n25/11/2026,a\0b,5,CR,KOPI,A1,\n".encode(),
        f'{HEAD}\n25/11/2026,"open,5,CR,KOPI,A1,\n'.encode(),
        b"%PDF-1.7",
        b"PK\x03\x04 not a workbook",
        b"<html><table>",
    ],
    ids=["empty", "latin-1", "nul", "open quote", "pdf", "zip", "html"],
)
def test_files_that_are_no_statement_are_refused(content):
    assert faults(content)


def test_more_than_200_000_lines_are_refused_at_that_line():
    content = f"{HEAD}\n" + "25/11/2026,TRSF,5000,CR,KOPI,A1,\n" * 200_001
    assert faults(content) == [(200_002, "")]


def test_identity_ignores_case_and_spaces_but_nothing_else():
    first = read(bca_row(words="TRSF  E-Banking"))[0]
    assert first.fingerprint(1) == read(bca_row(words="trsf e-banking"))[0].fingerprint(1)
    assert first.fingerprint(1) != first.fingerprint(2)
    for other in (bca_row(words="TRSF X"), bca_row(balance="1.00"), bca_row(reference="A2"), bca_row(sign="DB")):
        assert first.fingerprint(1) != read(other)[0].fingerprint(1)


# --- Whose account it is -------------------------------------------------------------------------------------------

OWN, FOREIGN = ACCOUNTS["bca"], "9990001112"


def of_account(name: str, *numbers: str) -> str:
    """A statement with a column that names the account, one line for each number."""
    rows = [f"{HEAD},{name}", *(f"{ROWS['bca']},{number}" for number in numbers)]
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    "name", ["No. Rekening", "NOREK", "AccountNo", "account no.", "Nomor Rekening", "Account Number"]
)
def test_a_statement_of_another_account_is_refused_by_line_and_column(name):
    assert faults(of_account(name, OWN, FOREIGN)) == [(3, name)]
    assert len(read(of_account(name, OWN, OWN))) == 2


@pytest.mark.parametrize("number", [f"'{OWN}", f'="{OWN}"', f"{OWN[:4]} {OWN[4:8]}-{OWN[8:]}", f"Rek. {OWN}", ""])
def test_our_account_is_known_however_it_is_written(number):
    assert read(of_account("No. Rekening", number.replace('"', "")))


@pytest.mark.parametrize("number", [OWN[1:], f"0{OWN}", f"{OWN}1", "XXXXXX7703", "PT FLIPDASH"])
def test_what_is_nearly_our_account_is_not_ours(number):
    assert faults(of_account("No. Rekening", number)) == [(2, "No. Rekening")]


def test_an_account_that_is_not_ours_at_this_bank_is_refused():
    other_bank = of_account("No. Rekening", ACCOUNTS["mandiri"])
    assert faults(other_bank) == [(2, "No. Rekening")]
    with pytest.raises(Refused), TemporaryFile() as file:
        file.write(of_account("No. Rekening", OWN).encode())
        list(statement_files.read(file, "bca", today=TODAY, account=""))


def workbook(*above: list[str], number: float | str = OWN) -> bytes:
    cells = next(csv.reader([ROWS["bca"]]))
    return make_xlsx([*above, [*HEAD.split(","), "No. Rekening"], [*cells, number]])


@pytest.mark.parametrize(
    "above",
    [
        [[f"No. rekening : {FOREIGN}"], ["Nama : PT CONTOH"]],
        [["Account No.", "=", f"'{FOREIGN}"]],
        [["Mutasi Rekening"], ["No. Rekening", "", FOREIGN]],
    ],
)
def test_what_stands_above_the_table_names_the_account_too(above):
    line = next(number for number, row in enumerate(above, 1) if any(FOREIGN in cell for cell in row))
    assert faults(workbook(*above)) == [(line, "")]
    own = [[cell.replace(FOREIGN, OWN) for cell in row] for row in above]
    assert len(read(workbook(*own))) == 1


def test_a_number_in_a_workbook_has_lost_its_zeros():
    assert ACCOUNTS["bri"].startswith("0")
    cells = [*ROWS["bri"].split(";"), int(ACCOUNTS["bri"])]
    assert len(read(make_xlsx([[*HEADS["bri"].split(";"), "NOREK"], cells]), "bri")) == 1
    assert faults(make_xlsx([[*HEADS["bri"].split(";"), "NOREK"], [*cells[:-1], cells[-1] + 1]]), "bri") == [
        (2, "NOREK")
    ]


@commits
def test_nothing_of_another_accounts_statement_is_stored(files, scope):
    """Its lines would have credited our businesses' top-ups."""
    top_up = ask(scope)
    good = bca(f"{top_up.exact_amount}|R1").decode().splitlines()
    rows = [f"{good[0]},No. Rekening", f"{good[1]},{OWN}", f"{good[1]},{FOREIGN}"]
    job = import_statement(("\n".join(rows) + "\n").encode())
    assert (job.status, job.lines, job.added) == ("failed", 0, 0)
    assert job.problems == [
        f"Line 3, column No. Rekening: this names account {FOREIGN}, which isn’t the operator’s at this bank."
    ]
    assert not StatementLine.objects.using("operator").exists()
    assert again(top_up).status == "waiting"


# --- The whole import ----------------------------------------------------------------------------------------------


@commits
def test_a_file_with_one_fault_imports_nothing(files, scope):
    top_up = ask(scope)
    good = bca(f"{top_up.exact_amount}|R1", *(f"{9_000_000 + n}|S{n}" for n in range(6_000)))
    job = import_statement(good + b"31/02/2026,TRSF,5,CR,KOPI,A1,\n")
    assert (job.status, job.lines, job.added) == ("failed", 0, 0)
    assert job.problems == ["Line 6003, column Tanggal: this is no date as this bank writes it, such as 30/11/2026."]
    assert not StatementLine.objects.using("operator").exists()
    job = import_statement(good)
    assert (job.status, job.lines, job.added) == ("done", 6_001, 6_001)
    assert StatementLine.objects.using("operator").filter(status="credited").count() == 1
    assert StatementLine.objects.using("operator").filter(status="waiting", reason="unknown").count() == 6_000


@commits
def test_a_day_that_grows_adds_its_new_lines_only(files, scope):
    yesterday = today() - timedelta(days=1)
    assert import_statement(bca("1000|", "1000|", "2000|", on=yesterday)).added == 3
    assert import_statement(bca("1000|", "1000|", "1000|", "2000|", on=yesterday)).added == 1
