"""Bulk Transfer: read, checked, repaired, confirmed, created; once, whole, or not at all.

Trust: L6, M2, M4, R4, U2, W1.
"""

import os
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Activity, Member
from accounts.permissions import Role
from accounts.rights import NotAllowed
from deposits import ledger
from deposits.ledger import Balance, LedgerOwner
from flipdash import rls
from flipdash.models import Message
from flipdash.tables import Unreadable
from tests import factories
from tests.imports.test_hostile_files import REFUSED, cells, text_cell
from tests.leased import let_time_pass
from tests.transactions.bulk_files import GOOD, HEADER, ask, checked, confirm, csv, look, rows_of, upload, work
from tests.transactions.sending import create, fund, let_it_arrive, lines
from tests.twins import at_once
from tests.workbooks import make_xls, make_xlsx
from transactions.bulk import creating, repairs, services
from transactions.bulk.services import BULK, CannotConfirm
from transactions.models import BulkDraft, BulkRow, MoneyTransfer, RailOrder, Status, TransferBatch
from transactions.outgoing.refusals import ShortOfMoney

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep", "files"),
]
SAMPLES = Path(__file__).parent.parent / "data" / "bank-samples" / "bulk"
TOTAL = 1_250_000 + 17_500_000 + 200_000


@pytest.fixture
def maker(kopi_kita):
    return factories.make_member(kopi_kita, Role.MAKER)


@pytest.fixture
def rich(kopi_kita):
    fund(kopi_kita, 100_000_000)
    return kopi_kita


def nothing_exists():
    return not MoneyTransfer.objects.exists() and not TransferBatch.objects.exists()


def test_from_a_file_to_a_batch(rich, maker):
    draft = checked(maker)
    assert (draft.status, draft.fault, draft.name) == ("review", "", "payroll")
    assert [(row.bank, row.account_number, row.amount, row.wrong) for row in rows_of(draft)] == [
        ("bca", "0650000777", 1_250_000, []),
        ("bri", "001200000345888", 17_500_000, []),
        ("gopay", "081234500001", 200_000, []),
    ]
    assert nothing_exists()
    assert confirm(maker, draft, name="Payroll November")
    assert nothing_exists()
    work()
    draft.refresh_from_db()
    assert draft.status == "done"
    batch = TransferBatch.objects.get()
    assert (batch.name, batch.maker_name, draft.batch) == ("Payroll November", maker.name, batch)
    made = MoneyTransfer.objects.order_by("amount")
    assert [(row.bank, row.amount, row.fee, row.internal_reference, row.status) for row in made] == [
        ("gopay", 200_000, made[0].fee, "", Status.PENDING_APPROVAL),
        ("bca", 1_250_000, 2_500, "PAY-1", Status.PENDING_APPROVAL),
        ("bri", 17_500_000, 2_500, "PAY-2", Status.PENDING_APPROVAL),
    ]
    assert (made[1].remark, made[1].beneficiary_email, made[1].maker) == (
        *("Gaji November", "ratna@example.com"),
        maker.actor,
    )
    assert all(lines(row) == ["created"] and row.batch == batch for row in made)
    assert {row.transfer_id for row in rows_of(draft)} == {row.pk for row in made}
    kinds = Activity.objects.using("operator").filter(area="batch").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["batch.uploaded", "batch.confirmed", "batch.created"]


def test_who_may_approve_has_approved_it(rich, admin):
    draft = checked(admin)
    assert look(admin, draft).goes_at_once
    confirm(admin, draft)
    work()
    assert set(MoneyTransfer.objects.values_list("status", flat=True)) == {"processing"}
    assert RailOrder.objects.count() == 3
    with rls.inside_of(rich.pk, "live"):
        held = TOTAL + sum(MoneyTransfer.objects.values_list("fee", flat=True))
        assert ledger.balance(LedgerOwner(rich, "live")) == Balance(100_000_000 - held, held)
    let_it_arrive()
    assert set(MoneyTransfer.objects.values_list("status", flat=True)) == {"successful"}


def test_the_second_person_rule_holds_for_the_sum(rich, admin):
    """Trust: M2."""
    rich.second_person_required, rich.second_person_from = True, TOTAL
    rich.save()
    draft = checked(admin)
    assert not look(admin, draft).goes_at_once
    confirm(admin, draft)
    work()
    assert set(MoneyTransfer.objects.values_list("status", flat=True)) == {"pending_approval"}


