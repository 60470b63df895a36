"""The operator's day: statements uploaded together, how far they are, what came of them, and the queue by keyboard."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.utils import CaptureQueriesContext

from deposits.models import Correction, StatementImport
from deposits.statements import matching, progress
from deposits.statements import services as statements
from tests.deposits.banking import again, ask, bca, import_statement, kopra, line
from tests.deposits.test_back_office import ayu, bayu, text, with_factor  # noqa: F401  (fixtures)
from tests.leased import let_time_pass

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("files"),
]
UPLOAD = "/admin/deposits/statementimport/upload/"
DAY = "/admin/deposits/statementimport/day/"
QUEUE = "/admin/deposits/statementline/queue/"


def words(answer) -> str:
    return " ".join(re.sub("<[^>]+>", " ", text(answer)).split())


def test_statements_uploaded_together_are_told_together(scope, ayu):  # noqa: F811
    first, second = ask(scope), ask(scope, bank="mandiri")
    files = [
        SimpleUploadedFile("pagi.csv", bca(f"{first.exact_amount}|R1", "123456|R2", "234567|R3", "-5000|R4")),
        SimpleUploadedFile("kopra.csv", kopra(second.exact_amount)),
        SimpleUploadedFile("rusak.csv", b"Apa,Ini\n1,2\n"),
    ]
    answer = ayu.post(UPLOAD, {"bank": "", "mode": "live", "file": files}, follow=True)
    assert answer.redirect_chain == [(DAY, 302)]
    assert answer["Refresh"] == "2"
    assert "this page renews itself" in words(answer)
    while statements.STATEMENTS.work():
        pass
    matching.match_due()
    page = ayu.get(DAY)
    assert "Refresh" not in page
    said = words(page)
    for one in ("pagi.csv", "kopra.csv", "rusak.csv", "no known layout"):
        assert one in said
    assert f"Credited 2 Rp{first.exact_amount + second.exact_amount:,}" in said
    assert "Waiting for a person: No top-up is known for it 2 Rp358,023" in said
    assert f'href="{QUEUE}?reason=unknown"' in text(page)


def test_the_day_asks_as_much_of_many_statements_as_of_one(scope, ayu):  # noqa: F811
    from django.db import connections

    def queries() -> int:
        with CaptureQueriesContext(connections["operator"]) as captured:
            ayu.get(DAY)
        return len(captured)

    import_statement(bca("1000|A"))
    one = queries()
    for n in range(3):
        import_statement(bca(f"{2000 + n}|B{n}"))
    assert queries() == one


def test_how_far_a_statement_is_is_told_while_it_is_read(scope, ayu, monkeypatch):  # noqa: F811
    ayu.post(UPLOAD, {"bank": "", "mode": "live", "file": SimpleUploadedFile("a.csv", bca("1000|A", "2000|B"))})
    job = StatementImport.objects.using("operator").get()
    seen = []
    note = progress.note

    def look(job: StatementImport, lines: int) -> None:
        note(job, lines)
        seen.append(words(ayu.get(DAY)))

    monkeypatch.setattr(progress, "note", look)
    statements.STATEMENTS.work(job.pk)
    assert "2 lines are read" in seen[0]


def test_a_killed_workers_statement_goes_on(scope, ayu, monkeypatch, settings):  # noqa: F811
    """Its lease is 20 seconds, renewed while it works; then another takes it, and each line is there once."""
    assert settings.LEASE_SECONDS <= 60
    ayu.post(UPLOAD, {"bank": "", "mode": "live", "file": SimpleUploadedFile("a.csv", bca("1000|A", "2000|B"))})

    def killed(*args):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(progress, "note", killed)
        statements.STATEMENTS.work()
    job = StatementImport.objects.using("operator").get()
    assert (job.status, job.added) == ("running", 0)
    assert not statements.STATEMENTS.work()  # its lease holds
    let_time_pass(statements.STATEMENTS)
    statements.STATEMENTS.work()
    job.refresh_from_db()
    assert (job.status, job.added) == ("done", 2)


def test_the_queue_goes_from_line_to_line(scope, ayu, bayu):  # noqa: F811
    top_up = ask(scope)
    short = line(top_up.exact_amount - 1_000)
    unknown = line(777_777)
    late = line(888_888)
    matching.match_due()
    page = ayu.get(QUEUE)
    said = words(page)
    assert "Line 1 of 3" in said
    assert "Too little was paid" in said
    assert "Rp1,000 less than asked for" in said
    assert 'accesskey="n"' in text(page)
    assert "autofocus" in text(page)
    # What is proposed leads to the next line, and isn't in the queue any more.
    chosen = {"suggested": top_up.pk, "why": "Biaya bank"}
    answer = ayu.post(f"{QUEUE}?reason=&at={short.pk}", chosen, follow=True)
    assert "Line 1 of 2" in words(answer)
    assert "Rp777,777" in words(answer)
    proposed = Correction.objects.using("operator").get()
    assert (proposed.line_id, proposed.top_up_id, again(top_up).status) == (short.pk, top_up.pk, "waiting")
    # The same sent again is of another line by now, and proposes nothing.
    ayu.post(f"{QUEUE}?reason=&at={short.pk}", chosen)
    assert Correction.objects.using("operator").count() == 1
    assert "Rp888,888" in words(ayu.get(f"{QUEUE}?at={late.pk}"))
    assert "Choose one, or type its ID" in words(ayu.post(f"{QUEUE}?at={unknown.pk}", {"why": "x"}))
    assert "no such top-up" in words(ayu.post(f"{QUEUE}?at={unknown.pk}", {"why": "x", "top_up": "99"}))
    assert "Nothing waits here" in words(ayu.get(f"{QUEUE}?reason=late"))
    for bad in ("reason=none-such", "at=x", "at=999999", "at=-1", "at=" + "9" * 30):
        assert ayu.get(f"{QUEUE}?{bad}").status_code == 404
    # Two people's rule is as it was; a decision leads to the next one that waits.
    decision = f"/admin/deposits/correction/{proposed.pk}/decision/"
    assert "somebody else has to approve it" in words(ayu.get(decision))
    assert "Done." in words(bayu.post(decision, {"decision": "approve"}, follow=True))
    assert again(top_up).status == "successful"


def test_businesses_people_find_no_day_and_no_queue(web, scope):
    assert [web.get(url).status_code for url in (DAY, QUEUE)] == [404, 404]
