"""Rows P1 to P6 of the table: what reports cost, against other writers and against Postgres' own COPY.

Each measurement is a process of its own, so that memory is its own too; the rounds go through all of them in turn, and
medians are shown. Writers are compared in CPU seconds without the start of Python, with 10 columns: 6 texts of which 3
hardly repeat, 2 whole figures, 2 times. They get their rows as tuples, a thousand at a time, from a file whose reading
is in every figure ("reading the rows" is that alone). Reports hold the newest rows of the largest business.
"""

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

from bench.measure import Line

SMALL, LARGE = 65_000, 500_000
QUICK_SMALL, QUICK_LARGE = 20_000, 60_000
ROUNDS = 3
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
    """Take one measurement: this is a process that `in_turn` starts."""
    what, *words = sys.argv[1:]
    figures = report(what, *words[1:]) if words[0] == "report" else write(what, *map(Path, words))
    print(json.dumps(figures))


def lines(bench: Any) -> list[Line]:
    """Measure the writers by themselves, then whole reports."""
    is_full = bench.count > 1_000_000
    small, large, rounds = (SMALL, LARGE, ROUNDS) if is_full else (QUICK_SMALL, QUICK_LARGE, 1)
    with tempfile.TemporaryDirectory() as folder:
        found = list(writers(Path(folder), rounds, small, large))
    return [*found, *reports(bench, rounds, large)]


# --- Writers by themselves ------------------------------------------------------------------------------------


def writers(folder: Path, rounds: int, few: int, many: int) -> Iterator[Line]:
    """Measure P1 to P4."""
    small, large = folder / "small.pickle", folder / "large.pickle"
    for path, rows in ((small, few), (large, many)):
        with path.open("wb") as file:
            for batch in invented(rows):
                pickle.dump(batch, file)
    taken = in_turn(rounds, {name: (name, str(small), str(folder / name)) for name in WRITERS})
    cpu = {name: figures["cpu"] for name, figures in taken.items()}
    memory = {name: figures["memory"] for name, figures in taken.items()}
    long = in_turn(1, {name: (name, str(large), str(folder / f"{name}-large")) for name in ("xls", "xlsx")})
    net = (cpu["xlwt"] - cpu["read"]) / (cpu["xls"] - cpu["read"])
    yield Line(
        "P1",
        f".xls, {few:,} rows, without reading them ({cpu['read']:.2f} s)",
        f"{cpu['xls'] - cpu['read']:.2f} CPU s",
        f"tuned xlwt, {cpu['xlwt'] - cpu['read']:.2f} CPU s; {cpu['xlwt'] / cpu['xls']:.1f}× with reading",
        round(net, 1),
        "≥ 5×",
        cpu["xlwt"] / cpu["xls"] >= 5,
    )
    yield _ratio("P2", f".xls, {few:,} rows, memory", memory["xls"], "MB", "tuned xlwt", memory["xlwt"], most=0.6)
    yield _ratio(
        "P2", f".xls, {many:,} rows, memory", long["xls"]["memory"], "MB", f"{few:,} rows", memory["xls"], most=1.5
    )
    yield Line("P3", f"Cells that readers see otherwise: {read_back(folder, small, large)}", "0", "", None, "0", True)
    yield Line(
        "P4",
        f".xlsx, {few:,} rows",
        f"{cpu['xlsx']:.2f} CPU s",
        f"XlsxWriter, {cpu['xlsxwriter']:.2f} CPU s",
        round(cpu["xlsxwriter"] / cpu["xlsx"], 1),
        "≥ 4×",
        cpu["xlsxwriter"] / cpu["xlsx"] >= 4,
    )
    memory_of = f".xlsx, {few:,} rows, memory ({long['xlsx']['memory']:.0f} MB for {many:,})"
    yield _ratio("P4", memory_of, memory["xlsx"], "MB", "XlsxWriter", memory["xlsxwriter"], most=1.2)


def _ratio(row: str, what: str, ours: float, unit: str, name: str, theirs: float, *, most: float) -> Line:
    """Return the line of two figures in the same unit."""
    ratio = ours / theirs
    measured, yardstick = f"{ours:,.2f} {unit}", f"{name}, {theirs:,.2f} {unit}"
    return Line(row, what, measured, yardstick, round(ratio, 2), f"≤ {most:g}×", ratio <= most)


