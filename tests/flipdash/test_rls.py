"""Row level security: rows of other businesses aren't there, whatever the query forgot (trust: W4, W5)."""

from threading import Thread

import pytest
from django.db import connection, connections, models, transaction
from django.test import Client

from deposits import ledger
from deposits.ledger import LedgerOwner
from deposits.models import Account, Entry, Posting, TopUp, Turnover
from flipdash import db, rls
from flipdash.actors import Actor
from flipdash.scope import TenantQuerySet
from flipdash.sql.declaring import RowLevelSecurity
from tests import factories
from tests.deposits.conftest import connect, source


class Guarded(models.Model):
    """A table that lives for one test, which the app role may write."""

    class Meta:
        app_label = "tests"
        managed = False
        db_table = "guarded"


pytestmark = pytest.mark.django_db
GUARDED = (Account, Posting, Entry, Turnover)


def seen_as() -> tuple[str | None, str | None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.business', true), current_setting('app.mode', true)")
        return cursor.fetchone()


def is_outside() -> bool:
    return not any(seen_as())


@pytest.fixture
def money(kopi_kita, toko_sebelah):
    """Both businesses have money in both modes."""
    for business in (kopi_kita, toko_sebelah):
        for mode in ("live", "test"):
            with rls.inside_of(business.pk, mode):
                ledger.top_up(LedgerOwner(business, mode), source(), amount=1_000, bank="bca")


@pytest.mark.parametrize("model", GUARDED)
def test_without_a_wall_there_are_no_rows(money, model):
    assert is_outside()
    assert list(model.objects.all()) == []


@pytest.mark.parametrize("model", GUARDED)
@pytest.mark.parametrize("mode", ["live", "test"])
def test_inside_a_wall_there_are_only_its_rows(money, kopi_kita, model, mode):
    """`.visible_to` is forgotten on purpose."""
    with rls.inside_of(kopi_kita.pk, mode):
        assert set(model.objects.values_list("business_id", "mode")) == {(kopi_kita.pk, mode)}


def test_posting_for_another_is_refused(money, kopi_kita, toko_sebelah):
    for business, mode in ((toko_sebelah, "live"), (kopi_kita, "test")):
        with rls.inside_of(kopi_kita.pk, "live"), pytest.raises(ledger.OutsideScope):
            ledger.top_up(LedgerOwner(business, mode), source(), amount=1, bank="bca")
    with pytest.raises(ledger.OutsideScope):
        ledger.top_up(LedgerOwner(kopi_kita, "live"), source(), amount=1, bank="bca")


def test_every_walled_table_has_the_whole_wall():
    """What has the policy has it forced, and refuses foreign rows; the ledger's tables have it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid::regclass::text, relforcerowsecurity FROM pg_class WHERE relrowsecurity")
        forced = dict(cursor.fetchall())
        cursor.execute(
            "SELECT tablename, policyname, roles::text[], qual, with_check FROM pg_policies WHERE schemaname = 'public'"
        )
        policies = cursor.fetchall()
    assert all(forced.values())
    assert {"deposits_account", "deposits_posting", "deposits_entry"} <= set(forced)
    for table in forced:
        rules = {p[1]: p[2:] for p in policies if p[0] == table}
        roles, seen, _written = rules.pop("all_rows")
        assert (sorted(roles), seen) == (["flipdash_operator", "flipdash_owner"], "true")
        assert all(roles == ["flipdash_app"] for roles, _seen, _written in rules.values())
        if len(rules) == 1:
            _roles, seen, written = rules["own_rows"]
            assert seen == written
            assert seen.count("SELECT") >= 2
        else:
            assert set(rules) == {"read", "added", "changed", "removed"}
            assert rules["changed"][1] == rules["changed"][2]
            assert rules["removed"][1].count("SELECT") >= 1


@pytest.mark.django_db(transaction=True)
def test_a_foreign_row_is_refused():
    """The policy's WITH CHECK, on a table that the app role may write."""
    with connect("owner") as owner:
        owner.execute("CREATE TABLE guarded (business_id bigint, mode text)")
        owner.execute(RowLevelSecurity(Guarded).make)
        owner.execute("INSERT INTO guarded VALUES (1, 'live'), (2, 'live')")
        owner.commit()
        try:
            with rls.inside_of(1, "live"), connection.cursor() as cursor:
                cursor.execute("INSERT INTO guarded VALUES (1, 'live')")
                for values in ("(2, 'live')", "(1, 'test')", "(NULL, 'live')"):
                    with pytest.raises(Exception, match="row-level security"), transaction.atomic():
                        cursor.execute(f"INSERT INTO guarded VALUES {values}")
                with pytest.raises(Exception, match="row-level security"), transaction.atomic():
                    cursor.execute("UPDATE guarded SET business_id = 2")
                cursor.execute("DELETE FROM guarded")
                assert cursor.rowcount == 2
        finally:
            owner.execute("DROP TABLE guarded")
            owner.commit()


# --- Who is inside (trust: W5) ------------------------------------------------------------------------------------


def test_a_request_is_inside_and_the_connection_is_given_back_outside(web, kopi_kita, monkeypatch):
    seen = []
    monkeypatch.setattr("accounts.middleware.translation.override", spy(seen, "accounts.middleware.translation"))
    web.get("/money-transfers/")
    web.get("/test/money-transfers/")
    assert seen == [(str(kopi_kita.pk), "live"), (str(kopi_kita.pk), "test")]
    assert is_outside()


def spy(seen, where):
    """Note whose rows are seen at the moment when the page's words are chosen: inside the request."""
    from django.utils import translation

    override = translation.override

    def noted(*args):
        seen.append(seen_as())
        return override(*args)

    return noted


def test_a_request_that_breaks_is_outside_again(client_of, admin, monkeypatch):
    monkeypatch.setattr("transactions.transfers.history.TransferHistory.results", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        client_of(admin).get("/money-transfers/")
    assert is_outside()


def test_nobody_who_signs_in_gets_the_last_ones_wall(web):
    web.get("/money-transfers/")
    Client().get("/sign-in/")
    assert is_outside()


def test_walls_nest_and_end(kopi_kita, toko_sebelah):
    with rls.inside_of(kopi_kita.pk, "live"):
        with pytest.raises(ZeroDivisionError), rls.inside_of(toko_sebelah.pk, "test"):
            assert seen_as() == (str(toko_sebelah.pk), "test")
            _ = 1 / 0
        assert seen_as() == (str(kopi_kita.pk), "live")
    assert is_outside()


@pytest.mark.django_db(transaction=True)
def test_a_failed_transaction_ends_the_wall(kopi_kita):
    with pytest.raises(Exception, match="nothing_here"), rls.inside_of(kopi_kita.pk, "live"), transaction.atomic():
        broken()
    assert is_outside()
    with pytest.raises(Exception, match="nothing_here"), transaction.atomic(), rls.inside_of(kopi_kita.pk, "live"):
        broken()
    assert is_outside()


def broken() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nothing_here")


@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
def test_a_connection_that_opens_inside_is_told(kopi_kita):
    """Also the reports' own connection, which opens and closes for each report."""
    with rls.inside_of(kopi_kita.pk, "live"):
        ledger.top_up(LedgerOwner(kopi_kita, "live"), source(), amount=1_000, bank="bca")
        connection.close()
        assert seen_as() == (str(kopi_kita.pk), "live")
        with db.snapshot() as using:
            assert Account.objects.using(using).count() == 2
    with db.snapshot() as using:
        assert Account.objects.using(using).count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_new_thread_is_outside(kopi_kita):
    seen = []

    def look() -> None:
        seen.append(is_outside())
        connections.close_all()

    with rls.inside_of(kopi_kita.pk, "live"):
        thread = Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [True]


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_the_operator_sees_all(money):
    assert Posting.objects.using("operator").values("business_id", "mode").distinct().count() == 4
    assert Posting.objects.count() == 0


def test_pages_of_the_deposit_that_forgot_their_scope_show_nothing_foreign(web, scope, stranger, monkeypatch):
    """trust: W4. `.visible_to` finds everybody's rows on purpose; the database keeps to the scope."""
    entries = [factories.make_entry(m.business, by=Actor.named(f"By {m.name}")) for m in (scope.member, stranger)]
    top_ups = [factories.make_top_up(m, note=f"Of {m.name}") for m in (scope.member, stranger)]
    factories.make_entry(scope.business, mode="test", by=Actor.named("By test"))
    monkeypatch.setattr(TenantQuerySet, "visible_to", lambda self, scope, **_how: self.all())
    assert "WHERE" not in str(TopUp.objects.visible_to(scope).query), "nothing but row level security is left"
    for own, foreign, places in (
        (entries[0], entries[1], ["history"]),
        (top_ups[0], top_ups[1], ["top-up-history", "top-ups"]),
    ):
        for place in places:
            assert web.get(f"/deposit/{place}/{own.pk}/").status_code == 200
            assert web.get(f"/deposit/{place}/{foreign.pk}/").status_code == 404
            assert web.get(f"/test/deposit/{place}/{own.pk}/").status_code == 404
    for place, words in (("history", "By"), ("top-up-history", "Of")):
        page = web.get(f"/deposit/{place}/").content.decode()
        assert f"{words} {scope.member.name}" in page
        assert f"{words} {stranger.name}" not in page
        assert "By test" not in page
    assert web.post(f"/deposit/top-ups/{top_ups[1].pk}/transferred/").status_code == 404
    assert web.post(f"/deposit/top-ups/{top_ups[1].pk}/cancellation/").status_code == 404
