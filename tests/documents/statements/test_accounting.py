"""MT940 and CAMT.053: read back by our own reader and by others, they are what was written, to the rupiah."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from types import SimpleNamespace

import mt940 as other_reader
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from deposits.ledger.statement import KindTotal, Movement
from deposits.models import PostingKind
from deposits.statements.mt940 import Mt940
from documents.models import Statement
from documents.statements import camt, mt940
from documents.statements.content import Content
from flipdash.tables import Row
from tests.documents.statements.conftest import content_of
from tests.documents.test_pdf import HOSTILE

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
ACCOUNT = "0000000012"
X = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*")
MOVED = st.lists(
    st.tuples(
        st.integers(0, 31 * 86_400 - 1),
        st.sampled_from(PostingKind),
        st.integers(1, 10**13 - 1),
        st.booleans(),
        st.one_of(st.text(max_size=120), st.sampled_from([":86:x", "-", "-}", ":61:", *HOSTILE, "W" * 900])),
    ),
    max_size=8,
)
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def content(moved, opening: int = 0, *, is_over: bool = True) -> Content:
    """Return a statement of some movements that no database knows."""
    begins = datetime(2026, 2, 28, 17, tzinfo=UTC)
    in_order = sorted(moved, key=lambda one: one[0])
    amounts = [amount if is_in else -amount for _s, _kind, amount, is_in, _text in in_order]
    balances = list(accumulate(amounts, initial=opening))
    rows = [
        Movement(begins + timedelta(seconds=s), kind, "x", 2611291034587670982 + n, 7_000 + n, amount, balance, said)
        for n, ((s, kind, _a, _i, said), amount, balance) in enumerate(
            zip(in_order, amounts, balances[1:], strict=True)
        )
    ]
    totals = [
        KindTotal(
            kind,
            sum(row.kind == kind for row in rows),
            sum(row.amount for row in rows if row.kind == kind and row.amount > 0),
            -sum(row.amount for row in rows if row.kind == kind and row.amount < 0),
        )
        for kind in dict.fromkeys(row.kind for row in rows)
    ]
    business = SimpleNamespace(pk=12, name="Kopi & <Kita>", legal_name="PT Kopi & <Kita>\u202e \ufffe", npwp="")
    statement = SimpleNamespace(
        business=business, first=FIRST, last=LAST, reference="S000001", format="sta",
        starts_at=begins, ends_at=begins + timedelta(days=31),
    )  # fmt: skip
    period = SimpleNamespace(
        opening=opening, closing=balances[-1], totals=totals, count=len(rows), scope=SimpleNamespace(is_test=False)
    )
    as_of = begins + timedelta(days=40 if is_over else 20)
    return Content(statement, period, as_of, iter([rows] if rows else []))


def rows_of(moved, opening=0) -> list[Movement]:
    return list(content(moved, opening).rows())


def written(write, what: Content, folder: Path) -> bytes:
    path = folder / "file"
    with timezone.override("Asia/Jakarta"):
        write(what, path)
    return path.read_bytes()


def read(file: bytes) -> tuple[Mt940, list]:
    """Read a file as the operator's bank statements are read."""
    lines = (Row(number, number, [line]) for number, line in enumerate(file.decode("ascii").split("\r\n"), 1))
    reader = Mt940(lines, own_account=ACCOUNT, senders=(), today=date(2026, 12, 1))
    return reader, list(reader.lines())


@few
@given(moved=MOVED, opening=st.integers(0, 10**13))
def test_our_own_reader_reads_our_mt940_back_equal(moved, opening, tmp_path):
    file = written(mt940.write, content(moved, opening), tmp_path)
    reader, lines = read(file)
    rows = rows_of(moved, opening)
    assert (reader.faults, reader.said.doubts) == ([], [])
    assert (reader.said.opening, reader.said.closing) == (opening, rows[-1].balance if rows else opening)
    with timezone.override("Asia/Jakarta"):
        wanted = [
            (timezone.localtime(row.at).date(), row.amount, row.balance, " ".join(mt940.text_of(row))) for row in rows
        ]
    assert [(line.booked_on, line.amount, line.balance, line.description) for line in lines] == wanted