def test_approvers_hear_once_that_a_batch_waits_and_its_maker_that_nobody_is_there(rich, maker):
    approver = factories.make_member(rich, Role.APPROVER)
    confirm(maker, checked(maker))
    work()
    message = Message.objects.get(channel="mail", to=approver.user.email)
    assert f"{maker.name} asks you to approve Rp18,950,000" in message.subject
    assert "3 transfers of Kopi Kita from the file “payroll” wait" in message.text
    assert f"/approvals/?batch={TransferBatch.objects.get().pk}" in message.text
    Member.objects.filter(business=rich).exclude(pk=maker.pk).update(is_active=False)
    confirm(maker, checked(maker, csv(GOOD[0].replace("777", "778"))), sure=True)
    work()
    assert "nobody else may approve" in Message.objects.get(channel="mail", to=maker.user.email).text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bri-cms-payroll.csv", [("bri", "001200000345888", 17_500_000), ("bri", "020600000456001", 2_750_000)]),
        (
            "bca-multi-payroll.xlsx",
            [
                ("bca", "0650000777", 1_250_000),
                ("bni", "0012345678", 3_500_000),
                ("bri", "001200000345888", 17_500_000),
                ("bsm", "7000000321", 980_500),
                ("mandiri", "1370000005555", 4_321_987),
            ],
        ),
        (
            "xendit-batch-payout.xlsx",
            [
                ("bca", "0650000777", 1_250_000),
                ("bni", "0012345678", 3_500_000),
                ("bri", "001200000345888", 17_500_000),
                ("bsm", "7000000321", 980_500),
                ("gopay", "081234500001", 200_000),
                ("mandiri", "1370000005555", 4_321_987),
            ],
        ),
    ],
)
def test_files_of_others_go_in_as_they_are(maker, name, expected):
    draft = checked(maker, (SAMPLES / name).read_bytes(), name)
    assert (draft.status, draft.fault) == ("review", "")
    found = rows_of(draft)
    assert [(row.bank, row.account_number, row.amount) for row in found] == expected
    assert not any(row.wrong for row in found)
    assert all(row.internal_reference for row in found)


def wrong_of(maker, bank="BCA", account="0650000777", name="Siti", amount="85000", remark="", reference=""):
    draft = checked(maker, csv(f'{bank},{account},{name},"{amount}",{remark},,{reference}'))
    (row,) = rows_of(draft)
    from transactions.bulk.judging import judge

    return row.wrong, " ".join(judge(row.texts).faults.values())


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        ({"account": "12345"}, "account_number", "10 digits"),
        ({"account": "06500007AB"}, "account_number", "digits only"),
        ({"account": "٠٦٥٠٠٠٠٧٧٧"}, "account_number", "digits only"),
        ({"account": "６５００００７７７０"}, "account_number", "digits only"),
        ({"account": "1E+15"}, "account_number", "digits are lost"),
        ({"account": "1.37E+12"}, "account_number", "digits are lost"),
        ({"account": "650000777.0"}, "account_number", "decimals"),
        ({"account": ""}, "account_number", "No account number"),
        ({"bank": "gopay", "account": "021555"}, "account_number", "phone number"),
        ({"amount": "9999"}, "amount", "smallest transfer"),
        ({"amount": "2.000.000.000"}, "amount", "largest transfer"),
        ({"bank": "dana", "account": "081234500001", "amount": "20.000.001"}, "amount", "largest transfer"),
        ({"amount": "85000.50"}, "amount", "decimals"),
        ({"amount": "seratus ribu"}, "amount", "not an amount"),
        ({"amount": "-85000"}, "amount", "no sign"),
        ({"amount": "８５０００"}, "amount", "not an amount"),
        ({"amount": "1E+15"}, "amount", "shortened"),
        ({"amount": ""}, "amount", "No amount"),
        ({"bank": "Bank Centarl Asia"}, "bank", "BCA"),
        ({"bank": "Bank of Nowhere At All"}, "bank", "No bank or e-wallet"),
        ({"bank": "999"}, "bank", "code"),
        ({"bank": ""}, "bank", "No bank"),
        ({"name": ""}, "beneficiary_name", "No name"),
        ({"name": "Si\u202eti"}, "beneficiary_name", "direction"),
        ({"remark": "gaji #1!"}, "remark", "# !"),
        ({"remark": "INV-2026-11-0001234"}, "remark", "19 characters; at most 18 fit"),
    ],
)
def test_bad_cells_are_named_with_their_reason(maker, cells, column, words):
    """Trust: U2, V2."""
    wrong, said = wrong_of(maker, **cells)
    assert wrong == [column]
    assert words in said
    assert nothing_exists()


