"""Reading bank statements: what is wrong is named by line and column, and nothing of such a file is imported."""

from datetime import date, timedelta
from tempfile import TemporaryFile

import pytest

from deposits import banks
from deposits.models import StatementImport, StatementLine
from deposits.statements import files as statement_files
from deposits.statements import services as statements
from deposits.statements.files import FORMATS, Printed, Refused
from flipdash import clock
from tests.deposits.banking import HEADS, ask, bca, import_statement, today

TODAY = date(2026, 11, 25)
commits = pytest.mark.django_db(transaction=True, databases=["default", "operator"])


def read(content: bytes | str, bank: str = "bca") -> list[Printed]:
    with TemporaryFile() as file:
        file.write(content.encode() if isinstance(content, str) else content)
        return list(statement_files.read(file, bank, today=TODAY))


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


def test_every_bank_has_a_format():
    assert set(FORMATS) == set(ROWS) == set(HEADS) == set(banks.NAMES)


@pytest.mark.parametrize("bank", FORMATS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_each_bank_is_read_as_it_writes(bank, encoding):
    (line,) = read(f"{HEADS[bank]}\r\n{ROWS[bank]}\r\n\r\n".encode(encoding), bank)
    assert (line.booked_on, line.amount, line.reference, line.balance) == (TODAY, 5_000_417, "A1", 9_000_417)
    assert "KOPI KITA" in f"{line.sender} {line.description}"


@pytest.mark.parametrize("bank", FORMATS)
def test_money_that_went_out_is_negative(bank):
    row = ROWS[bank].replace(",CR,", ",DB,").replace(";K;", ";D;")
    if FORMATS[bank].debit:
        head = HEADS[bank].replace(FORMATS[bank].credit, "?").replace(FORMATS[bank].debit, FORMATS[bank].credit)
        head = head.replace("?", FORMATS[bank].debit)
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
    assert faults(ROWS["bca"]) == [(1, name) for name in FORMATS["bca"].columns]
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


@commits
def test_an_import_left_by_its_worker_is_taken_over_and_given_up_at_last(files, scope):
    import_statement(bca("5000|"))
    rows = StatementImport.objects.using("operator")
    before = clock.now() - timedelta(seconds=1)
    rows.update(status="running", lease_until=before, attempt=1)
    assert statements.is_anything_due()
    statements.import_due()
    assert rows.get().status == "done"
    rows.update(status="running", lease_until=before, attempt=3)
    statements.import_due()
    assert rows.get().status == "failed"
