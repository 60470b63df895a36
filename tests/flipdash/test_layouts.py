"""Layouts of table files: declared by class attributes, read without a model or a file."""

from flipdash.tables import Checker, Fault, Field, Import, Layout, Row, digits, rupiah
from flipdash.tables.reader.tables import plain
from transactions.bulk.layout import BulkLayout


class Payroll(Layout):
    """What bulk transfers will look like."""

    key = "account"
    fields = (
        Field("account", "Account Number", "No. Rekening", clean=digits(34)),
        Field("name", "Name", "Nama"),
        Field("amount", "Amount", "Jumlah", clean=rupiah, empty=0),
        Field("remark", "Remark", required=False, empty=""),
    )

    def check(self, values):
        if values.get("amount") == 0:
            yield "amount", "must be more than zero"

    def record(self, values):
        return values["account"], values["amount"]


def check(layout, *lines):
    rows = [Row(number, number, line.split("|")) for number, line in enumerate(lines, 1)]
    checker = Checker(layout, rows)
    return list(checker.good()), checker.outcome


def test_a_layout_needs_no_model_and_says_what_a_record_becomes():
    records, outcome = check(Payroll(), "NAMA|no rekening|Jumlah", "Siti|0012|1.250.000", "Budi|0013|5")
    assert records == [("0012", 1_250_000), ("0013", 5)]
    assert (outcome.read, outcome.good, outcome.faults) == (2, 2, [])


def test_faults_are_data_of_which_a_page_can_make_what_it_needs():
    _, outcome = check(Payroll(), "Nama|No. Rekening|Jumlah", "Siti|12A|five", "Budi|0013|", "Ani|0013|1|2", "X|0013|1")
    assert outcome.faults == [
        Fault(2, 2, "No. Rekening", "may hold only the digits 0 to 9", "12A"),
        Fault(2, 2, "Jumlah", "this is not an amount; write it as 1250000, 1.250.000 or Rp1.250.000", "five"),
        Fault(3, 3, "Jumlah", "must be more than zero"),
        Fault(4, 4, "", "has 4 cells, while the header has 3"),
        Fault(5, 5, "No. Rekening", "stands in record 3 already", "0013"),
    ]
    assert str(outcome.faults[0]) == "record 2, line 2, No. Rekening: “12A”: may hold only the digits 0 to 9"


def test_a_header_can_be_asked_which_layout_fits():
    fits = Payroll.header_of(["Jumlah", "Saldo", "Nama", "Account Number"])
    assert (fits.places, fits.ignored, fits.problems) == ({"amount": 0, "name": 2, "account": 3}, ["“Saldo”"], [])
    assert [column for column, _reason in Payroll.header_of(["Nama", "Name", "Jumlah"]).problems] == ["Name", ""]


def declared(base):
    for layout in base.__subclasses__():
        yield layout
        yield from declared(layout)


def test_every_layout_declares_its_fields_as_class_attributes():
    ours = [layout for layout in declared(Layout) if not layout.__module__.startswith("tests.")]
    concrete = [layout for layout in ours if not layout.__subclasses__()]
    assert len(concrete) >= 3
    for layout in concrete:
        assert isinstance(vars(layout)["fields"], tuple)
        names = [plain(name) for field in layout.fields for name in field.headers]
        assert len(names) == len(set(names)), layout
        assert "__init__" not in vars(layout)
        assert issubclass(layout, (Import, BulkLayout))