@pytest.mark.parametrize(
    "bank", ["014", "14", "CENAIDJA", "cenaidjaxxx", "bca", "BCA", "Bank Central Asia", "PT Bank BCA Tbk"]
)
def test_banks_of_five_systems(maker, bank):
    assert wrong_of(maker, bank=bank) == ([], "")


@pytest.mark.parametrize("account", ["065-0000-777", "0650 000 777", "'0650000777", "065.0000.777"])
def test_account_numbers_in_groups(maker, account):
    assert wrong_of(maker, account=account) == ([], "")


def test_a_spreadsheets_numbers_are_taken_only_where_nothing_can_be_lost(maker):
    header = HEADER.split(",")[:4]
    table = [
        header,
        ["BCA", 8650000777, "Full length", 85000.0],
        ["BCA", 650000777, "A zero is gone", 85001.0],
        ["Mega", 650000777, "Nobody knows", 85002.0],
        ["BTN", 1234567890123456.0, "Too long", 85003.0],
    ]
    draft = checked(maker, make_xlsx(table), "a.xlsx")
    assert [row.wrong for row in rows_of(draft)] == [[], ["account_number"], ["account_number"], ["account_number"]]


BIG = csv(*[f"BCA,{n:010},Siti,{10_000 + n}" for n in range(20_001)], header="Bank,Account Number,Name,Amount")


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "a.csv", "the file is empty"),
        (b"\r\n" * 3, "a.csv", "the file is empty"),
        (csv(), "a.csv", "no transfers"),
        (csv("0650000777,Siti,85000", header="Account,Name,Amount"), "a.csv", "Bank"),
        (csv("BCA,0650000777,85000", header="Bank,Account,Amount"), "a.csv", "Beneficiary Name"),
        (csv("BCA,Siti,85000", header="Bank,Name,Amount"), "a.csv", "Account Number"),
        (csv("BCA,1,2,Siti,3", header="Bank,Account,No Rekening,Name,Amount"), "a.csv", "twice"),
        (csv("a,b,c", header="x,y,z"), "a.csv", ""),
        pytest.param(BIG, "a.csv", "20000", id="20,001 rows"),
        (make_xls([["Bank", "", "Account", "Name", "Amount"]], merged=(0, 0, 0, 1)), "a.xls", "merged"),
    ],
)
def test_files_that_hold_no_transfers_say_why(maker, content, name, words):
    draft = checked(maker, content, name)
    assert (draft.status, draft.problem) == ("failed", "file")
    assert words in draft.fault
    assert draft.fault
    assert rows_of(draft) == []
    assert nothing_exists()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"PK\x05\x06" + bytes(18), "a.xlsx"),
        (b"%PDF-1.7\n", "renamed.xlsx"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "renamed.csv"),
        (b"MZ" + bytes(200), "a.xlsx"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "a.xls"),
    ],
)
def test_files_that_are_no_tables_are_refused_at_once(maker, content, name):
    """The 40 hostile files of the readers stand in tests/imports (trust: U1)."""
    scope = maker.scope("live")
    with rls.inside(scope), pytest.raises(Unreadable):
        services.request_draft(scope, SimpleUploadedFile(name, content))
    assert not BulkDraft.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        *("a zip bomb that says it is small", "an archive that declares 1 GB", "an archive of a .csv"),
        *("macros in an .xlsm", "macros in an .xls", "a password on an .xlsx", "a password on an .xls"),
        *("a merged header", "merged records", "a truncated workbook", "UTF-16 without a mark"),
    ],
)
def test_a_hostile_file_says_what_it_is_and_brings_nothing(maker, name):
    """Trust: U1."""
    make, words = REFUSED[name]
    try:
        said = checked(maker, make(), "payroll.xlsx").fault
    except Unreadable as problem:
        said = str(problem)
    assert words in said
    assert not BulkRow.objects.exists()
    assert nothing_exists()


