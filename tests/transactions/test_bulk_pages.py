"""Bulk Transfer in the page: uploaded, repaired, confirmed; the batch, its result file, and Retry Failed."""

import csv as csv_module
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from python_calamine import CalamineWorkbook

from accounts.permissions import Role
from flipdash import clock, rls
from tests import factories
from tests.leased import let_time_pass
from tests.transactions.bulk_files import GOOD, HEADER, ask, checked, confirm, csv, look, rows_of, upload, work
from tests.transactions.sending import create, fund, let_it_arrive
from tests.turns import swept
from tests.workbooks import make_xlsx
from transactions.bulk import asking, repairs, retrying, services
from transactions.bulk.asking import NAMES
from transactions.models import BulkDraft, BulkNames, BulkRow, MoneyTransfer, TransferBatch
from transactions.outgoing import answers
from transactions.rails import Answer, Holder, HolderStatus, Outcome, RailDown
from transactions.rails.simulator import Simulator
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep", "files"),
]
BULK = "/money-transfers/bulk/"
BAD = ("BCA Sariah,1234567890,Budi,85000,,,", "BCA Sariah,1234567891,Ani,86000,,,", "BCA,123,Wati,87000,,,")


@pytest.fixture
def maker(kopi_kita):
    fund(kopi_kita, 100_000_000)
    return factories.make_member(kopi_kita, Role.MAKER, name="Mira Maker")


@pytest.fixture
def client(client_of, maker):
    return client_of(maker)


def post(client, draft, act, **values):
    return client.post(reverse(f"transactions:bulk-{act}", args=[draft.number]), values, follow=True)


def test_one_text_is_offered_for_many_rows_where_one_can_be_right(client, maker):
    lines = ["bca,0650000771,,1000000,,,", "bca,0650000772,,1000000,,,"]
    lines += [",0650000773,Siti,1000000,,,", ",0650000774,Budi,1000000,,,"]
    client.post(BULK, {"file": SimpleUploadedFile("gaji.csv", csv(*lines))})
    work()
    text = client.get(f"{BULK}{BulkDraft.objects.get().number}/").content.decode()
    assert "Bank “–” in 2 rows: replace by" in text
    assert "Beneficiary Name “–”" not in text, "each has a name of its own"


def test_upload_repair_confirm(client, maker):
    page = client.post(BULK, {"file": SimpleUploadedFile("gaji.csv", csv(*GOOD, *BAD))}, follow=True)
    draft = BulkDraft.objects.get()
    assert page.redirect_chain == [(f"{BULK}{draft.number}/", 302)]
    assert "Being checked" in page.content.decode() or "Waiting" in page.content.decode()
    work()
    page = client.get(f"{BULK}{draft.number}/")
    assert page.context["showing"] == "wrong"
    text = page.content.decode()
    assert "An account at BCA has 10 digits; this has 3." in text
    assert "Bank “BCA Sariah” in 2 rows: replace by" in text
    assert "Confirm" not in text
    page = post(client, draft, "replacement", field="bank", old="BCA Sariah", new="bca_syr")
    assert "Replaced in 2 rows." in page.content.decode()
    page = post(client, draft, "repair", **{"show": "wrong", "after": "", "7-account_number": "0650000779"})
    assert page.context["look"].wrong == 0
    ask()
    page = client.get(f"{BULK}{draft.number}/?show=")
    seen, name = page.context["look"].digest, "Gaji November"
    assert "Confirm 6 transfers: Rp" in page.content.decode()
    assert not MoneyTransfer.objects.exists()
    post(client, draft, "confirmation", seen=seen, name=name, name_reason="Right")
    post(client, draft, "confirmation", seen=seen, name=name, name_reason="Right")
    work()
    batch = TransferBatch.objects.get()
    assert (batch.name, batch.maker_name, MoneyTransfer.objects.count()) == (name, "Mira Maker", 6)
    page = client.get(f"{BULK}{draft.number}/", follow=True)
    assert page.redirect_chain[-1][0] == reverse("transactions:bulk-batch", args=[batch.pk])
    assert "Pending approval" in page.content.decode()
    page = client.get(BULK)
    ((listed, counts),) = page.context["batches"]
    assert (listed, counts["rows"], counts["states"][0][1]) == (batch, 6, 6)


