"""The deposit in the back office: who gets in, the upload, the queue, and two people's word (trust: D3, A6)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from deposits import ledger
from deposits.ledger import LedgerOwner
from deposits.models import BankAccount, Correction, StatementImport, StatementLayout
from deposits.statements import matching
from deposits.statements import services as statements
from flipdash import backoffice, rls
from tests import factories
from tests.deposits.banking import again, ask, bca, fate, import_statement, kopra, line, today
from tests.leased import let_time_pass

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("files"),
]
QUEUE, DECISIONS = "/admin/deposits/statementline/", "/admin/deposits/correction/"


@pytest.fixture(autouse=True)
def with_factor(monkeypatch, asleep) -> None:
    monkeypatch.setattr(backoffice, "has_second_factor", lambda user: True)


def office_of(name: str) -> Client:
    client = Client()
    email = f"{name.lower()}@flipdash.test"
    client.force_login(factories.make_operator(email=email, name=name, password="gayo-arabika-88"))
    return client


@pytest.fixture
def ayu() -> Client:
    return office_of("Ayu")


@pytest.fixture
def bayu() -> Client:
    return office_of("Bayu")


def text(answer) -> str:
    return answer.content.decode()


def test_a_statement_is_uploaded_imported_and_credited(scope, ayu):
    top_up = ask(scope)
    url = "/admin/deposits/statementimport/upload/"
    assert "Kopra (MCM 2.0)" in text(ayu.get(url))
    file = SimpleUploadedFile("mutasi.csv", bca(f"{top_up.exact_amount}|R1"))
    answer = ayu.post(url, {"bank": "bca", "mode": "live", "file": file}, follow=True)
    assert "wait to be imported: 1" in text(answer)
    statements.STATEMENTS.work()
    matching.match_due()
    assert again(top_up).status == "successful"
    assert "mutasi.csv" in text(ayu.get("/admin/deposits/statementimport/"))


def test_a_bad_statement_says_what_is_wrong(ayu):
    file = SimpleUploadedFile("mutasi.csv", bca("5|R1") + b'"31/02/2026","x","0000","5.00 CR"\n')
    ayu.post("/admin/deposits/statementimport/upload/", {"bank": "bca", "mode": "live", "file": file})
    statements.STATEMENTS.work()
    job = StatementImport.objects.using("operator").get()
    shown = text(ayu.get(f"/admin/deposits/statementimport/{job.pk}/change/"))
    assert "Nothing of the file was imported" in shown
    assert "Line 5, column Tanggal Transaksi" in shown
    for values in ({}, {"bank": "danamon", "mode": "live", "file": file}):
        assert ayu.post("/admin/deposits/statementimport/upload/", values).status_code == 200
    assert StatementImport.objects.using("operator").count() == 1


def test_a_statement_that_kills_its_workers_says_so(ayu):
    file = SimpleUploadedFile("mutasi.csv", bca("5000|R1"))
    ayu.post("/admin/deposits/statementimport/upload/", {"bank": "bca", "mode": "live", "file": file})
    for _attempt in range(statements.STATEMENTS.most_attempts):
        assert statements.STATEMENTS.claim()
        let_time_pass(statements.STATEMENTS)
    statements.STATEMENTS.sweep()
    job = StatementImport.objects.using("operator").get()
    assert "Something went wrong on our side" in text(ayu.get(f"/admin/deposits/statementimport/{job.pk}/change/"))


def test_one_proposes_and_another_credits(scope, ayu, bayu):
    top_up = ask(scope)
    paid = line(top_up.exact_amount - 500)
    matching.match_due()
    page = text(ayu.get(f"{QUEUE}{paid.pk}/match/"))
    assert str(top_up.pk) in page
    assert "Rp500 less than asked for" in page
    values = {"top_up": top_up.pk, "why": "The sender called"}
    assert "There is no such top-up" in text(ayu.post(f"{QUEUE}{paid.pk}/match/", {**values, "top_up": 7}))
    assert "Somebody else has to approve" in text(ayu.post(f"{QUEUE}{paid.pk}/match/", values, follow=True))
    proposal = Correction.objects.using("operator").get()
    url = f"{DECISIONS}{proposal.pk}/decision/"
    assert "somebody else has to approve" in text(ayu.get(url))
    assert "somebody else has to approve" in text(ayu.post(url, {"decision": "approve"}, follow=True))
    assert fate(paid)[0] == "waiting"
    assert "Approve and do it" in text(bayu.get(url))
    assert "Done." in text(bayu.post(url, {"decision": "approve"}, follow=True))
    assert fate(paid)[0] == "credited"
    assert "decided this already" in text(bayu.post(url, {"decision": "approve"}, follow=True))


def test_a_credit_that_is_spent_is_not_taken_back_and_the_page_says_what_is_missing(scope, ayu, bayu):
    top_up = ask(scope)
    line(top_up.exact_amount)
    matching.match_due()
    with rls.inside(scope):
        ledger.hold(scope, ledger.Source("money_transfer", 1), amount=top_up.exact_amount)
    ayu.post(f"/admin/deposits/topup/{top_up.pk}/undo/", {"why": "Called back"})
    proposal = Correction.objects.using("operator").get()
    answer = bayu.post(f"{DECISIONS}{proposal.pk}/decision/", {"decision": "approve"}, follow=True)
    assert f"Rp{top_up.exact_amount:,} are missing" in text(answer)
    with rls.inside(scope):
        ledger.release(scope, ledger.Source("money_transfer", 1), amount=top_up.exact_amount)
    assert "Done." in text(bayu.post(f"{DECISIONS}{proposal.pk}/decision/", {"decision": "approve"}, follow=True))
    assert again(top_up).status == "cancelled"
    assert ledger.balance(LedgerOwner(scope.business, "live"), using="operator").available == 0


def test_what_may_have_been_taken_back_is_shown_and_put_away_by_two(scope, ayu, bayu):
    top_up = ask(scope)
    paid, out = line(top_up.exact_amount), line(-top_up.exact_amount)
    matching.match_due()
    queue = text(ayu.get(f"{QUEUE}?status__exact=waiting"))
    assert queue.count("A payment that the bank may have taken back") >= 2
    assert f"{QUEUE}{paid.pk}/match/" in queue
    assert f"{QUEUE}{out.pk}/match/" not in queue
    url = f"{QUEUE}{out.pk}/put-away/"
    page = text(ayu.get(url))
    assert str(top_up.pk) in page
    assert "went out again" in page
    assert "Somebody else has to approve" in text(ayu.post(url, {"why": "Our own payment"}, follow=True))
    assert "waits for a second person already" in text(ayu.post(url, {"why": "Our own payment"}))
    proposal = Correction.objects.using("operator").get()
    assert "Done." in text(bayu.post(f"{DECISIONS}{proposal.pk}/decision/", {"decision": "approve"}, follow=True))
    assert fate(out) == ("ignored", "reversed")
    assert f"{QUEUE}{out.pk}/put-away/" not in text(ayu.get(QUEUE))


def test_a_bank_is_set_disturbed_and_back(ayu):
    account = BankAccount.objects.get(bank="bni")
    for action, status in (("set_disturbed", "disturbed"), ("set_closed", "closed"), ("set_ok", "ok")):
        ayu.post("/admin/deposits/bankaccount/", {"action": action, "_selected_action": [account.pk]})
        account.refresh_from_db()
        assert account.status == status


def test_businesses_people_find_nothing(web, scope):
    top_up = ask(scope)
    for url in (
        QUEUE,
        DECISIONS,
        "/admin/deposits/statementimport/upload/",
        f"/admin/deposits/topup/{top_up.pk}/undo/",
    ):
        assert web.get(url).status_code == 404
        assert web.post(url, {"why": "x"}).status_code == 404
    assert not Correction.objects.using("operator").exists()


PERMATA = b"PermataNet\nPosting Date,Eff Date,Transaction Desc,Debit,Credit,Balance\n%s,,TRF BIFAST,0.00,%d.00,5.00\n"
COLUMNS = {
    "bank": "permata",
    "channel": "PermataNet",
    "header": "Posting Date,Eff Date,Transaction Desc,Debit,Credit,Balance",
    "date": "Posting Date",
    "style": "DD/MM/YYYY",
    "text": "Transaction Desc",
    "credit": "Credit",
    "debit": "Debit",
    "decimal": ".",
    "balance": "Balance",
}


def test_columns_declared_by_hand_are_kept_for_next_time(scope, ayu):
    top_up = ask(scope, bank="permata")
    content = PERMATA % (today().strftime("%d/%m/%Y").encode(), top_up.exact_amount)
    refused = import_statement(content, bank="permata")
    assert "no known layout has this header" in refused.problems[0]
    url = "/admin/deposits/statementlayout/declare/"
    assert "These columns make no layout" in text(ayu.post(url, {**COLUMNS, "date": "Hari"}))
    assert "This header is known already: BNI Direct" in text(
        ayu.post(url, {**COLUMNS, "header": "Post Date,Value Date,Branch,Journal No.,Description,Debit,Credit",
                       "date": "Post Date", "text": "Description", "balance": ""})
    )  # fmt: skip
    assert "Kept." in text(ayu.post(url, COLUMNS, follow=True))
    assert "This header is known already: PermataNet" in text(ayu.post(url, COLUMNS))
    assert import_statement(content, bank="permata").status == "done"
    assert again(top_up).status == "successful"
    assert "Not yet seen; columns chosen by hand" in text(ayu.get("/admin/deposits/statementimport/upload/"))
    layout = StatementLayout.objects.using("operator").get()
    ayu.post(f"/admin/deposits/statementlayout/{layout.pk}/remove/")
    assert not StatementLayout.objects.using("operator").exists()
    assert "no known layout" in import_statement(content, bank="permata").problems[0]


def test_several_files_at_once_and_a_word_on_what_does_not_add_up(scope, ayu):
    first, second = ask(scope), ask(scope, bank="mandiri")
    import_statement(kopra(1_000))
    url = "/admin/deposits/statementimport/upload/"
    files = [
        SimpleUploadedFile("a.csv", bca(f"{first.exact_amount}|R1")),
        SimpleUploadedFile("b.csv", kopra(second.exact_amount, opening=77_000)),
    ]
    ayu.post(url, {"bank": "", "mode": "live", "file": files})
    while statements.STATEMENTS.work():
        pass
    matching.match_due()
    assert (again(first).status, again(second).status) == ("successful", "waiting")
    held = StatementImport.objects.using("operator").get(status="held")
    page = text(ayu.get(f"/admin/deposits/statementimport/{held.pk}/word/"))
    assert "begins with Rp77,000" in page
    answer = ayu.post(f"/admin/deposits/statementimport/{held.pk}/word/", {"decision": "approve"}, follow=True)
    assert "It is imported now" in text(answer)
    statements.STATEMENTS.work()
    matching.match_due()
    assert again(second).status == "successful"
    assert "wait any more" in text(
        ayu.post(f"/admin/deposits/statementimport/{held.pk}/word/", {"decision": "reject"}, follow=True)
    )
    assert "1 · Credited" in text(ayu.get(f"/admin/deposits/statementimport/{held.pk}/change/"))