@few
@given(moved=MOVED, opening=st.integers(0, 10**13))
def test_it_is_as_the_standard_has_it(moved, opening, tmp_path):
    lines = written(mt940.write, content(moved, opening), tmp_path).decode("ascii").split("\r\n")
    assert lines[:4] == [":20:FD260301260331", f":25:FLIPDASH/{ACCOUNT}", ":28C:26090/1", lines[3]]
    assert re.fullmatch(r":60F:[CD]260301IDR[0-9]{1,14},(00)?", lines[3])
    assert re.fullmatch(r":62F:[CD]260331IDR[0-9]{1,14},(00)?", lines[-4])
    assert lines[-3:] == [lines[-4].replace(":62F:", ":64:"), "-", ""]
    for line in lines:
        assert X.fullmatch(line)
        assert len(line) <= len(":86:") + 65
    for entry in (line for line in lines if line.startswith(":61:")):
        assert re.fullmatch(r":61:26(03[0-3]\d)\1(C|D|RC|RD)[0-9,]{2,15}(NTRF|NMSC)NONREF", entry)
    texts = re.findall(r"\r\n:86:(.*?)(?=\r\n:6)", "\r\n".join(lines), re.DOTALL)
    assert all(len(text.split("\r\n")) <= 6 for text in texts)


@settings(few, max_examples=8)
@given(moved=MOVED, opening=st.integers(0, 10**13))
def test_a_reader_that_is_not_ours_reads_the_same(moved, opening, tmp_path):
    (tmp_path / "a.sta").write_bytes(written(mt940.write, content(moved, opening), tmp_path))
    found = other_reader.parse(str(tmp_path / "a.sta"))
    rows = rows_of(moved, opening)
    assert found.data["final_opening_balance"].amount.amount == opening
    assert found.data["final_closing_balance"].amount.amount == (rows[-1].balance if rows else opening)
    sums = [one.data["amount"].amount for one in found if "amount" in one.data]
    # It takes RC, which takes a credit back, for money that came in: only its size is compared.
    unsigned = [row.kind == PostingKind.REVERSAL for row in rows]
    assert [abs(found) if u else found for found, u in zip(sums, unsigned, strict=True)] == [
        abs(row.amount) if u else row.amount for row, u in zip(rows, unsigned, strict=True)
    ]
    assert [one.data["extra_details"] for one in found if "amount" in one.data] == [str(row.source_id) for row in rows]


def test_sums_that_are_too_long_are_refused(tmp_path):
    longest = (0, PostingKind.TOP_UP, 10**14 - 1, True, "x")
    assert b"C99999999999999,NTRF" in written(mt940.write, content([longest]), tmp_path)
    with pytest.raises(mt940.TooLarge):
        written(mt940.write, content([(0, PostingKind.TOP_UP, 10**14, True, "x")]), tmp_path)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Nguyễn Văn Á", "Nguyen Van A"),
        ("Straße & Søn; [x]_y", "Strasse + Son, (x)-y"),
        ("a · b – c", "a, b - c"),
        ("王小明 Toko", ". Toko"),
        ("🎉", "."),
        ("Si\u202eti Rah\u200bma", "Siti Rahma"),
        ("x\r\n:62F:C", "x :62F:C"),
    ],
)
def test_names_become_the_nearest_that_swift_can_say(name, plain):
    assert mt940.plain(name) == plain