def test_what_was_typed_stays_and_is_escaped(client, maker):
    draft = checked(maker, csv('BCA,1,<b>Budi</b>,"8x",,,'))
    page = client.get(f"{BULK}{draft.number}/")
    text = page.content.decode()
    assert "&lt;b&gt;Budi" in text
    assert "<b>Budi" not in text
    page = post(client, draft, "repair", **{"show": "wrong", "2-amount": '"><script>', "2-account_number": "12"})
    assert 'value="&quot;&gt;&lt;script&gt;"' in page.content.decode()
    assert "this has 2" in page.content.decode()


def test_checking_again_takes_nothing_that_nobody_typed(client, maker):
    """A page sends all of its inputs: a number that a spreadsheet cut stays refused until somebody types it."""
    table = [
        HEADER.split(",")[:4],
        ["Mega", 650000777, "Siti", "85000"],
        ["Nowhere", "0650000778", "Budi", "86000"],
    ]
    draft = checked(maker, make_xlsx(table), "a.xlsx")
    page = post(client, draft, "repair", **{"show": "wrong", "2-account_number": "650000777", "3-bank": "BCA"})
    assert [row.wrong for row in rows_of(draft)] == [["account_number"], []]
    assert "cut the zeros in front" in page.content.decode()
    post(client, draft, "repair", **{"show": "wrong", "2-account_number": "'650000777"})
    assert [(row.account_number, row.wrong) for row in rows_of(draft)] == [("650000777", []), ("0650000778", [])]


def test_what_no_column_keeps_is_refused_beside_its_cell(client, maker):
    """NUL, which jsonb doesn't take, and an address that is longer than its column."""
    long = f"{'a' * 60}@{'.'.join(['b' * 60] * 3)}.{'c' * 20}.com"
    draft = checked(maker, csv(f"BCA,0650000777,Siti,85000,,{long},", "Nowhere,0650000778,Budi,86000,,,"))
    assert [row.wrong for row in rows_of(draft)] == [["beneficiary_email"], ["bank"]]
    page = post(client, draft, "repair", **{"show": "wrong", "2-beneficiary_name": "Si\0ti", "3-bank": "B\0CA"})
    assert "This holds a character that can’t be seen" in page.content.decode()
    page = post(client, draft, "replacement", field="bank", old="B\0CA", new="\0")
    assert page.status_code == 200
    assert [row.wrong for row in rows_of(draft)] == [["beneficiary_email", "beneficiary_name"], ["bank"]]


def test_leaving_out_and_taking_in(client, maker):
    draft = checked(maker, csv(*GOOD, *BAD))
    page = post(client, draft, "repair", show="wrong", leave="5")
    assert (page.context["look"].wrong, page.context["look"].left_out) == (2, 1)
    page = post(client, draft, "repair", show="left-out", back="5")
    assert page.context["look"].left_out == 0
    page = post(client, draft, "repair", show="wrong", leave_all="1")
    assert (page.context["look"].wrong, page.context["look"].left_out) == (0, 3)


@pytest.mark.parametrize("query", ["?show=x", "?after=x", "?after=-1", "?edit=x", "?after=99999999"])
def test_addresses_of_no_page(client, maker, query):
    draft = checked(maker)
    assert client.get(f"{BULK}{draft.number}/{query}").status_code == 404


def test_rows_are_paged_by_their_place(client, maker):
    draft = checked(maker, csv(*[f"BCA,{n:010},Siti,{10_000 + n},,," for n in range(120)]))
    page = client.get(f"{BULK}{draft.number}/?show=")
    assert [line.row.record for line in page.context["lines"]] == list(range(2, 52))
    page = client.get(f"{BULK}{draft.number}/{page.context['next_url'].partition('#')[0]}")
    assert page.context["lines"][0].row.record == 52
    page = client.get(f"{BULK}{draft.number}/?show=&after=101")
    assert (len(page.context["lines"]), page.context["next_url"]) == (20, "")


def test_its_queries_do_not_grow(client, maker, django_assert_max_num_queries):
    draft = checked(maker, csv(*[f"Nowhere,{n:010},Siti,{10_000 + n},,," for n in range(60)]))
    with django_assert_max_num_queries(24):
        client.get(f"{BULK}{draft.number}/")
    with django_assert_max_num_queries(20):
        client.get(BULK)


