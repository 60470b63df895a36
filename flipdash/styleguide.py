"""What `/styleguide/` shows: invented rows for the very templates that the pages use. Development only.

The words are samples and stay English; the templates' own are translated.
"""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as Sample
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from flipdash import charts, clock, histories
from flipdash.forms import LineField
from flipdash.gate import public
from flipdash.histories import pages
from flipdash.scope import Scope
from flipdash.states import State, state

LONG = "gudang-selatan/pembelian/2026-11/biji-kopi-gayo-grade-1-karung-60kg-lot-00482193-pengiriman-kedua.xlsx"
PROGRAM = """def greet(name: str) -> str:
    \"\"\"Say hello.\"\"\"
    return f"Hello {name}, this line of the program is longer than a phone is wide, so the text scrolls sideways."
"""
BANKS = [("bca", "BCA"), ("mandiri", "Mandiri"), ("cimb", "CIMB Niaga")]
ROLES = [("maker", "Maker"), ("approver", "Approver"), ("service", "Customer Service")]


class SampleForm(forms.Form):
    """One field of each kind."""

    name = LineField(label="Beneficiary Name", max_length=100, help_text="As the bank knows it.")
    on = forms.DateField(label="Send on", widget=forms.DateInput(attrs={"type": "date"}), required=False)
    note = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    purpose = forms.ChoiceField(label="Purpose", choices=[("goods", "Goods"), ("salary", "Salary")])
    bank = forms.ChoiceField(label="Bank", choices=BANKS, widget=forms.RadioSelect)
    roles = forms.MultipleChoiceField(label="Share with", choices=ROLES, widget=forms.CheckboxSelectMultiple)
    file = forms.FileField(label="File", help_text="A .csv, .xls or .xlsx of up to 25 MB.")
    agreed = forms.BooleanField(
        label="I have checked the account numbers", help_text="Money sent can’t be called back."
    )


class SampleSignInForm(forms.Form):
    """A short form, as on the plain cards."""

    email = forms.EmailField(label="E-mail")
    password = forms.CharField(label="Password", widget=forms.PasswordInput)


