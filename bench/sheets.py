"""Rows P1 to P6 of the table: what reports cost, against other writers and against Postgres' own COPY.

`run.py exec python -m bench.sheets`. Each measurement is a process of its own, so that memory is its own too; the
rounds go through all of them in turn, and medians are shown. Writers are compared in CPU seconds without the start
of Python, with 10 columns: 6 texts of which 3 hardly repeat, 2 whole figures, 2 times. They get their rows as
tuples, a thousand at a time, from a file whose reading is in every figure ("reading the rows" is that alone).
"""

import argparse
import csv
import json
import os
import pickle
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import count, zip_longest
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flipdash.settings")
BUSINESS = "bench-reports"
SMALL, LARGE = 65_000, 500_000
SHEET, BATCH = 65_535, 1_000
COLUMNS = (
    *(("Transaction ID", "text"), ("Status", "text"), ("Destination", "text"), ("Account Number", "text")),
    *(("Beneficiary Name", "text"), ("Amount", "rupiah"), ("Fee", "rupiah"), ("Remark", "text")),
    *(("Created Date", "datetime"), ("Completed Date", "datetime")),
)
FORMATS = {"text": "@", "rupiah": "#,##0", "datetime": "yyyy-mm-dd hh:mm:ss"}
BANKS = ("BCA (Bank)", "BRI (Bank)", "Mandiri (Bank)", "GoPay (E-Wallet)", "BNI (Virtual Account)")
STATES = ("Successful", "Successful", "Successful", "Failed", "Cancelled")
NAMES = ("Budi Santoso", "Siti Rahmawati", "CV Kusmawati", "Mila Melani", "Bayu Prakoso")

Row = tuple[Any, ...]
Figures = dict[str, float]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="bench.sheets")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=LARGE, help="of the reports")
    parser.add_argument("--only", choices=["writers", "reports"])
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        what, *places = arguments.one
        print(json.dumps(write(what, *map(Path, places)) if places else report(what)))
        return
    print(line("#", "What", "Ratio", "Hold") + "\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for one in [] if arguments.only == "reports" else writers(Path(folder), arguments.rounds):
            print(one, flush=True)
    for one in [] if arguments.only == "writers" else reports(arguments.rounds, arguments.rows):
        print(one, flush=True)


def line(*cells: str) -> str:
    """Return a line of the table."""
    return f"| {' | '.join(cells)} |"


# --- Writers by themselves ------------------------------------------------------------------------------------


def writers(folder: Path, rounds: int) -> Iterator[str]:
    """Measure P1 to P4, and yield the lines of the table."""
    small, large = folder / "small.pickle", folder / "large.pickle"
    for path, rows in ((small, SMALL), (large, LARGE)):
        with path.open("wb") as file:
            for batch in invented(rows):
                pickle.dump(batch, file)
    taken = in_turn(rounds, {name: (name, str(small), str(folder / name)) for name in WRITERS})
    cpu = {name: figures["cpu"] for name, figures in taken.items()}
    memory = {name: figures["memory"] for name, figures in taken.items()}
    many = in_turn(1, {name: (name, str(large), str(folder / f"{name}-large")) for name in ("xls", "xlsx")})
    net = (cpu["xlwt"] - cpu["read"]) / (cpu["xls"] - cpu["read"])
    yield line(
        "P1",
        f".xls, {SMALL:,} rows: tuned xlwt {cpu['xlwt']:.2f} CPU s, ours {cpu['xls']:.3f} s,"
        f" of which reading the rows {cpu['read']:.3f} s",
        f"{cpu['xlwt'] / cpu['xls']:.1f}x ({net:.1f}x net)",
        ">= 5x",
    )
    long_memory = {name: figures["memory"] for name, figures in many.items()}
    yield line(
        "P2",
        f".xls, peak memory: tuned xlwt {memory['xlwt']:.0f} MB, ours {memory['xls']:.0f} MB;"
        f" {LARGE:,} rows {long_memory['xls']:.0f} MB in {many['xls']['cpu']:.2f} CPU s",
        f"{memory['xls'] / memory['xlwt']:.2f}x; {long_memory['xls'] / memory['xls']:.2f}x",
        "<= 0.6x; <= 1.5x",
    )
    yield line("P3", f".xls read back, cells that differ: {read_back(folder, small, large)}", "0", "0")
    yield line(
        "P4",
        f".xlsx, {SMALL:,} rows: XlsxWriter {cpu['xlsxwriter']:.2f} CPU s in {memory['xlsxwriter']:.0f} MB,"
        f" ours {cpu['xlsx']:.3f} s in {memory['xlsx']:.0f} MB; {LARGE:,} rows in {long_memory['xlsx']:.0f} MB",
        f"{cpu['xlsxwriter'] / cpu['xlsx']:.1f}x; {memory['xlsx'] / memory['xlsxwriter']:.2f}x",
        ">= 4x; <= 1.2x",
    )


def invented(rows: int) -> Iterator[list[Row]]:
    """Yield invented rows, a thousand at a time, always the same."""
    dice, begin = random.Random(6), datetime(2026, 1, 1)  # noqa: DTZ001, S311
    for first in range(0, rows, BATCH):
        yield [
            (
                *(str(7_000_000_000_000_000_000 + n * 7_919), dice.choice(STATES), dice.choice(BANKS)),
                *(f"{dice.randrange(10**10):010d}", f"{dice.choice(NAMES)} {dice.randrange(10**5)}"),
                *(dice.randrange(10_000, 10**8), 2_500, f"INV/2026/{n:06d} {dice.randrange(1_000)}"),
                *(begin + timedelta(seconds=n * 61), begin + timedelta(seconds=n * 61 + 90)),
            )
            for n in range(first, min(first + BATCH, rows))
        ]


def stored(path: Path) -> Iterator[list[Row]]:
    """Yield the batches of a file of rows."""
    with path.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)  # noqa: S301  (we wrote it)