def test_duplicates_want_a_yes_and_a_bad_form_stays(client, maker):
    draft = checked(maker, csv(GOOD[0], GOOD[0].replace("PAY-1", "PAY-2")))
    seen = look(maker, draft).digest
    page = post(client, draft, "confirmation", seen=seen, name="Twice", name_reason="Right")
    assert "Some rows may be paid twice." in page.content.decode()
    assert 'value="Twice"' in page.content.decode()
    post(client, draft, "confirmation", seen=seen, name="Twice", sure="on", name_reason="Right")
    work()
    assert MoneyTransfer.objects.count() == 2


def test_what_was_paid_since_it_was_seen_is_seen_again(client, maker):
    """Two save the same payroll: all of it was paid before, and then once more by the other one (trust: M3)."""
    fund(maker.business, 100_000_000)
    create(maker, account_number="0650000777", amount=1_250_000)
    mine, theirs = checked(maker), checked(maker, csv(*GOOD) + b"\r\n")
    page = client.get(f"{BULK}{mine.number}/")
    seen = page.context["look"].digest
    said = {"name": "Once", "sure": "on", "name_reason": "Right"}
    assert confirm(maker, theirs, sure=True)
    work()
    page = post(client, mine, "confirmation", seen=seen, **said)
    assert "Something has changed since you looked." in page.content.decode()
    assert (TransferBatch.objects.count(), page.context["look"].twins) == (1, 3)
    seen_again = page.context["look"].digest
    assert f'name="seen" value="{seen_again}"' in page.content.decode()
    create(maker, account_number="0650000777", amount=1_250_000)  # only which ones are paid twice is other
    assert client.get(f"{BULK}{mine.number}/").context["look"].twins == 3
    page = post(client, mine, "confirmation", seen=seen_again, **said)
    assert "Something has changed since you looked." in page.content.decode()
    post(client, mine, "confirmation", seen=page.context["look"].digest, **said)
    work()
    assert TransferBatch.objects.count() == 2


def test_only_so_many_files_are_under_way(client, maker, monkeypatch):
    monkeypatch.setattr(services, "MOST_OPEN", 1)
    draft = checked(maker)
    assert upload(maker) == draft, "the same one is no other"
    page = client.post(BULK, {"file": SimpleUploadedFile("b.csv", csv(GOOD[0]))})
    assert "Your business has 1 files under way." in page.content.decode()
    batch = factories.make_batch(maker.business)
    factories.make_transfer(maker.business, batch=batch, status="failed")
    page = client.post(reverse("transactions:batch-retry", args=[batch.pk]), follow=True)
    assert "files under way" in page.content.decode()
    assert BulkDraft.objects.count() == 1
    post(client, draft, "cancellation")
    client.post(reverse("transactions:batch-retry", args=[batch.pk]))
    assert BulkDraft.objects.count() == 2


def test_throwing_a_file_away(client, maker):
    draft = checked(maker)
    page = post(client, draft, "cancellation")
    assert "Nothing was created" in page.content.decode()
    assert (rows_of(draft), BulkDraft.objects.get().status) == ([], "cancelled")


def test_progress_is_polled_and_sends_on(client, maker):
    draft = upload(maker)
    answer = client.get(f"{BULK}{draft.number}/status/")
    assert "hx-get" in answer.content.decode()
    work()
    assert client.get(f"{BULK}{draft.number}/status/")["HX-Redirect"] == f"{BULK}{draft.number}/"


def test_the_template_goes_in_as_it_is(client, maker):
    content = client.get(f"{BULK}template/").content
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert book.sheet_names == ["Transfers", "Examples", "Banks"]
    (header,) = book.get_sheet_by_name("Transfers").to_python()
    assert header == HEADER.split(",")
    codes = {row[0] for row in book.get_sheet_by_name("Banks").to_python()}
    assert {"bca", "bca_syr", "gopay", "BNI (VA)"} <= codes
    examples = book.get_sheet_by_name("Examples").to_python()[1:]
    draft = checked(maker, csv(*[",".join(row) for row in examples]))
    assert [row.wrong for row in rows_of(draft)] == [[]] * len(examples)


