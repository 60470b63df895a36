"""Who a person is, is sealed in transfers and beneficiaries abroad: read by the rail, and by who pays again; never from
the database alone (trust: K1, and the key ring of §3).
"""

import uuid
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from accounts.models import Activity
from accounts.permissions import Role
from deposits import ledger
from flipdash import rls, sealing
from tests import factories
from tests.transactions.abroad import CREATE, begin, finish, text_of, unseen
from tests.transactions.sending import fund, let_it_arrive, send
from transactions.international import identity
from transactions.international.services import INTERNATIONAL
from transactions.models import BeneficiaryAbroad, InternationalTransfer, RailCase, RailOrder, SimulatedPayout
from transactions.outgoing import cases, orders
from transactions.rails import KeyReused, simulator

OLD, NEW = bytes(32), bytes(range(32))
SECRET = {
    "id_number": "850412105566",
    "sender_identity_number": "C1234567",
    "sender_place_of_birth": "Bandung",
    "sender_date_of_birth": "1988-02-29",
}

pytestmark = [
    pytest.mark.django_db(databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]


@pytest.fixture(autouse=True)
def inside(kopi_kita):
    fund(kopi_kita, 100_000_000, mode="live")
    with rls.inside_of(kopi_kita.pk, "live"):
        yield


@pytest.fixture
def row(web):
    finish(web, "MY C2C", begin(web, "MY C2C", save_beneficiary="on", sender_city="Cimahi"))
    return InternationalTransfer.objects.get()


def in_the_database(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} AS t")
        return cursor.fetchone()[0]


def test_nothing_of_it_lies_open_and_the_rail_hears_all(row):
    for table in ("transactions_internationaltransfer", "transactions_beneficiaryabroad", "accounts_activity"):
        kept = in_the_database(table)
        assert [secret for secret in SECRET.values() if secret in kept] == []
    assert "Cimahi" in in_the_database("transactions_internationaltransfer"), "the rest can be looked for"
    told = INTERNATIONAL.payout("international_transfer-1", row).abroad
    assert told.identity == SECRET
    assert told.details["sender_city"] == "Cimahi"
    saved = BeneficiaryAbroad.objects.get()
    assert identity.opened(saved)["id_number"] == SECRET["id_number"]
    assert not identity.opened(saved).keys() & {name for name in SECRET if name.startswith("sender_")}


def test_what_the_simulator_keeps_says_nothing_of_it(row):
    told = INTERNATIONAL.payout("international_transfer-1", row)
    other = replace(told, abroad=replace(told.abroad, identity={"id_number": "900101015555"}))
    assert simulator.RAIL.send(told) == simulator.RAIL.send(other), "nobody can guess a number by its digest"
    with pytest.raises(KeyReused):
        simulator.RAIL.send(replace(told, abroad=replace(told.abroad, details={})))


def test_pages_show_the_end_of_a_number_and_a_new_form_all_of_it(row, web, client_of, kopi_kita):
    approver = client_of(factories.make_member(kopi_kita, Role.APPROVER))
    for who in (web, approver):
        said = text_of(who.get(f"/international-transfers/{row.pk}/"))
        assert "••••5566" in said
        assert "••••4567" in said
        assert [secret for secret in SECRET.values() if secret in said] == []
    for query in (f"again={row.pk}", f"beneficiary={BeneficiaryAbroad.objects.get().pk}"):
        assert f'value="{SECRET["id_number"]}"' in web.get(f"{CREATE}?{query}").content.decode()
    assert approver.get(f"{CREATE}?again={row.pk}").status_code == 403


def test_a_seal_opens_in_its_own_row_alone(web, row, toko_sebelah):
    """Whatever writes another row's text into a row, or a row's into another business's, nobody reads it there."""
    for name, other in (("made_key", uuid.uuid4()), ("mode", "test"), ("business_id", toko_sebelah.pk)):
        elsewhere = InternationalTransfer(
            **{"business_id": row.business_id, "mode": row.mode, "made_key": row.made_key} | {name: other},
            sealed_details=row.sealed_details,
        )
        with pytest.raises(sealing.Unsealable):
            identity.secret_of(elsewhere)
    assert identity.secret_of(row) == SECRET
    finish(web, "MY C2C", begin(web, "MY C2C", save_beneficiary="on", account_number="514012340000", is_sure="on"))
    one, two = BeneficiaryAbroad.objects.order_by("pk")
    two.sealed_details = one.sealed_details
    with pytest.raises(sealing.Unsealable):
        identity.secret_of(two)


def test_a_row_that_nothing_tells_from_others_seals_nothing():
    with pytest.raises(ValueError, match="nothing tells"):
        identity.keep(InternationalTransfer(business_id=1, mode="live"), SECRET)


def test_the_confirmation_shows_the_end_of_a_number_too(web):
    said = text_of(begin(web, "MY C2C", sender_city="Cimahi"))
    assert "••••5566" in said
    assert [secret for secret in SECRET.values() if secret in said] == []


def test_who_opens_a_colleagues_is_told(web, row, client_of, kopi_kita):
    def told():
        return list(Activity.objects.filter(kind__endswith=".opened").order_by("pk").values_list("kind", "by_name"))

    web.get(f"{CREATE}?again={row.pk}")
    assert told() == [], "one's own"
    colleague = factories.make_member(kopi_kita, Role.MAKER)
    other, saved = client_of(colleague), BeneficiaryAbroad.objects.get()
    for query in (f"again={row.pk}", f"beneficiary={saved.pk}"):
        form = other.get(f"{CREATE}?{query}")
        other.post(f"{CREATE}?{query}", {**unseen(form), "step": "edit"})
    name = colleague.name
    assert told() == [("international.opened", name), ("beneficiary-abroad.opened", name)], "once for each form"
    assert SECRET["id_number"] not in in_the_database("accounts_activity")


def test_a_short_number_is_not_shown_at_all():
    assert identity.masked("id_number", "1234567") == "••••"
    assert identity.masked("sender_date_of_birth", "1988-02-29") == "••••"


def test_without_its_key_a_page_says_all_else(row, web, settings):
    settings.SEALING_KEYS = (NEW,)
    said = text_of(web.get(f"/international-transfers/{row.pk}/"))
    assert "Cimahi" in said
    assert "Identity Number" not in said
    assert web.get(f"{CREATE}?again={row.pk}").status_code == 200


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
@pytest.mark.parametrize("is_back", [True, False])
def test_what_cannot_be_opened_is_never_told_and_is_tried_again_or_given_back(web, kopi_kita, admin, settings, is_back):
    ring = settings.SEALING_KEYS
    finish(web, "MY C2C", begin(web, "MY C2C"))
    settings.SEALING_KEYS = (NEW,)
    send()
    order = RailOrder.objects.get()
    assert (order.status, order.problem, order.told_at) == ("failed", "not opened", None), (
        "and none of it is tried over"
    )
    orders.open_cases_of_given_up()
    if is_back:
        settings.SEALING_KEYS = ring
        assert orders.ask_again(order)
        let_it_arrive()
    else:
        assert cases.release(RailCase.objects.get(), by=admin.user)
    assert InternationalTransfer.objects.get().status == ("successful" if is_back else "failed")
    assert SimulatedPayout.objects.count() == is_back
    with rls.inside_of(kopi_kita.pk, "live"):
        assert ledger.balance(ledger.LedgerOwner(kopi_kita, "live")).held == 0


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_what_cannot_be_opened_any_more_can_still_be_asked_back(web, settings):
    finish(web, "MY C2C", begin(web, "MY C2C"))
    send()
    settings.SEALING_KEYS = (NEW,)
    RailOrder.objects.update(recalled_at=Now(), due_at=None)
    send()
    row, payout = InternationalTransfer.objects.get(), SimulatedPayout.objects.get()
    assert (row.status, payout.result, payout.told) == ("failed", "failed", 1)


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_it_is_sealed_anew_by_a_new_key(settings, web, admin, capsys):
    settings.SEALING_KEYS = (OLD,)
    finish(web, "MY C2C", begin(web, "MY C2C", save_beneficiary="on"))
    row = InternationalTransfer.objects.get()
    with rls.inside(admin.scope("live")):
        seen = INTERNATIONAL.digest_of(admin.scope("live"), row)
    settings.SEALING_KEYS = (NEW, OLD)
    call_command("reseal")
    said = capsys.readouterr().out
    assert "Identity numbers of transfers abroad: 1 sealed anew" in said
    assert "Identity numbers of beneficiaries abroad: 1 sealed anew" in said
    settings.SEALING_KEYS = (NEW,)
    row = InternationalTransfer.objects.get()
    with rls.inside(admin.scope("live")):
        assert INTERNATIONAL.digest_of(admin.scope("live"), row) == seen, "who approves meanwhile sees nothing else"
    assert row.status == "processing", "it was let go, and stays what it is"
    assert identity.opened(row)["id_number"] == SECRET["id_number"]
    with pytest.raises(DatabaseError, match="keeps who it is about"), transaction.atomic():
        InternationalTransfer.objects.filter(pk=row.pk).update(sealed_details="")


def test_one_whose_old_seal_does_not_open_is_paid_and_saved_anew(row, web, settings):
    settings.SEALING_KEYS = (NEW,)
    made = finish(web, "MY C2C", begin(web, "MY C2C", save_beneficiary="on", amount="9.000.000"))
    assert made.status_code == 302
    assert InternationalTransfer.objects.count() == 2
    assert identity.opened(BeneficiaryAbroad.objects.get())["id_number"] == SECRET["id_number"]
    assert Activity.objects.filter(kind="beneficiary-abroad.changed").count() == 1


def test_what_is_known_of_a_saved_one_changes_and_that_is_told(row, web):
    def told():
        return list(Activity.objects.filter(kind__startswith="beneficiary-abroad").order_by("pk"))

    finish(web, "MY C2C", begin(web, "MY C2C", save_beneficiary="on", amount="9.000.000"))
    assert [one.kind for one in told()] == ["beneficiary-abroad.saved"], "the same once more is no change"
    finish(web, "MY C2C", begin(web, "MY C2C", save_beneficiary="on", amount="8.000.000", beneficiary_name="Lim Wei"))
    assert [one.kind for one in told()] == ["beneficiary-abroad.saved", "beneficiary-abroad.changed"]
    assert "Lim Wei" in text_of(web.get("/members/activity/"))