def in_turn(rounds: int, measures: dict[str, tuple[str, ...]]) -> dict[str, Figures]:
    """Run each measurement once a round, each in a process of its own; return the medians of its figures."""
    taken: dict[str, list[Figures]] = {name: [] for name in measures}
    for _round in range(rounds):
        for name, words in measures.items():
            command = [sys.executable, "-m", "bench.sheets", "--one", *words]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            taken[name].append(json.loads(done.stdout.splitlines()[-1]))
    return {
        name: {figure: statistics.median(one[figure] for one in all_) for figure in all_[0]}
        for name, all_ in taken.items()
    }


def write(name: str, rows: Path, target: Path) -> Figures:
    """Write a file of rows with one of the writers; return CPU seconds, and the most memory in MB."""
    WRITERS[name](iter([]), target)  # whatever is imported late is imported now
    begun = time.process_time()
    WRITERS[name](stored(rows), target)
    return {"cpu": time.process_time() - begun, "memory": peak_memory()}


def peak_memory() -> float:
    """Return the most memory that this process ever held, in MB."""
    status = Path("/proc/self/status")
    if not status.exists():  # no Linux: this may count what a parent held
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def by_reading(batches: Iterable[list[Row]], target: Path) -> None:
    """Only read the rows."""
    for _batch in batches:
        pass


def by_ours(format: str) -> Callable[[Iterable[list[Row]], Path], None]:
    """Return what writes with our own writer of a format."""

    def write_all(batches: Iterable[list[Row]], target: Path) -> None:
        from documents.writers import WRITERS, Heading

        writer = WRITERS[format](target, [Heading(*column) for column in COLUMNS])
        writer.summary("Bench", [])
        writer.rows(row for batch in batches for row in batch)
        writer.close()

    return write_all