def test_utf_16_and_semicolons_and_lines_above_are_read(maker):
    text = "Daftar gaji\r\n" + "\r\n".join(line.replace(",", ";") for line in (HEADER, *GOOD))
    for content in (text.encode("utf-16"), text.encode(), text.encode("cp1252")):
        draft = checked(maker, content)
        assert (draft.status, draft.fault, len(rows_of(draft))) == ("review", "", 3)


def test_a_formula_without_a_result_is_a_fault(maker):
    names = [text_cell(f"{letter}1", name) for letter, name in zip("ABCD", HEADER.split(","), strict=False)]
    typed = [text_cell(f"{letter}2", value) for letter, value in zip("ABC", GOOD[0].split(","), strict=False)]
    made = (*names, "</row><row>", *typed, '<c r="D2"><f>1250000+0</f></c>')
    draft = checked(maker, cells(f"<row>{''.join(made)}</row>"), "a.xlsx")
    (row,) = rows_of(draft)
    assert row.wrong == ["amount"]


def test_sums_of_the_file_are_compared(maker):
    header = HEADER.split(",")[:4]
    rows = [header, ["BCA", "0650000777", "Siti", "85000"], ["", "", "TOTAL", "85001"]]
    draft = checked(maker, make_xlsx(rows), "a.xlsx")
    assert (len(rows_of(draft)), draft.notes["sums"], draft.notes["total"]) == (1, [85_001], 85_000)


def test_duplicates_in_the_file_and_before_it(rich, maker):
    create(maker, account_number="0650000777", amount=1_250_000)
    draft = checked(maker, csv(*GOOD, GOOD[1].replace("PAY-2", "PAY-9"), "BCA,0650000778,Siti,85000,,,PAY-9"))
    marks = [(row.is_repeated, row.is_paid_before) for row in rows_of(draft)]
    assert marks == [(False, True), (True, False), (False, False), (True, False), (True, False)]
    with pytest.raises(CannotConfirm, match="paid twice"):
        confirm(maker, draft)
    scope = maker.scope("live")
    with rls.inside(scope):
        assert repairs.leave_out(scope, draft, records=[5]) == 1
    assert [(row.is_repeated, row.is_paid_before) for row in rows_of(draft)][:3] == [
        (False, True),
        (False, False),
        (False, False),
    ]
    assert confirm(maker, draft, sure=True)
    work()
    assert MoneyTransfer.objects.count() == 5


def test_wrong_rows_are_repaired_left_out_and_put_back(rich, maker):
    bad = ["BCA Sariah,1234567890,Budi,85000,,,", "BCA Sariah,1234567891,Budi,86000,,,", "BCA,123,Ani,1,,,"]
    draft = checked(maker, csv(*GOOD, *bad))
    scope = maker.scope("live")
    assert look(maker, draft).wrong == 3
    with pytest.raises(CannotConfirm, match="still wrong"):
        confirm(maker, draft)
    with rls.inside(scope):
        assert repairs.same(draft, "bank", "BCA Sariah").count() == 2
        assert repairs.replace(scope, draft, "bank", "BCA Sariah", "bca_syr") == 2
        assert repairs.repair(scope, draft, {7: {"account_number": "0650000779"}}) == 1
        assert look(maker, draft).wrong == 1
        assert repairs.leave_out(scope, draft, showing="wrong") == 1
        assert look(maker, draft).wrong == 0
        assert repairs.put_back(scope, draft, records=[7]) == 1
        assert repairs.repair(scope, draft, {7: {"amount": "10.000"}}) == 1
    found = look(maker, draft)
    assert found.unasked == 3
    with pytest.raises(CannotConfirm, match="being asked"):
        confirm(maker, draft)
    ask()
    assert (found.wrong, found.count, found.amount) == (0, 6, TOTAL + 85_000 + 86_000 + 10_000)
    assert confirm(maker, draft)
    with rls.inside(scope), pytest.raises(repairs.NotInReview):
        repairs.repair(scope, draft, {2: {"amount": "1"}})


def test_what_changed_since_it_was_shown_is_asked_again(rich, maker):
    """Trust: M3."""
    draft = checked(maker)
    seen = look(maker, draft).digest
    scope = maker.scope("live")
    with rls.inside(scope):
        repairs.repair(scope, draft, {2: {"amount": "1250001"}})
    with pytest.raises(CannotConfirm, match="changed"):
        confirm(maker, draft, seen=seen)
    ask()
    confirm(maker, draft)
    create(maker, account_number="0650000777", amount=1_250_001)
    work()
    draft.refresh_from_db()
    assert (draft.status, draft.problem, TransferBatch.objects.count()) == ("review", "changed", 0)