def batch_of(admin, *, name="gaji.csv", content=None):
    """Make a batch of which one transfer arrives and two fail."""
    failing = [f"BCA,00123{n}9003,Rudi,9000{n},,," for n in range(2)]
    draft = checked(admin, content or csv(GOOD[0], *failing, "BCA,1,Left,1,,,"), name)
    with rls.inside(admin.scope("live")):
        BulkRow.objects.filter(draft=draft).exclude(wrong=[]).update(is_left_out=True)
    ask()
    assert confirm(admin, draft)
    work()
    let_it_arrive()
    draft.refresh_from_db()
    return draft.batch


def test_the_result_comes_back_in_the_shape_that_was_uploaded(web, admin):
    fund(admin.business, 100_000_000)
    header = ["NO", "NAMA", "ACCOUNT", "AMOUNT", "EMAIL", "CUSTOMERREFF", "Catatan lain"]
    rows = [
        [1, "=CV Sumber", "001200000345888", 17_500_000, "", "PAY1", "x"],
        [2, "Agus", "020600000459003", 50_000, "", "PAY2", ""],
    ]
    batch = batch_of(admin, name="gaji.xlsx", content=make_xlsx([header, *rows]))
    answer = web.get(reverse("transactions:batch-result", args=[batch.pk]))
    table = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert table[0][:8] == [*header, "Status"]
    assert [[*row[:3], row[7]] for row in table[1:]] == [
        ["1", "=CV Sumber", "001200000345888", "Successful"],
        ["2", "Agus", "020600000459003", "Failed"],
    ]
    assert b"<f>" not in answer.content


def test_results_as_csv_wake_no_formula(web, admin):
    """Trust: E1."""
    fund(admin.business, 100_000_000)
    batch = batch_of(admin, content=csv("BCA,0650000777,=1+1,85000,,,", "BCA,1,Left,1,,,"))
    answer = web.get(reverse("transactions:batch-result", args=[batch.pk]))
    table = list(csv_module.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row[2] for row in table[1:]] == ["'=1+1", "Left"]
    assert [row[7] for row in table] == ["Status", "Successful", "Left out"]


def test_a_result_says_what_was_paid_after_a_repair(web, admin):
    fund(admin.business, 100_000_000)
    draft = checked(admin, csv("BCA,123,Siti,85000,,,"))
    changes = {2: {"account_number": "0650000777", "amount": "86.000", "beneficiary_name": "Siti A"}}
    with rls.inside(admin.scope("live")):
        repairs.repair(admin.scope("live"), draft, changes)
    ask()
    confirm(admin, draft)
    work()
    answer = web.get(reverse("transactions:batch-result", args=[TransferBatch.objects.get().pk]))
    header, row = csv_module.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    said = dict(zip(header, row, strict=True))
    assert (said["Account Number"], said["Amount"]) == ("123", "85000"), "as it was uploaded"
    used = [said[f"{name} Used"] for name in ("Bank", "Account Number", "Name", "Amount")]
    assert used == ["BCA", "0650000777", "Siti A", "86000"]


def test_retry_failed_drafts_each_once(web, admin):
    fund(admin.business, 100_000_000)
    batch = batch_of(admin)
    page = web.get(reverse("transactions:bulk-batch", args=[batch.pk]))
    assert "Retry Failed</span> (2)" in page.content.decode() or "Retry Failed (2)" in page.content.decode()
    page = web.post(reverse("transactions:batch-retry", args=[batch.pk]), follow=True)
    again = BulkDraft.objects.latest("pk")
    assert sorted((row.amount, row.wrong) for row in rows_of(again)) == [(90_000, []), (90_001, [])]
    page = web.post(reverse("transactions:batch-retry", args=[batch.pk]), follow=True)
    assert "drafted again already" in page.content.decode()
    ask()
    confirm(admin, again)
    work()
    assert MoneyTransfer.objects.count() == 5
    with rls.inside(admin.scope("live")), pytest.raises(retrying.NothingToRetry):
        retrying.retry(admin.scope("live"), batch)