@few
@given(moved=MOVED, opening=st.integers(0, 10**13))
def test_camt_says_what_the_ledger_says(moved, opening, tmp_path):
    root = etree.fromstring(written(camt.write, content(moved, opening), tmp_path))
    rows = rows_of(moved, opening)

    def all_of(path: str) -> list[str]:
        return [node.text for node in root.findall("/".join(f"{{*}}{name}" for name in path.split("/")))]

    def signed(path: str) -> list[int]:
        sums = zip(all_of(f"{path}/Amt"), all_of(f"{path}/CdtDbtInd"), strict=True)
        return [int(amount) * (1 if sign == "CRDT" else -1) for amount, sign in sums]

    stmt = "BkToCstmrStmt/Stmt"
    assert etree.QName(root).namespace == "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
    assert signed(f"{stmt}/Ntry") == [row.amount for row in rows]
    assert signed(f"{stmt}/Bal") == [opening, rows[-1].balance if rows else opening]
    assert all_of(f"{stmt}/Bal/Tp/CdOrPrtry/Cd") == ["OPBD", "CLBD"]
    assert all_of(f"{stmt}/Ntry/NtryDtls/TxDtls/Refs/TxId") == [str(row.source_id) for row in rows]
    assert all_of(f"{stmt}/TxsSummry/TtlNtries/NbOfNtries") == [str(len(rows))]
    net = signed(f"{stmt}/TxsSummry/TtlNtriesPerBkTxCd/TtlNetNtry")
    assert sum(net) == sum(row.amount for row in rows)
    moments = [datetime.fromisoformat(at) for at in all_of(f"{stmt}/Ntry/BookgDt/DtTm")]
    assert moments == [row.at for row in rows]
    assert all_of(f"{stmt}/Acct/Ownr/Nm") == ["PT Kopi & <Kita>"]


ORDER = {
    "Stmt": "Id ElctrncSeqNb CreDtTm FrToDt Acct Bal TxsSummry Ntry",
    "Acct": "Id Ccy Ownr Svcr",
    "Bal": "Tp Amt CdtDbtInd Dt",
    "TtlNtries": "NbOfNtries Sum TtlNetNtry",
    "TtlNtriesPerBkTxCd": "NbOfNtries Sum TtlNetNtry BkTxCd",
    "Ntry": "NtryRef Amt CdtDbtInd RvslInd Sts BookgDt ValDt AcctSvcrRef BkTxCd NtryDtls AddtlNtryInf",
    "TxDtls": "Refs Amt CdtDbtInd RmtInf",
}
"""The schema's own order of the elements that we write."""
LONGEST = {"MsgId": 35, "Id": 35, "NtryRef": 35, "AcctSvcrRef": 35, "TxId": 35, "Cd": 35, "Issr": 35, "Nm": 140}
LONGEST |= {"Ustrd": 140, "AddtlNtryInf": 500}


@few
@given(moved=MOVED)
def test_camt_keeps_the_schema_s_order_and_lengths(moved, tmp_path):
    root = etree.fromstring(written(camt.write, content(moved, is_over=False), tmp_path))
    for node in root.iter():
        name = etree.QName(node).localname
        inside = [etree.QName(child).localname for child in node]
        if name in ORDER:
            allowed = ORDER[name].split()
            assert sorted(inside, key=allowed.index) == inside
        if not inside:
            assert 0 < len(node.text) <= LONGEST.get(name, 60)
    assert "ITBD" in [node.text for node in root.iter("{*}Cd")]


@pytest.mark.django_db(transaction=True, databases=["default", "operator", "snapshot"])
@pytest.mark.parametrize("format", [Statement.Format.MT940, Statement.Format.CAMT])
def test_files_of_the_ledger_agree_with_it(scope, moved, make, format):
    file = content_of(make(format)).decode()
    amounts = {
        "sta": [int(sign + digits) for sign, digits in signs(re.findall(r":61:\d{10}(C|D)(\d+),", file))],
        "xml": [int(sign + digits) for sign, digits in signs(reversed_pairs(file))],
    }[format]
    assert amounts == [-102_500, -52_500, 52_500, -12_500]
    assert "Sri Wahyuni" in " ".join(file.split())


def signs(pairs) -> list[tuple[str, str]]:
    return [("-" if sign in ("D", "DBIT") else "", digits) for sign, digits in pairs]


def reversed_pairs(file: str) -> list[tuple[str, str]]:
    entries = re.findall(r'<Ntry><NtryRef>\d+</NtryRef><Amt Ccy="IDR">(\d+)</Amt><CdtDbtInd>(\w+)', file)
    return [(sign, digits) for digits, sign in entries]