def test_short_of_money_makes_nothing(kopi_kita, admin):
    fund(kopi_kita, 1_000_000)
    draft = checked(admin)
    with pytest.raises(ShortOfMoney):
        confirm(admin, draft)
    fund(kopi_kita, 100_000_000)
    confirm(admin, draft)
    with rls.inside_of(kopi_kita.pk, "live"):
        ledger.hold(LedgerOwner(kopi_kita, "live"), ledger.Source("case", 1), amount=90_000_000)
    work()
    draft.refresh_from_db()
    assert (draft.status, draft.problem) == ("review", "short")
    assert draft.missing > 0
    assert nothing_exists()


def test_confirmed_twice_and_from_two_tabs_makes_one(rich, maker):
    """Trust: L6."""
    draft = checked(maker)
    seen = look(maker, draft).digest
    done = at_once(4, lambda _n: confirm(maker, draft, seen=seen))
    assert sorted(done) == [False, False, False, True]
    work()
    assert not confirm(maker, draft, seen=seen)
    work()
    assert (TransferBatch.objects.count(), MoneyTransfer.objects.count()) == (1, 3)


def test_the_same_file_again_is_the_one_under_way(maker):
    draft = upload(maker)
    assert upload(maker) == draft
    work()
    assert upload(maker) == draft


def test_a_killed_worker_leaves_nothing_and_another_begins_again(monkeypatch, rich, maker):
    draft = checked(maker)
    confirm(maker, draft)
    with monkeypatch.context() as dies:
        dies.setattr(creating.rights, "ask_again", lambda *args: (_ for _ in ()).throw(RuntimeError("killed")))
        BULK.work()
    assert nothing_exists()
    let_time_pass(BULK)
    work()
    draft.refresh_from_db()
    assert (draft.status, draft.attempt, MoneyTransfer.objects.count()) == ("done", 2, 3)
    assert len(rows_of(draft)) == 3


@pytest.mark.parametrize("how", ["fails", "dies"])
def test_what_cannot_be_created_waits_for_a_person_again(monkeypatch, rich, maker, how):
    draft = checked(maker)
    confirm(maker, draft)
    with monkeypatch.context() as broken:
        broken.setattr(creating.rights, "ask_again", lambda *args: (_ for _ in ()).throw(RuntimeError("broken")))
        for _attempt in range(BULK.most_attempts):
            assert BULK.work() if how == "fails" else BULK.claim()
            let_time_pass(BULK)
    BULK.sweep()
    draft.refresh_from_db()
    assert (draft.status, draft.problem, draft.finished_at, len(rows_of(draft))) == ("review", "error", None, 3)
    assert nothing_exists()
    assert confirm(maker, draft)
    work()
    assert MoneyTransfer.objects.count() == 3


def test_names_are_asked_in_the_background_and_differing_ones_want_a_reason(rich, maker):
    lines_of = ["BCA,0012349005,Siti,85000,,,", "BCA,0012349001,Budi,86000,,,", "BCA,0012349004,Ani,87000,,,"]
    draft = upload(maker, csv(*lines_of))
    BULK.work()
    assert look(maker, draft).unasked == 3
    work()
    differs, refused, unnamed = rows_of(draft)
    assert (differs.holder_name, differs.name_differs, differs.wrong) == ("BAMBANG SUTEJO", True, [])
    assert (refused.holder_status, refused.wrong) == ("not_found", ["account_number"])
    assert (unnamed.name_differs, unnamed.wrong) == (False, [])
    scope = maker.scope("live")
    with rls.inside(scope):
        repairs.repair(scope, draft, {3: {"amount": "86001"}})
        assert rows_of(draft)[1].wrong == ["account_number"], "what the bank said stays with the account"
        repairs.repair(scope, draft, {3: {"account_number": "0012345678"}})
    ask()
    with pytest.raises(CannotConfirm, match="names differ"):
        confirm(maker, draft, name_reason="")
    with rls.inside(scope):
        repairs.repair(scope, draft, {3: {"beneficiary_name": rows_of(draft)[1].holder_name or "Budi"}})
    ask()
    assert confirm(maker, draft, name_reason="He is her father")
    work()
    made = MoneyTransfer.objects.get(account_number="0012349005")
    assert (made.holder_name, made.name_reason) == ("BAMBANG SUTEJO", "He is her father")
    others = MoneyTransfer.objects.exclude(pk=made.pk).order_by("amount").values_list("account_number", "name_reason")
    assert list(others) == [("0012345678", ""), ("0012349004", "He is her father")], "of one no bank said whose it is"