def test_what_the_bank_says_was_paid_after_all_is_not_retried(web, admin):
    """trust: L8, D6. The result says so, and the same file once more is marked."""
    fund(admin.business, 100_000_000)
    batch = batch_of(admin)
    for transfer in MoneyTransfer.objects.filter(status="failed"):
        answers.take(MONEY_TRANSFERS.key_of(transfer), Answer(Outcome.SUCCESSFUL))
    with rls.inside(admin.scope("live")), pytest.raises(retrying.NothingToRetry):
        retrying.retry(admin.scope("live"), batch)
    result = web.get(reverse("transactions:batch-result", args=[batch.pk]))
    assert result.content.count(b"FlipDash is looking into it") == 2
    draft = checked(admin, csv("BCA,0012309003,Rudi,90000,,,"), "again.csv")
    assert [row.is_paid_before for row in rows_of(draft)] == [True]


def test_a_retry_thrown_away_can_be_drafted_again(web, admin):
    fund(admin.business, 100_000_000)
    batch = batch_of(admin)
    web.post(reverse("transactions:batch-retry", args=[batch.pk]))
    post(web, BulkDraft.objects.latest("pk"), "cancellation")
    web.post(reverse("transactions:batch-retry", args=[batch.pk]))
    assert len(rows_of(BulkDraft.objects.latest("pk"))) == 2


def test_what_a_retry_left_out_or_lost_can_be_drafted_again(web, admin):
    fund(admin.business, 100_000_000)
    batch = batch_of(admin)
    web.post(reverse("transactions:batch-retry", args=[batch.pk]))
    lost = BulkDraft.objects.latest("pk")
    BulkDraft.objects.filter(pk=lost.pk).update(status="failed")
    services.tidy()
    assert rows_of(lost) == []
    web.post(reverse("transactions:batch-retry", args=[batch.pk]))
    again = BulkDraft.objects.latest("pk")
    post(web, again, "repair", show="", leave="3")
    ask()
    confirm(admin, again)
    work()
    web.post(reverse("transactions:batch-retry", args=[batch.pk]))
    last = BulkDraft.objects.latest("pk")
    assert (last != again, [row.amount for row in rows_of(last)]) == (True, [rows_of(again)[1].amount])


def test_a_batch_of_no_file_has_a_result_too(web, admin):
    batch = factories.make_batch(admin.business)
    factories.make_transfer(admin.business, batch=batch, beneficiary_name="Siti")
    answer = web.get(reverse("transactions:batch-result", args=[batch.pk]))
    assert "Siti" in answer.content.decode("utf-8-sig")


def let_asking_fail(monkeypatch, draft):
    """Let the banks be asked three times, in vain."""

    def fail(*_args):
        raise RuntimeError("no")

    with monkeypatch.context() as patch:
        patch.setattr(asking, "_ask_for", fail)
        for _time in range(NAMES.most_attempts):
            let_time_pass(NAMES)
            NAMES.work()
    assert BulkNames.objects.get(draft=draft).status == "failed"


def test_banks_that_cannot_be_asked_are_asked_again(client, maker, monkeypatch):
    draft = upload(maker)
    services.BULK.work()
    let_asking_fail(monkeypatch, draft)
    text = client.get(f"{BULK}{draft.number}/").content.decode()
    assert "No bank has said whose 3 accounts are" in text
    assert "to be asked" not in text
    assert "see what to do" in client.get(f"{BULK}{draft.number}/asking/").content.decode()
    page = post(client, draft, "asked-again")
    assert "The banks are being asked again." in page.content.decode()
    assert "are being asked, or have answered" in post(client, draft, "asked-again").content.decode()
    ask()
    page = client.get(f"{BULK}{draft.number}/")
    assert (page.context["look"].unasked, page.context["look"].is_stuck) == (0, False)


def test_banks_that_do_not_answer_are_asked_again_and_then_a_person_is(client, client_of, maker, monkeypatch):
    """A bank that is down has said nothing: not that the accounts are right."""

    def down(_rail, question):
        raise RailDown(question.bank)

    draft = upload(maker)
    services.BULK.work()
    with monkeypatch.context() as patch:
        patch.setattr(Simulator, "inquire", down)
        ask()
    asked_for = BulkNames.objects.get(draft=draft)
    assert (asked_for.status, asked_for.problem, asked_for.rounds) == ("failed", "silent", asking.MOST_ROUNDS - 1)
    page = client.get(f"{BULK}{draft.number}/")
    assert page.context["look"].unknown == page.context["look"].count == 3
    assert "No bank has said whose 3 accounts are" in page.content.decode()
    seen = page.context["look"].digest
    assert "Write why they are right." in post(client, draft, "confirmation", seen=seen, name="x").content.decode()
    post(client, draft, "confirmation", seen=seen, name="Gaji", name_reason="Paid each month")
    work()
    made = MoneyTransfer.objects.filter(name_reason="Paid each month", holder_name="")
    assert made.count() == 3
    approver = client_of(factories.make_member(maker.business, Role.APPROVER))
    page = approver.get(f"/money-transfers/{made.first().pk}/approval/")
    assert "No bank has said whose account this is." in page.content.decode()


