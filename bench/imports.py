"""`run.py exec python -m bench.imports`: a business imports a large file in its page while another person searches.

The file is uploaded, checked, confirmed and imported as people and workers do it; all the while the same searches
are made through the pages of another business and of the importing one. Shown are the searches' times with
nothing else going on, while the file is checked, and while it is stored.
"""

import argparse
import io
import os
import statistics
import subprocess
import sys
import time
import uuid
import zipfile
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

import django
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flipdash.settings")
OTHER, IMPORTER = "bench", "bench-import"
QUERIES = ("", "?q=budi", "?q=zulaikha", "?q=1250000", "?status=failed", "?q=budi gayo")
HEADER = (
    *("Transaction ID", "Status", "Destination Type", "Bank", "Account Number", "Beneficiary Name", "Amount", "Fee"),
    *("Remark", "Maker Name", "Created From", "Created Date", "Completed Date"),
)
NAMES = ("Budi Santoso", "Siti Rahmawati", "CV Kusmawati", "Dr. Mila Melani", "Zulaikha Putri", "Bayu Prakoso")


def main() -> None:
    """Prepare, measure, and print the table."""
    parser = argparse.ArgumentParser(prog="bench.imports")
    parser.add_argument("--rows", type=int, default=100_000, help="in the file")
    parser.add_argument("--others", type=int, default=200_000, help="transfers that the other business has")
    parser.add_argument("--work", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    django.setup()
    if arguments.work:
        from imports import services

        services.IMPORTS.work(arguments.work)
        return
    call_command("migrate", database="owner", verbosity=0)
    call_command("seed", business=OTHER, rows=arguments.others)
    call_command("seed", business=IMPORTER, rows=10_000)
    settings.ALLOWED_HOSTS = ["*"]
    measure(arguments.rows)


def measure(rows: int) -> None:
    """Import a file of so many rows, searching all the while."""
    from django.test import Client

    from accounts.models import Business
    from bench.subject import admin_of
    from imports.models import ImportJob

    browsers = {}
    for slug in (OTHER, IMPORTER):
        browsers[slug] = Client()
        browsers[slug].force_login(admin_of(Business.objects.get(slug=slug)).user)
    taken = {"nothing else": searches(browsers, seconds=10)}
    content = workbook(rows)
    print(f"{rows:,} rows, {len(content) / 1e6:.1f} MB as .xlsx")
    upload = {"kind": "money-transfer", "file": SimpleUploadedFile("past.xlsx", content)}
    begun = time.monotonic()
    address = browsers[IMPORTER].post("/settings/import-history/", upload)["Location"]
    print(f"uploaded in {time.monotonic() - begun:.1f} s")
    job = ImportJob.objects.latest("pk")
    for act in ("check", "import"):
        if act == "import":
            job.refresh_from_db()
            browsers[IMPORTER].post(f"{address}confirmation/", {"seen": job.to_import})
        begun = time.monotonic()
        worker = subprocess.Popen(["nice", "-n", "5", sys.executable, "-m", "bench.imports", "--work", str(job.pk)])
        taken[act] = searches(browsers, process=worker)
        print(f"{act}: {time.monotonic() - begun:.1f} s")
    job.refresh_from_db()
    print(f"{job.get_status_display()}: {job.added:,} transactions\n")
    for what, times in taken.items():
        print(
            f"searches during {what:<14} {len(times):5} made   median {statistics.median(times):7.1f} ms   "
            f"p95 {sorted(times)[int(len(times) * 0.95)]:7.1f} ms   longest {max(times):7.1f} ms"
        )


def searches(browsers: dict, *, seconds: float = 0, process: subprocess.Popen | None = None) -> list[float]:
    """Search in turn for so long, or while a process runs; return the milliseconds of each search."""
    until, times = time.monotonic() + seconds, []
    while time.monotonic() < until or (process and process.poll() is None):
        for browser in browsers.values():
            for query in QUERIES:
                begun = time.perf_counter()
                answer = browser.get(f"/money-transfers/{query}")
                times.append((time.perf_counter() - begun) * 1000)
                assert answer.status_code == 200, answer.status_code
                time.sleep(0.05)  # a person thinks
    return times


def workbook(rows: int) -> bytes:
    """Make an .xlsx of so many transfers that nobody has imported yet."""
    mark, begin = uuid.uuid4().hex[:8], datetime(2025, 1, 1, tzinfo=UTC)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in PARTS.items():
            archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            part.write(b'<worksheet xmlns="%s"><sheetData>' % MAIN.encode())
            part.write(row_xml(HEADER))
            for number in range(rows):
                at = begin + timedelta(seconds=number * 60)
                part.write(row_xml(transfer(number, mark, at)))
            part.write(b"</sheetData></worksheet>")
    return file.getvalue()


def transfer(number: int, mark: str, at: datetime) -> tuple[str, ...]:
    """Return the cells of one transfer."""
    name = f"{NAMES[number % len(NAMES)]} {number % 9973}"
    status = "Failed" if number % 20 == 0 else "Successful"
    times = (f"{at:%Y-%m-%d %H:%M:%S}", f"{at + timedelta(minutes=3):%Y-%m-%d %H:%M:%S}")
    amount = str(10_000 + number * 37 % 9_000_000)
    account = f"{number * 7919 % 10**10:010d}"
    return (
        *(f"{mark}-{number}", status, "Bank", "bca", account, name, amount, "2500"),
        *(f"INV/2025/{number:06d}", "Ratna Sari", "API", *times),
    )


def row_xml(cells: tuple[str, ...]) -> bytes:
    """Return one row of a sheet."""
    inside = "".join(f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for cell in cells)
    return f"<row>{inside}</row>".encode()


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">'
    '<sheets><sheet name="Data" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


if __name__ == "__main__":
    main()
