"""A statement as CAMT.053 (ISO 20022, camt.053.001.08), for accounting software; written as it goes, and never parsed.

The order of the elements is the schema's. Kinds of entries are our own words (BkTxCd/Prtry), with their texts beside.
"""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from django.utils import timezone

from deposits.ledger.statement import KindTotal, Movement
from deposits.models import RUPIAH, PostingKind
from documents.statements.content import Content
from flipdash.lines import is_unseen

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
ISSUER = "FlipDash"
MOST_NAME, MOST_REMITTANCE, MOST_MORE = 140, 140, 500
"""Characters of a name, of a text to an entry, and of what else is said of it."""

Node = tuple[str, Any]
"""An element: its name, with or without attributes, and a text or elements; one without anything is left out."""


def write(content: Content, path: Path) -> None:
    """Write the file."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}">\n<BkToCstmrStmt>\n')
        name = f"{content.account}-{content.statement.reference}"
        file.write(_xml(("GrpHdr", [("MsgId", name), ("CreDtTm", _moment(content.as_of))])))
        file.write("<Stmt>\n")
        file.writelines(map(_xml, _head(content)))
        for row in content.rows():
            file.write(_xml(_entry(row)))
        file.write("</Stmt>\n</BkToCstmrStmt>\n</Document>\n")


def _head(content: Content) -> Iterator[Node]:
    statement, period = content.statement, content.period
    owner = text(content.business.legal_name or content.business.name, MOST_NAME)
    yield "Id", f"{content.account}-{statement.first:%Y%m%d}-{statement.last:%Y%m%d}"
    yield "ElctrncSeqNb", f"{statement.last:%Y%j}"
    yield "CreDtTm", _moment(content.as_of)
    yield "FrToDt", [("FrDtTm", _moment(statement.starts_at)), ("ToDtTm", _moment(statement.ends_at))]
    yield (
        "Acct",
        [
            ("Id", [("Othr", [("Id", content.account), ("Issr", ISSUER)])]),
            ("Ccy", RUPIAH),
            ("Ownr", [("Nm", owner)]),
            ("Svcr", [("FinInstnId", [("Nm", ISSUER)])]),
        ],
    )
    yield _balance("OPBD", period.opening, statement.first)
    yield _balance("CLBD" if content.is_over else "ITBD", period.closing, statement.last)
    came_in, went_out = (sum(getattr(one, name) for one in period.totals) for name in ("came_in", "went_out"))
    yield (
        "TxsSummry",
        [
            ("TtlNtries", _count(period.count, came_in + went_out, came_in - went_out)),
            *(("TtlNtriesPerBkTxCd", _of_kind(total)) for total in period.totals),
        ],
    )


def _entry(row: Movement) -> Node:
    amount: list[Node] = [_amount(row.amount), _sign(row.amount)]
    at = [("DtTm", _moment(row.at))]
    details: list[Node] = [
        ("Refs", [("AcctSvcrRef", str(row.posting)), ("TxId", str(row.source_id))]),
        *amount,
        ("RmtInf", [("Ustrd", text(row.description, MOST_REMITTANCE))]),
    ]
    return (
        "Ntry",
        [
            ("NtryRef", str(row.posting)),
            *amount,
            ("RvslInd", "true" if row.kind == PostingKind.REVERSAL else ""),
            ("Sts", [("Cd", "BOOK")]),
            ("BookgDt", at),
            ("ValDt", at),
            ("AcctSvcrRef", str(row.posting)),
            ("BkTxCd", _kind(row.kind)),
            ("NtryDtls", [("TxDtls", details)]),
            ("AddtlNtryInf", text(str(row.kind.label), MOST_MORE)),
        ],
    )


def _balance(code: str, balance: int, day: date) -> Node:
    kind = ("Tp", [("CdOrPrtry", [("Cd", code)])])
    return "Bal", [kind, _amount(balance), _sign(balance), ("Dt", [("Dt", day.isoformat())])]


def _of_kind(total: KindTotal) -> list[Node]:
    net = _count(total.count, total.came_in + total.went_out, total.came_in - total.went_out)
    return [*net, ("BkTxCd", _kind(total.kind))]


def _count(number: int, moved: int, net: int) -> list[Node]:
    return [
        ("NbOfNtries", str(number)),
        ("Sum", str(moved)),
        ("TtlNetNtry", [("Amt", str(abs(net))), _sign(net)]),
    ]


def _kind(kind: PostingKind) -> list[Node]:
    return [("Prtry", [("Cd", kind.value), ("Issr", ISSUER)])]


def _amount(amount: int) -> Node:
    return f'Amt Ccy="{RUPIAH}"', str(abs(amount))


def _sign(amount: int) -> Node:
    return "CdtDbtInd", "DBIT" if amount < 0 else "CRDT"


def _moment(at: datetime) -> str:
    return timezone.localtime(at).isoformat(timespec="seconds")


def text(written: str, most: int) -> str:
    """Return a text as one line that XML can hold, without what nobody sees and with so many characters at most."""
    kept = (" " if character.isspace() else character for character in written)
    return " ".join("".join(c for c in kept if not is_unseen(c) and c not in "\ufffe\uffff").split())[:most].strip()


def _xml(node: Node) -> str:
    """Write an element on a line of its own."""
    return f"{_element(node)}\n"


def _element(node: Node) -> str:
    name, inside = node
    whole = escape(inside) if isinstance(inside, str) else "".join(map(_element, inside))
    return f"<{name}>{whole}</{name.partition(' ')[0]}>" if whole else ""