def by_xlwt(batches: Iterable[list[Row]], target: Path) -> None:
    """Write with xlwt as fast as it goes: the row's own methods, shared styles, rows flushed a thousand at a time."""
    import xlwt

    book = xlwt.Workbook(encoding="utf-8", style_compression=2)
    styles = [xlwt.easyxf(num_format_str=FORMATS[kind]) for _label, kind in COLUMNS]
    acts = [{"text": "set_cell_text", "rupiah": "set_cell_number", "datetime": "set_cell_date"}[k] for _l, k in COLUMNS]
    numbers = count(1)
    line, sheet = SHEET + 1, book.add_sheet("Summary")
    for batch in batches:
        for row in batch:
            if line > SHEET:
                sheet, line = book.add_sheet(f"Data {next(numbers)}"), 1
                for column, (label, _kind) in enumerate(COLUMNS):
                    sheet.row(0).set_cell_text(column, label)
            target_row = sheet.row(line)
            for column, value in enumerate(row):
                getattr(target_row, acts[column])(column, value, styles[column])
            line += 1
        sheet.flush_row_data()
    book.save(str(target))


def by_xlsxwriter(batches: Iterable[list[Row]], target: Path) -> None:
    """Write with XlsxWriter, one row in memory."""
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(str(target), options)
    styles = [
        book.add_format({"num_format": FORMATS[kind], "quote_prefix": kind == "text"}) for _label, kind in COLUMNS
    ]
    sheet = book.add_worksheet("Data 1")
    acts = [
        {"text": sheet.write_string, "rupiah": sheet.write_number, "datetime": sheet.write_datetime}[kind]
        for _label, kind in COLUMNS
    ]
    line = 1
    for batch in batches:
        for row in batch:
            for column, value in enumerate(row):
                acts[column](line, column, value, styles[column])
            line += 1
    book.close()


WRITERS: dict[str, Callable[[Iterable[list[Row]], Path], None]] = {
    "read": by_reading,
    "xlwt": by_xlwt,
    "xls": by_ours("xls"),
    "xlsxwriter": by_xlsxwriter,
    "xlsx": by_ours("xlsx"),
}


# --- Read back ------------------------------------------------------------------------------------------------


def read_back(folder: Path, small: Path, large: Path) -> str:
    """Measure P3: how many cells readers see otherwise than they were given, in words. Fails when there are any."""
    import python_calamine
    import xlrd

    expected = [row for batch in stored(small) for row in batch]
    sheet = xlrd.open_workbook(folder / "xls", on_demand=True).sheet_by_name("Data 1")
    seen = [sheet.row_values(number) for number in range(1, sheet.nrows)]
    for row in seen:
        row[8:] = [xlrd.xldate_as_datetime(value, 0) for value in row[8:]]
    by_xlrd = differing(expected, seen)
    book = python_calamine.load_workbook((folder / "xls-large").open("rb"))
    rows = (row for name in book.sheet_names[1:] for row in book.get_sheet_by_name(name).to_python()[1:])
    by_calamine = differing((row for batch in stored(large) for row in batch), rows)
    by_office = by_libreoffice(folder, expected)
    assert (by_xlrd, by_calamine, by_office) in {(0, 0, 0), (0, 0, None)}, (by_xlrd, by_calamine, by_office)
    office = "LibreOffice left out, for it is not on this machine" if by_office is None else f"LibreOffice {by_office}"
    return f"xlrd {by_xlrd}, python-calamine {by_calamine} in {len(book.sheet_names) - 1} sheets, {office}"


def differing(expected: Iterable[Sequence[Any]], seen: Iterable[Sequence[Any]]) -> int:
    """Count the cells that differ in value or in type; a missing row counts as all of its cells."""
    wrong = 0
    for given, got in zip_longest(expected, seen, fillvalue=[None] * len(COLUMNS)):
        wrong += sum(not is_same(a, b) for a, b in zip_longest(given, got))
    return wrong