def test_one_bank_that_is_silent_keeps_no_other_from_being_asked(maker, monkeypatch):
    lines = [f"BCA,00123456{number:02},Siti,85000,,,F{number}" for number in range(8)]
    draft = upload(maker, csv(*lines, "Mandiri,1370012345678,Budi,86000,,,"))
    services.BULK.work()
    asked, inquire = [], Simulator.inquire

    def one_is_down(rail, question):
        asked.append(question.bank)
        if question.bank == "bca":
            raise RailDown(question.bank)
        return inquire(rail, question)

    monkeypatch.setattr(Simulator, "inquire", one_is_down)
    NAMES.work()
    assert sorted(asked) == ["bca"] * asking.MOST_SILENT + ["mandiri"], "all of them would take a time-out each"
    assert [row.holder_status for row in rows_of(draft)] == ["failed"] * 8 + ["found"]
    monkeypatch.setattr(Simulator, "inquire", inquire)
    let_time_pass(NAMES)
    ask()
    assert {row.holder_status for row in rows_of(draft)} == {"found"}


@pytest.mark.parametrize(("silent", "good"), [(asking.MOST_SILENT, 20), (8 * asking.MOST_SILENT, 5)])
def test_accounts_without_an_answer_hold_up_no_other(maker, silent, good):
    """Five in a row that can't be answered look as if their bank were down (the simulated one says nothing of 9004)."""
    unanswered = [f"BCA,{number:02}12349004,Siti,85000,,,U{number}" for number in range(silent)]
    draft = upload(
        maker, csv(*unanswered, *(f"BCA,00123456{number:02},Budi,86000,,,F{number}" for number in range(good)))
    )
    work()
    assert [row.holder_status for row in rows_of(draft)] == ["failed"] * silent + ["found"] * good
    assert look(maker, draft).unknown == silent


def test_a_bank_that_cannot_be_reached_costs_no_more_time_outs_in_later_rounds(maker, monkeypatch):
    lines = [f"BCA,00123456{number:02},Siti,85000,,,F{number}" for number in range(40)]
    asked = []

    def down(_rail, question):
        asked.append(question.account_number)
        raise RailDown(question.bank)

    upload(maker, csv(*lines))
    monkeypatch.setattr(Simulator, "inquire", down)
    work()
    assert len(asked) == asking.MOST_SILENT * asking.MOST_ROUNDS
    assert len(set(asked)) == len(asked), "each time others"


def test_a_bank_that_still_looks_has_answered(maker, monkeypatch):
    """At Flip's rail each account that it doesn't know yet is "pending" at first (reference/flip-api.md §4.1)."""
    draft = upload(maker, csv(*(f"BCA,00123456{number:02},Budi,86000,,,F{number}" for number in range(12))))
    seen, inquire = set(), Simulator.inquire

    def looks_first(rail, question):
        if question.account_number in seen:
            return inquire(rail, question)
        seen.add(question.account_number)
        return Holder(HolderStatus.PENDING)

    monkeypatch.setattr(Simulator, "inquire", looks_first)
    work()
    assert len(seen) == 12
    assert {row.holder_status for row in rows_of(draft)} == {"found"}


def test_of_what_is_left_out_no_bank_is_asked_until_it_is_put_back(maker, monkeypatch):
    draft = upload(maker, csv(*(f"BCA,0{number}12349004,Siti,85000,,,U{number}" for number in range(5)), GOOD[0]))
    services.BULK.work()
    asked, inquire, scope = [], Simulator.inquire, maker.scope("live")
    monkeypatch.setattr(Simulator, "inquire", lambda rail, one: asked.append(one.account_number) or inquire(rail, one))
    with rls.inside(scope):
        repairs.leave_out(scope, draft, records=[2, 3, 4, 5, 6])
    ask()
    assert (asked, BulkNames.objects.get().status) == (["0650000777"], "done")
    with rls.inside(scope):
        repairs.put_back(scope, draft, records=[2])
    ask()
    assert set(asked[1:]) == {"0012349004"}
    assert look(maker, draft).unknown == 1, "which a person may say a reason for"