@public
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component; routed in development only."""
    form = SampleForm({"name": "", "on": "2026-11-31", "bank": "bca"}, auto_id="sg-form-%s")
    return render(
        request,
        "styleguide.html",
        {
            **_a_history(request),
            "form": form,
            "crumbs": [{"label": "Development"}],
            "sign_in": SampleSignInForm(auto_id="sg-sign-in-%s"),
            "boxes": [name for name in form.fields if name == "bank"],
            "jobs": [_job(JobStatus.DONE), _job(JobStatus.FAILED)],
            "checking": _job(JobStatus.CHECKING),
            "preview": _job(JobStatus.PREVIEW),
            "program": PROGRAM,
            "long_body": json.dumps({"id": 2611290512340000017, "remark": "Pembelian biji kopi " * 12}),
            "views": [
                Sample(view=_view("Failed this week", is_default=True), is_mine=True, may_change=True),
                Sample(
                    view=_view(f"Payroll that waits, {LONG}", ["Maker", "Approver"]), is_mine=False, may_change=True
                ),
            ],
            "sample_history": Sample(address=Sample(url="#all"), everything="All transactions"),
            "reports": [_report(status) for status in ReportStatus],
            "entries": ENTRIES,
            "sums": [("Successful", "34 · Rp62,900,000"), ("Failed", "2 · Rp3,700,000")],
            "facts": FACTS,
            "events": EVENTS,
            "choices": CHOICES,
            "bridge": BRIDGE,
            "yesterday": DAY,
            "charts": _charts(),
        },
    )


FACTS = [
    Sample(label="Account Number", value="0432319487", copyable=True),
    Sample(label="Remark", value="", note="18 characters at the bank"),
    Sample(label="Internal Reference", value=LONG),
]
CHOICES = [
    Sample(label="Bank", url="#"),
    Sample(label="Text", url="#"),
    Sample(label="Any of these", url="#", is_chosen=True),
]
DAY = datetime(2026, 11, 22, tzinfo=UTC)
ENTRIES = [
    Sample(
        created_at=DAY + timedelta(minutes=minute),
        what=kind,
        account="Held",
        amount=amount,
        balance_after=184_250_000,
    )
    for minute, kind, amount in ((0, "Held", -64_002_500), (7, "Paid out", 64_002_500))
]
BRIDGE = Sample(
    opening=240_100_000,
    lines=[
        Sample(label="Top-ups", url="#top-ups", entries=1, rupiah=50_000_000),
        Sample(
            label="Held for transactions, and a name of a kind that takes more room",
            url="#",
            entries=30,
            rupiah=-95_850_000,
        ),
        Sample(label="Paid out", url="", entries=1_204, rupiah=-10_000_000),
    ],
    now=184_250_000,
)
EVENTS = [
    Sample(look="green", what="Created", who="Ratna Maker", at=DAY.replace(hour=8, minute=4)),
    Sample(look="grey", what="Sent to the bank", at=DAY.replace(hour=8, minute=21), note="88A1-4402"),
    Sample(look="red", what="Callback refused", at=DAY.replace(hour=8, minute=28), note="503, third try"),
    Sample(look="amber", what="Returned by the bank", at=DAY.replace(hour=19)),
    Sample(look="next", what="Callback, fourth attempt", when="in 12 minutes"),
]


def _charts() -> list[Sample]:
    """Return a chart of each kind; one day has nothing, and one has hardly anything."""
    came_in = [day * 37 % 11 * 1_000_000 for day in range(30)]
    went_out = [day * 53 % 17 * 700_000 + (day == 4) for day in range(30)]
    left = [100_000_000 + sum(came_in[: day + 1]) - sum(went_out[: day + 1]) for day in range(30)]
    said = [f"Day {day}" for day in range(30)]
    moved = charts.bars(came_in, went_out, said, label="Money in and out", told="Figures stand beside it.")
    keys = [("in", "In Rp5,000"), ("out", "Out Rp4,000")]
    balance = charts.area(left, label="Balance", told="Figures stand beside it.")
    return [
        Sample(name="Money in and out", picture=moved, keys=keys),
        Sample(name="Balance", picture=balance, keys=[("area", "highest Rp184,250,000")]),
    ]


def _a_history(request: Any) -> dict[str, Any]:
    """Return what the page of a history with rows shows to whoever may see it: of the one with most kinds of column."""
    scope = getattr(request, "scope", None)
    if scope is None:
        return {}
    allowed = [found for found in map(histories.get, histories.names()) if scope.can(found.permission)]
    declared = next((one for one in sorted(allowed, key=_variety, reverse=True) if _has_rows(one, scope)), None)
    if declared is None:
        return {}
    settings = pages.settings_of(request, declared)
    return pages.shown_of(settings, settings.lay_out(QueryDict()))


def _has_rows(declared: type[histories.History], scope: Scope) -> bool:
    return bool(declared(scope, QueryDict()).visible_rows().exists())


def _variety(declared: type[histories.History]) -> tuple[int, int]:
    return len({column.kind for column in declared.columns}), -len(declared.columns)


class ReportStatus(State):
    """Where the samples of a report stand."""

    RUNNING = state("running", "Being made", "blue", "loader")
    READY = state("ready", "Ready", "green", "check")
    FAILED = state("failed", "Failed", "red", "x")


def _report(status: ReportStatus) -> Sample:
    return Sample(
        number=1,
        reference="R000001",
        file_name=LONG,
        status=status,
        is_unfinished=status == ReportStatus.RUNNING,
        may_be_cancelled_by=lambda scope: True,
        rows_done=7_740,
        rows_total=12_480,
        size=1_468_006,
        get_format_display=".xls",
        problem="x",
        problem_in_words="Nothing was charged or changed.",
        member=Sample(name="Rina Admin"),
        created_at=DAY,
        expires_at=DAY + timedelta(days=30),
    )


class JobStatus(State):
    """Where the samples of an import stand."""

    CHECKING = state("checking", "Being checked", "blue", "loader")
    PREVIEW = state("preview", "Waiting for confirmation", "amber", "pause")
    DONE = state("done", "Imported", "green", "check")
    FAILED = state("failed", "Failed", "red", "x")


def _job(status: JobStatus) -> Sample:
    now = clock.now()
    return Sample(
        number=1,
        reference="I000001",
        title="Money Transfer",
        file_name=LONG,
        size=812_345,
        member=Sample(name="Rina Admin"),
        created_at=now,
        keep_until=now + timedelta(days=1),
        status=status,
        rows_done=38_200,
        rows_total=100_000,
        read=5_012,
        already_there=240,
        bad=12,
        added=4_760,
        to_import=4_760,
        fault_count=14,
        faults_as="x",
        preview=PREVIEW,
    )


PREVIEW: dict[str, Any] = {
    "ignored_columns": ["Catatan", "Kode gudang"],
    "ignored_sheets": ["Ringkasan"],
    "sum_labels": {"by": ["Status"], "figures": ["Amount", "Fee"]},
    "sums": [
        {"by": ["Successful"], "rows": 4_980, "figures": ["Rp12,405,000,000", "Rp12,450,000"]},
        {"by": ["Failed"], "rows": 20, "figures": ["Rp8,500,000", "Rp50,000"]},
    ],
    "faults": [
        (17, 18, "Amount", "“1.25E+09” lost digits in a spreadsheet. Export it as text."),
        (203, 204, "Account Number", "An account number has 5 to 34 digits or letters."),
    ],
    "columns": ["Transaction ID", "Created Date", "Beneficiary Name", "Amount"],
    "first": [
        ("TRX-000417", "2025-11-03 09:12", "Siti Rahmawati", "Rp85,000"),
        (
            "TRX-000418",
            "2025-11-03 09:14",
            "Perkumpulan Petani Kopi Arabika Dataran Tinggi Gayo Sejahtera",
            "Rp1,250,000",
        ),
    ],
}


def _view(name: str, shared_with: list[str] | None = None, *, is_default: bool = False) -> Sample:
    kind = Sample(section="Money Transfer", title="Transaction History")
    shared = {"shared_with": shared_with or [], "history": "money-transfers"}
    return Sample(pk=1, name=name, kind=kind, is_default=is_default, member=Sample(name="Ratna Sari Dewi"), **shared)