def is_same(given: Any, got: Any) -> bool:
    """Return whether a reader sees what was given: numbers are floats in a sheet, and midnight is called a date."""
    if isinstance(given, datetime):
        got = datetime(got.year, got.month, got.day) if type(got) is date else got  # noqa: DTZ001
        return isinstance(got, datetime) and abs(given - got) < timedelta(milliseconds=1)
    if isinstance(given, int):
        return isinstance(got, float) and got == given
    return type(given) is type(got) and given == got


def by_libreoffice(folder: Path, expected: list[Row]) -> int | None:
    """Let LibreOffice make a .csv of the first Data sheet, and count the cells that differ; None without it."""
    program = shutil.which("soffice")
    if program is None:
        return None
    shutil.copy(folder / "xls", folder / "office.xls")
    to = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,2"
    home = f"-env:UserInstallation=file://{folder}/office"
    command = [program, "--headless", home, "--convert-to", to, "--outdir", str(folder), str(folder / "office.xls")]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    (made,) = folder.glob("office*.csv")
    with made.open(newline="") as file:
        seen = list(csv.reader(file))[1:]
    words = [[f"{v:,}" if isinstance(v, int) else str(v) for v in row] for row in expected]
    return differing(words, seen)


# --- From the database to the file ----------------------------------------------------------------------------


def reports(rounds: int, rows: int) -> Iterator[str]:
    """Measure P5 and P6: whole reports, as a worker makes them, against COPY of the same rows to a file."""
    django.setup()
    call_command("migrate", database="owner", verbosity=0)
    call_command("seed", business=BUSINESS, rows=rows)
    taken = in_turn(rounds, {name: (name,) for name in REPORTS})
    wall = {name: figures["wall"] for name, figures in taken.items()}
    for name, number, hold in (("csv", "P5", "<= 10x"), ("xls", "P6", "<= 12x"), ("xlsx", "–", "–")):
        one = taken[name]
        yield line(
            number,
            f".{name} report of {rows:,} rows: COPY {wall['copy']:.2f} s, ours {one['wall']:.2f} s"
            f" ({one['cpu']:.2f} CPU s, {one['memory']:.0f} MB, a file of {one['size']:.0f} MB)",
            f"{one['wall'] / wall['copy']:.1f}x",
            hold,
        )


REPORTS = ("copy", "csv", "xls", "xlsx")


def report(name: str) -> Figures:
    """Make one report, or the COPY of what it holds; return its wall and CPU seconds, memory and size in MB."""
    django.setup()
    from django.conf import settings
    from django.core.files.storage import default_storage

    from accounts.models import Business
    from bench.histories import _admin_of
    from documents import services, tasks

    settings.DEBUG = False
    tasks.wake = lambda report_id: None
    scope = _admin_of(Business.objects.get(slug=BUSINESS)).scope("live")
    if name == "copy":
        with tempfile.TemporaryFile() as file:
            return timed(lambda: copy(scope, file), lambda: file.tell())
    asked = services.request_report(scope, history="money-transfers", query="", format=name)
    figures = timed(lambda: services.build_report(asked.pk), lambda: 0)
    asked.refresh_from_db()
    assert asked.status == "ready", asked.problem
    default_storage.delete(asked.stored_as)
    size = asked.size or 0
    asked.delete()
    return figures | {"size": size / 1e6}


def timed(act: Callable[[], None], size: Callable[[], int]) -> Figures:
    """Return what an act takes."""
    begun, begun_cpu = time.perf_counter(), time.process_time()
    act()
    wall, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
    return {"wall": wall, "cpu": cpu, "memory": peak_memory(), "size": size() / 1e6}


def copy(scope: Any, file: Any) -> None:
    """Let Postgres write the fields of the same rows in the same order as .csv, and put it into a file."""
    from django.db import connection
    from django.http import QueryDict

    from flipdash import histories

    history = histories.get("money-transfers")(scope, QueryDict(""))
    sql, params = history.rows().values_list(*history.value_fields).query.sql_with_params()
    with connection.cursor() as cursor, cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)", params) as made:
        for piece in made:
            file.write(piece)


if __name__ == "__main__":
    main()