def test_other_edits_do_not_ask_a_silent_bank_once_more(maker):
    draft = checked(maker, csv("BCA,0012349004,Siti,85000,,,"))
    scope = maker.scope("live")
    with rls.inside(scope):
        repairs.repair(scope, draft, {2: {"amount": "86000"}})
        assert look(maker, draft).unknown == 1
        repairs.repair(scope, draft, {2: {"account_number": "0012345678"}})
    ask()
    assert [(row.holder_status, row.tries) for row in rows_of(draft)] == [("found", 1)]


def test_what_is_repaired_as_the_asking_ends_is_asked_too(maker, monkeypatch):
    """Otherwise nobody would ask for it, and the draft could never be confirmed."""
    draft = upload(maker)
    services.BULK.work()
    scope, unasked = maker.scope("live"), asking._unasked

    def then_repaired(draft):
        rows = unasked(draft)
        if not rows:
            monkeypatch.setattr(asking, "_unasked", unasked)
            repairs.repair(scope, draft, {2: {"account_number": "0650000778"}})
        return rows

    monkeypatch.setattr(asking, "_unasked", then_repaired)
    ask()
    assert rows_of(draft)[0].account_number == "0650000778"
    assert look(maker, draft).unasked == 0


def test_who_goes_on_without_the_banks_writes_why(client, maker, monkeypatch):
    draft = upload(maker)
    services.BULK.work()
    let_asking_fail(monkeypatch, draft)
    seen = client.get(f"{BULK}{draft.number}/").context["look"].digest
    page = post(client, draft, "confirmation", seen=seen, name="Gaji")
    assert "Write why they are right." in page.content.decode()
    assert BulkDraft.objects.get().status == "review"
    post(client, draft, "confirmation", seen=seen, name="Gaji", name_reason="Paid each month")
    work()
    made = MoneyTransfer.objects.values_list("holder_name", "name_reason")
    assert set(made) == {("", "Paid each month")}, "which approvers are warned of"


def test_who_approves_sees_a_batch_and_changes_nothing(client_of, kopi_kita, maker):
    batch = factories.make_batch(kopi_kita, "Gaji <b>")
    factories.make_transfer(kopi_kita, status="failed", batch=batch)
    factories.make_transfer(kopi_kita, status="pending_approval", batch=batch)
    address = reverse("transactions:bulk-batch", args=[batch.pk])
    assert "Retry Failed" in client_of(maker).get(address).content.decode()
    approver = client_of(factories.make_member(kopi_kita, Role.APPROVER))
    text = approver.get(address).content.decode()
    assert "Retry Failed" not in text
    assert f'/approvals/?batch={batch.pk}"' in text
    assert approver.get(reverse("transactions:batch-status", args=[batch.pk])).status_code == 200
    assert approver.get(reverse("transactions:batch-result", args=[batch.pk])).status_code == 200
    assert approver.post(reverse("transactions:batch-retry", args=[batch.pk])).status_code == 403
    assert address in approver.get(f"/approvals/?batch={batch.pk}").content.decode()
    assert client_of(factories.make_member(kopi_kita, Role.REVIEWER)).get(address).status_code == 403


@pytest.mark.parametrize("status", ["review", "failed"])
def test_a_draft_that_cant_be_thrown_away_doesnt_stay_first(stranger, admin, monkeypatch, status):
    bad, good = (factories.make_draft(of, keep_until=clock.now() - timedelta(days=1)) for of in (stranger, admin))
    BulkDraft.objects.update(status=status)
    inside_of = rls.inside_of

    def breaks(business, mode):
        return 1 // (business != bad.business_id) and inside_of(business, mode)

    monkeypatch.setattr(services, "AT_A_TIME", 1)
    with monkeypatch.context() as broken:
        broken.setattr(rls, "inside_of", breaks)
        some = BulkRow.objects.using("operator")
        assert swept(services.tidy, lambda: not some.filter(draft_id=good.pk).exists())
    assert some.filter(draft_id=bad.pk).exists()
