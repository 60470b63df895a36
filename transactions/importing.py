"""What all kinds of import share: final states, columns, and how rows get in with their timelines."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from psycopg import sql
from psycopg.errors import UniqueViolation

from flipdash.actors import signatures
from flipdash.tables import INCOMING, STORED, Field, Import, Kept, choice, identifier, most, rupiah
from transactions.models import Transaction, TransactionEvent, Via
from transactions.reasons import SENDING, Reason

FINAL = {
    "successful": ("Successful", "Success", "Completed", "Berhasil", "Sukses", "Selesai"),
    "failed": ("Failed", "Gagal"),
    "cancelled": ("Cancelled", "Canceled", "Dibatalkan", "Batal"),
}
"""The states that money in all products ends in, by the words for them."""
NOT_FINAL = (
    *("pending", "pending approval", "waiting", "scheduled", "processing", "in process"),
    *("tertunda", "menunggu", "menunggu persetujuan", "dijadwalkan", "terjadwal", "diproses", "dalam proses"),
)
VIAS = {Via.DASHBOARD: ("Dashboard", "Dasbor"), Via.API: ("API",)}

ADD = """
WITH added AS (
    INSERT INTO {table} (id, business_id, mode, {columns}{kinds})
    SELECT next_transaction_id(created_at), %(business)s, %(mode)s, {columns}{named}
    FROM {incoming}
    ORDER BY created_at
    ON CONFLICT (business_id, mode, external_id) DO NOTHING
    RETURNING id, {columns}
), lines AS (
    INSERT INTO {events} (business_id, mode, {parent}, kind, at, by_kind, by_id, by_name, note)
    SELECT %(business)s, %(mode)s, added.id, step.kind, step.at, step.by_kind, step.by_id, step.by_name, step.note
    FROM added CROSS JOIN LATERAL (VALUES
        {steps},
        (99, 'imported', now(), %(by_kind)s, %(by_id)s::bigint, %(by_name)s, %(source)s)
    ) AS step (number, kind, at, by_kind, by_id, by_name, note)
    WHERE step.at IS NOT NULL
    ORDER BY added.id, step.number
), ids AS (
    INSERT INTO {stored} SELECT id FROM added
)
SELECT count(*) FROM added
"""
NAMED = ", CASE WHEN {name} = '' THEN '' ELSE 'named' END"
"""The kind of an actor whom the file names: nobody of ours, even if somebody of ours is called the same."""
ATTEMPTS = 5
"""Two transactions of the same second get the same new id once in ten million times; then all get others."""

read_final = choice(FINAL)


class Step(NamedTuple):
    """A line of an imported row's timeline, as SQL over the row's columns; without a time there is no line."""

    kind: str
    at: str
    by: str = "''"
    """Whose act it was, who is known to us by name only; nobody says so of what the other system did by itself."""


class TransactionImport(Import):
    """Past transactions, all of them in a final state."""

    model: ClassVar[type[Transaction]]
    events: ClassVar[type[TransactionEvent]]
    steps: ClassVar[tuple[Step, ...]]
    key = "external_id"

    def store(self) -> int:
        """Add the transactions that aren't there yet, each with its timeline, and return how many were added."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with transaction.atomic():
                    return self._add()
            except IntegrityError as problem:
                if attempt == ATTEMPTS or not self._is_id_taken(problem):
                    raise
        return 0

    def _add(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(self._statement, self._values)
            (added,) = cursor.fetchone()
        return added

    @property
    def _statement(self) -> sql.Composed:
        parent = next(field for field in self.events._meta.fields if field.related_model is self.model)
        steps = [
            f"({n}, {step.kind}, {step.at}, 'named', NULL::bigint, {step.by}, '')"
            for n, step in enumerate(self.steps, start=1)
        ]
        return sql.SQL(ADD).format(
            table=sql.Identifier(self.model._meta.db_table),
            events=sql.Identifier(self.events._meta.db_table),
            parent=sql.Identifier(str(parent.column)),
            columns=sql.SQL(", ").join(map(sql.Identifier, self.columns)),
            kinds=sql.SQL("".join(f", {who}_kind" for who in signatures(self.model))),
            named=sql.SQL("".join(NAMED.format(name=f"{who}_name") for who in signatures(self.model))),
            steps=sql.SQL(", ".join(steps)),
            incoming=INCOMING,
            stored=STORED,
        )

    @cached_property
    def _values(self) -> dict[str, Any]:
        return {"business": self.business.pk, "mode": self.mode, **self.by.columns("by"), "source": self.source}

    def _is_id_taken(self, problem: IntegrityError) -> bool:
        cause = problem.__cause__
        taken = f"{self.model._meta.db_table}_pkey"
        return isinstance(cause, UniqueViolation) and cause.diag.constraint_name == taken


# --- What the columns of several kinds are ---------------------------------------------------------------------------


def optional(name: str, *headers: str) -> Field:
    """Return a column of texts that a file may lack."""
    return Field(name, *headers, required=False, empty="")


def ended_at(name: str, *headers: str, required: bool = True) -> Field:
    """Return the column of a moment after the beginning, which a record may lack."""
    return Field(name, *headers, clean=DATES, required=required, empty=None, example="2025-10-01 10:03:00")


def amounts(*headers: str) -> tuple[Field, ...]:
    """Return the columns of the amount, by its names, and of the fee."""
    return (
        Field("amount", *headers, clean=positive_rupiah, example="1250000"),
        Field("fee", "Fee", "Biaya", "Biaya Admin", clean=rupiah, empty=0, example="2500"),
    )


def failure(reasons: Iterable[Reason]) -> Field:
    """Return the column that says why a transaction failed or was cancelled."""
    return Field(
        *("reason", "Failure Reason", "Reason", "Alasan Gagal", "Alasan"),
        clean=choice(Reason.named_in_files(reasons)),
        required=False,
        empty="",
    )


def final_status(cell: str) -> str:
    """Return the final state that a word means; a state in which money still moves is refused."""
    if " ".join(cell.split()).casefold() in NOT_FINAL:
        raise ValueError(_("is not a final state; an import brings past transactions"))
    return read_final(cell)


def positive_rupiah(cell: str) -> int:
    """Return an amount of at least one rupiah."""
    if amount := rupiah(cell):
        return amount
    raise ValueError(_("the amount must be more than zero"))


DATES = Kept("dates")
NUMBERED = Field(
    *("external_id", "Transaction ID", "ID Transaksi"),
    spare=("External ID", "ID Eksternal"),  # our own reports have both
    clean=identifier(most(Transaction, "external_id")),
    example="TRX-0001",
)
"""The other system's id."""
ENDED = Field("status", "Status", "Transaction Status", clean=final_status, example="Successful")
CREATED = Field(
    *("created_at", "Created Date", "Created At", "Tanggal Dibuat"), clean=DATES, example="2025-10-01 10:00:00"
)
MADE = (
    Field(
        *("maker_name", "Maker Name", "Maker", "Created By", "Dibuat Oleh", "Nama Pembuat"),
        example="Ratna Sari",
        fixed=("-",),
    ),
    Field(
        *("via", "Created From", "Created Via", "Dibuat Dari", "Dibuat Melalui"),
        clean=choice(VIAS),
        fixed=("Dashboard", "API"),
        example="Dashboard",
    ),
    CREATED,
    ended_at("completed_at", "Completed Date", "Completed At", "Tanggal Selesai"),
    optional("internal_reference", "Internal Reference", "Referensi Internal"),
    optional("approver_name", "Approved By", "Disetujui Oleh"),
    optional("bank_reference", "Bank Reference", "Referensi Bank"),
    failure(SENDING),
)
"""Who made what is sent, how and when, and when it ended."""


SENT = (Step("'created'", "created_at", "maker_name"), Step("status", "coalesce(completed_at, created_at)"))
"""The timeline of money that was sent."""


def check_ended(values: dict[str, Any], name: str) -> Iterator[tuple[str, str]]:
    """Check that what was successful has its end and no reason to fail, and that the end comes after the beginning."""
    if values.get("reason") and values.get("status") == "successful":
        yield "reason", _("is given, while the status is Successful")
    if name not in values:
        return
    ended, created = values[name], values.get("created_at")
    if ended is None and values.get("status") == "successful":
        yield name, _("is empty, while the status is Successful")
    if ended and created and ended < created:
        yield name, _("is before the Created Date")