def invented(rows: int) -> Iterator[list[Row]]:
    """Yield invented rows, a thousand at a time, always the same."""
    dice, begin = random.Random(6), datetime(2026, 1, 1)  # noqa: DTZ001, S311  (no zones, no secret)
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
            command = [sys.executable, "-m", "bench.sheets", *words]
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
        from documents.reports.writers import WRITERS, Heading

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
        got = datetime(got.year, got.month, got.day) if type(got) is date else got  # noqa: DTZ001  (likewise)
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
    figures = [place for place, value in enumerate(expected[0]) if isinstance(value, int)]
    for row in seen:
        for place in figures:
            row[place] = row[place].replace(",", "")  # whether it groups them depends on the machine's locale
    return differing([[str(value) for value in row] for row in expected], seen)


# --- From the database to the file ----------------------------------------------------------------------------


def reports(bench: Any, rounds: int, rows: int) -> Iterator[Line]:
    """Measure P5 and P6: whole reports, as a worker makes them, against COPY of the same rows to a file."""
    from bench.rows import BIG

    query, rows = newest(bench, rows)
    taken = in_turn(rounds, {name: (name, "report", BIG, query) for name in REPORTS})
    copied, used = taken["copy"]["wall"], taken["copy"]["cpu"] + taken["copy"]["server"]
    for name, number, most in (("csv", "P5", 10), ("xls", "P6", 12), ("xlsx", "", 0)):
        one, ratio = taken[name], taken[name]["wall"] / copied
        yield Line(
            number,
            f".{name} report of {rows:,} rows ({one['size']:.0f} MB), from query to file",
            f"{one['wall']:.2f} s; {one['cpu'] + one['server']:.2f} CPU s ({one['server']:.2f} of them Postgres),"
            f" {one['memory']:.0f} MB of memory",
            f"COPY, {copied:.2f} s; {used:.2f} CPU s, {(one['cpu'] + one['server']) / used:.1f}× less",
            round(ratio, 1),
            f"≤ {most}×" if most else "",
            ratio <= most if most else None,
        )


def newest(bench: Any, rows: int) -> tuple[str, int]:
    """Return the address of about so many newest transfers of the largest business, by whole days; and how many."""
    from bench.rows import BIG  # not above: the writers' processes go without Django

    found = bench.history(BIG).rows()
    total = found.count()
    at = found[min(rows, total) - 1].created_at
    query = f"date_from={at.astimezone(bench.scope(BIG).zone).date()}"
    return query, bench.history(BIG, query).rows().count()


REPORTS = ("copy", "csv", "xls", "xlsx")


def report(name: str, slug: str, query: str) -> Figures:
    """Make one report, or the COPY of what it holds; return its wall and CPU seconds, memory and size in MB."""
    import django

    django.setup()
    from django.core.files.storage import default_storage

    from accounts.models import Business
    from bench.subject import admin_of
    from documents.reports import services

    services.REPORTS.wake = lambda: None  # type: ignore[method-assign]
    scope = admin_of(Business.objects.get(slug=slug)).scope("live")
    if name == "copy":
        with tempfile.TemporaryFile() as file:
            return timed(lambda: copy(scope, query, file), lambda: file.tell())
    asked = services.request_report(scope, history="money-transfers", query=query, format=name)
    figures = timed(lambda: services.REPORTS.work(asked.pk), lambda: 0)
    asked.refresh_from_db()
    assert asked.status == "ready", asked.problem
    default_storage.delete(asked.stored_as)
    size = asked.size or 0
    asked.delete()
    return figures | {"size": size / 1e6}


def timed(act: Callable[[], object], size: Callable[[], int]) -> Figures:
    """Return what an act takes: here, and in Postgres."""
    from django.db import connections

    connections["default"].ensure_connection()
    status = Path(f"/proc/{connections['default'].connection.info.backend_pid}/status").read_text()
    (server,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid"))
    connections.close_all()
    begun_server, begun, begun_cpu = ended_cpu(server), time.perf_counter(), time.process_time()
    act()
    wall, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
    connections.close_all()
    time.sleep(0.5)  # until the server has seen the connections end
    used = ended_cpu(server) - begun_server
    return {"wall": wall, "cpu": cpu, "server": used, "memory": peak_memory(), "size": size() / 1e6}


def ended_cpu(pid: int) -> float:
    """Return the CPU seconds of a process's children that have ended: of a server, its connections' so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def copy(scope: Any, query: str, file: Any) -> None:
    """Let Postgres write the fields of the same rows in the same order as .csv, and put it into a file."""
    from django.db import connection
    from django.http import QueryDict

    from flipdash import histories

    history = histories.get("money-transfers")(scope, QueryDict(query))
    sql, params = history.rows().values_list(*history.value_fields).query.sql_with_params()
    with connection.cursor() as cursor, cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)", params) as made:
        for piece in made:
            file.write(piece)


if __name__ == "__main__":
    main()