@pytest.mark.parametrize(("when", "status"), [("uploaded", "failed"), ("confirmed", "review")])
def test_whoever_lost_the_right_creates_nothing(rich, maker, when, status):
    """Trust: R4."""
    draft = upload(maker) if when == "uploaded" else checked(maker)
    if when == "confirmed":
        confirm(maker, draft)
    Member.objects.filter(pk=maker.pk).update(role=Role.REVIEWER)
    work()
    draft.refresh_from_db()
    assert (draft.status, draft.problem) == (status, "not allowed")
    assert nothing_exists()
    with pytest.raises(NotAllowed):
        upload(Member.objects.get(pk=maker.pk), csv(GOOD[0]))


def test_anothers_rows_are_unseen(maker, stranger):
    """Trust: W1, W4."""
    draft = checked(maker)
    with rls.inside(stranger.scope("live")):
        assert not BulkRow.objects.exists()
        assert not BulkDraft.objects.visible_to(stranger.scope("live")).exists()
        with pytest.raises(BulkDraft.DoesNotExist):
            services.confirm(stranger.scope("live"), draft, seen="", sure=True)
    with rls.inside(maker.scope("test")):
        assert not BulkRow.objects.exists()


def test_its_parts_are_read_by_an_index_and_in_few_queries(maker):
    bad = [f"Nowhere,{n:010},Siti,85000" for n in range(40)]
    draft = checked(maker, csv(*bad, header="Bank,Account Number,Name,Amount"))
    with rls.inside(maker.scope("live")), connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        for showing in ("wrong", "twins", "names", "left-out"):
            page = draft.rows.filter(repairs.SHOWING[showing], record__gt=3).order_by("record")[:51]
            assert "using bulkrow_" in page.explain()
        assert "bulkrow_in_order" in draft.rows.filter(record__gt=3).order_by("record")[:51].explain()
        cursor.execute("RESET enable_seqscan")
    scope = maker.scope("live")
    with rls.inside(scope):
        with CaptureQueriesContext(connection) as one:
            repairs.repair(scope, draft, {2: {"bank": "BCA"}})
        with CaptureQueriesContext(connection) as many:
            repairs.replace(scope, draft, "bank", "Nowhere", "BCA")
    assert len(many) <= len(one) <= 12


MANY = int(os.environ.get("BULK_ROWS", "0"))


@pytest.mark.skipif(not MANY, reason="a heavy proof: BULK_ROWS=20000")
def test_so_many(rich, admin):  # pragma: no cover
    import time

    fund(rich, 10**13)
    banks = ("BCA", "Bank Mandiri", "BRI", "009")
    digits = {"BCA": 10, "Bank Mandiri": 13, "BRI": 15, "009": 10}
    content = csv(
        *[
            f"{banks[n % 4]},{str(n).zfill(digits[banks[n % 4]])},Siti {n},{10_000 + n},Gaji,,REF-{n}"
            for n in range(MANY)
        ]
    )
    took = {}
    began = time.perf_counter()
    draft = checked(admin, content)
    took["checked"] = time.perf_counter() - began
    assert draft.status == "review"
    scope = admin.scope("live")
    began = time.perf_counter()
    with rls.inside(scope):
        repairs.repair(scope, draft, {500: {"amount": "1"}})
    took["repair"] = time.perf_counter() - began
    began = time.perf_counter()
    look(admin, draft)
    took["look"] = time.perf_counter() - began
    began = time.perf_counter()
    with rls.inside(scope):
        creating.look_again(scope, draft)
    took["look again"] = time.perf_counter() - began
    with rls.inside(scope):
        repairs.repair(scope, draft, {500: {"amount": "10000"}})
        refused = repairs.leave_out(scope, draft, showing="wrong")  # what the simulated bank doesn't have
    BulkRow.objects.using("operator").update(holder_status="found")
    confirm(admin, draft)
    began = time.perf_counter()
    work()
    took["created and approved"] = time.perf_counter() - began
    print(took)
    draft.refresh_from_db()
    assert (draft.status, MoneyTransfer.objects.count()) == ("done", MANY - refused)
