"""Every history that can be imported: out as a report, into a fresh business in another zone, and nothing differs.

IMPORT_ROWS says how many rows (20,000 were done once); some by default.
"""

import csv
import io
import os
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.core.files.storage import default_storage

from documents.reports import services as reports
from flipdash import rls
from flipdash.tables import kinds
from tests.imports.test_own_reports import HOSTILE, bring_in

ROWS = int(os.environ.get("IMPORT_ROWS", "60"))
HISTORIES = {
    "money-transfer": "money-transfers",
    "international-transfer": "international-transfers",
    "payment": "payments",
}
BEGAN = datetime(2025, 1, 31, 16, 30, tzinfo=UTC)  # 23:30 in Jakarta, the next month in Makassar
ENDS = ({"en": "Successful", "id": "Berhasil"}, {"en": "Failed", "id": "Gagal"}, {"en": "Cancelled", "id": "Batal"})


def text(n: int) -> str:
    """Return a text that is hard in a file."""
    hard = (
        *(line for line in HOSTILE if not {"\t", "\n"} & set(line)),
        "O'Neil",
        "Ma’ruf",
        "é𝔘😀",
        "baris, koma; titik",
        '"kutip"',
        "=1+1;-2",
    )
    return hard[n % len(hard)] + f" {n}"


def money_transfer(n: int, at: list[str]) -> dict[str, Any]:
    status = ENDS[n % 3]["en"]
    kind = (("bca", "Bank", f"00{n:08}"), ("bni", "VA", f"88{n:010}"), ("gopay", "E-Wallet", f"0812{n:07}"))[n % 3]
    return {
        "Transaction ID": f"T-{n}",
        "Status": status,
        "Destination Type": kind[1],
        "Bank": kind[0],
        "Account Number": kind[2],
        "Beneficiary Name": f"Siti {text(n)}",
        "Amount": 10_000 + n * 7,
        "Fee": n % 5 * 500,
        "Remark": text(n + 1),
        "Maker Name": f"Ratna {n % 7}",
        "Created From": ("Dashboard", "API")[n % 2],
        "Created Date": at[0],
        "Completed Date": at[1] if status == "Successful" else "",
        "Internal Reference": text(n + 2),
        "Approved By": f"Budi {n % 3}" if n % 2 else "",
        "Bank Reference": f"{n:09}",
        "Failure Reason": "",
    }


def international(n: int, at: list[str]) -> dict[str, Any]:
    row = money_transfer(n, at)
    for name in ("Destination Type", "Bank", "Remark", "Amount"):
        del row[name]
    return row | {
        "Beneficiary Country": ("Singapore", "Japan", "Malaysia")[n % 3],
        "Beneficiary Bank": f"DBS {text(n)}",
        "Account Number": f"00AB{n:08}",
        "Amount Sent": 1_000_000 + n,
        "Currency": ("SGD", "JPY", "MYR")[n % 3],
        "Amount Received": (f"{100 + n}.50", str(11_000 + n), f"{300 + n}.05")[n % 3],
        "Rate": ("11800.25", "105.5", "3500")[n % 3],
        "Purpose": ("Salary payment", "Travel", "Education")[n % 3],
    }


def payment(n: int, at: list[str]) -> dict[str, Any]:
    is_paid = n % 3 == 0
    is_settled = n % 2 == 0 and is_paid
    return {
        "Transaction ID": f"P-{n}",
        "Status": ENDS[n % 3]["en"],
        "Payment": f"Kelas {text(n)}",
        "Sender Name": f"Dewi {text(n + 1)}",
        "Sender Email": f"dewi+{n}@contoh.test" if n % 2 else "",
        "Channel": ("bca", "qris", "dana")[n % 3],
        "Amount": 50_000 + n,
        "Fee": 1_000 + n % 9,
        "Settlement Status": "Settled" if is_settled else "",
        "Settled Amount": 48_000 + n if is_settled else "",
        "Transaction Reference No": f"{n:012}",
        "Created Date": at[0],
        "Paid Date": at[1] if is_paid else "",
        "Settled Date": at[2] if is_settled else "",
        "Failure Reason": "",
    }


MAKERS = {"money-transfer": money_transfer, "international-transfer": international, "payment": payment}


def past(kind: str) -> bytes:
    """Return another system's file of that kind, in Jakarta's time."""
    file = io.StringIO()
    writer = None
    for n in range(ROWS):
        moments = (BEGAN + timedelta(hours=7, minutes=n * 11, seconds=n % 60 + later) for later in (0, 59, 86_400))
        row = MAKERS[kind](n, [f"{moment:%Y-%m-%d %H:%M:%S}" for moment in moments])
        if writer is None:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
        writer.writerow(row)
    return file.getvalue().encode()


def rows_of(kind: str, business: Any) -> list[tuple[Any, ...]]:
    """Return what was imported, without what is a business's own: the ids."""
    names = [column.name for column in kinds()[kind].fields if column.name != "external_id"]
    rows = kinds()[kind].model._default_manager.filter(business=business, mode="live")
    return sorted(rows.values_list(*names), key=repr)


@pytest.mark.django_db(transaction=True, databases=["default", "operator", "snapshot"])
@pytest.mark.usefixtures("files", "asleep")
@pytest.mark.parametrize("kind", HISTORIES)
def test_a_history_goes_out_and_into_a_fresh_business_and_nothing_differs(scope, toko_sebelah, kind):
    """In all three formats and both languages, from a business in WIB into one in WITA and back."""
    businesses = type(toko_sebelah).objects
    with rls.inside(scope):
        outcome = bring_in(scope.business, past(kind), kind)
        assert (outcome.faults, outcome.added) == ([], ROWS)
        before = rows_of(kind, scope.business)
    for number, (format, language) in enumerate(product(("csv", "xlsx", "xls"), ("en", "id"))):
        businesses.filter(pk=scope.business.pk).update(time_zone=("Asia/Jakarta", "Asia/Makassar")[number % 2])
        type(scope.member.user).objects.filter(pk=scope.member.user.pk).update(language=language)
        report = reports.request_report(scope, history=HISTORIES[kind], query="", format=format)
        reports.REPORTS.work(report.pk)
        report.refresh_from_db()
        content = default_storage.open(report.stored_as).read()
        fresh = businesses.create(
            name=f"Segar {number}", legal_name="Segar", slug=f"segar-{number}", time_zone="Asia/Jayapura"
        )
        with rls.inside_of(fresh.pk, "live"):
            outcome = bring_in(fresh, content, kind)
            assert (format, language, outcome.faults[:3], outcome.added) == (format, language, [], ROWS)
            assert rows_of(kind, fresh) == before, (format, language)
