"""What only Accept Payment → Payment History knows: words of a status in both languages, filters by text and amount."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from flipdash import rls
from tests import factories
from tests.factories import make_link, make_payment
from transactions.models import PaymentStatus, Settlement

pytestmark = pytest.mark.django_db
NAME = "payments"


def found(scope, query=""):
    return factories.found(scope, query, NAME)


@pytest.fixture
def made(kopi_kita):
    """One payment of each state, by name."""
    return {
        "settled": make_payment(
            kopi_kita,
            link=make_link(kopi_kita),
            title="Kelas latte art 7",
            sender_name="Dewi Anggraini",
            settlement_status="settled",
            amount=1_250_000,
            reference="REF-1",
        ),
        "paid": make_payment(
            kopi_kita, title="Biji kopi Toraja", sender_name="Budi", channel_kind="qris", channel="qris"
        ),
        "pending": make_payment(kopi_kita, title="Katering", sender_name="Ani", status="pending"),
        "cancelled": make_payment(
            kopi_kita, title="Katering", sender_name="Eko", status="cancelled", sender_email="eko@mail.test"
        ),
        "failed": make_payment(kopi_kita, title="Katering", sender_name="Sri", status="failed", amount=77_000),
    }


def names(made, ids):
    by_id = {row.pk: name for name, row in made.items()}
    return {by_id[pk] for pk in ids}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Successful", {"settled", "paid"}),
        ("berhasil", {"settled", "paid"}),
        ("BERHASIL", {"settled", "paid"}),
        ("pending", {"pending"}),
        ("Menunggu", {"pending"}),
        ("cancelled", {"cancelled"}),
        ("dibatalkan", {"cancelled"}),
        ("failed", {"failed"}),
        (" gagal ", {"failed"}),
        ("settled", {"settled"}),
        ("1250000", {"settled"}),
        ("Rp1.250.000", {"settled"}),
        ("latte", {"settled"}),
        ("kopi toraja", {"paid"}),
        ("dewi anggra", {"settled"}),
        ("katering sri", {"failed"}),
        ("berhas", set()),
        ("gagal total", set()),
        ("REF-1", {"settled"}),
        ("ref-1", {"settled"}),
        ("ref-1 dewi", {"settled"}),
        ("ref-1 budi", set()),
        ("REF", set()),
        ("eko@mail.test", {"cancelled"}),
        ("EKO@mail.TEST katering", {"cancelled"}),
        ("mail.test", set()),
        ("qris", {"paid"}),
        ("qris budi", {"paid"}),
    ],
)
def test_the_named_fields_and_the_words_of_a_status_are_searched(scope, made, word, expected):
    """product.md §2: Transaction ID, Title, Sender Name, Amount, Transaction Status; and what a sender can quote."""
    assert names(made, found(scope, f"q={word}")) == expected


def test_a_payment_is_found_by_the_link_it_was_paid_by(scope, made, toko_sebelah):
    slug = made["settled"].link.slug
    make_payment(toko_sebelah, link=make_link(toko_sebelah))
    with rls.inside(scope):
        for said in (slug, f"https://pay.id/{slug}", f"https://pay.id/{slug}/", f"{slug} dewi", f"latte {slug}"):
            assert names(made, found(scope, f"q={said}")) == {"settled"}
        assert found(scope, f"q={slug.swapcase()}") == []
        assert found(scope, f"q={slug} budi") == []
        assert factories.history(scope, f"q={slug}", NAME).count() == 1


def test_nobody_is_found_by_anothers_link(scope, made, toko_sebelah, kopi_kita):
    theirs = make_payment(toko_sebelah, link=make_link(toko_sebelah))
    with rls.inside(scope):
        assert found(scope, f"q={theirs.link.slug}") == []


def test_what_a_sender_can_quote_is_copied_by_one_click(web, made):
    content = web.get("/payments/?columns=link__slug&columns=reference&columns=sender_email").content.decode()
    for text in (made["settled"].link.slug, "REF-1", "eko@mail.test"):
        assert f'data-copy="{text}"' in content


def test_a_word_of_a_status_finds_it_and_the_titles_that_say_it(scope, kopi_kita, made):
    odd = make_payment(kopi_kita, title="Gagal ginjal: donasi")
    assert set(found(scope, "q=gagal")) == {odd.pk, made["failed"].pk}
    assert found(scope, "q=gagal&in=status:gagal") == [made["failed"].pk]
    assert found(scope, "q=gagal&in=text") == [odd.pk]


@pytest.mark.parametrize("language", ["en", "id"])
def test_every_word_that_a_page_shows_for_a_state_is_searched_for(language):
    """When a translation changes, the search must know the new word."""
    with translation.override(language):
        assert {
            value for value, label in PaymentStatus.choices if str(label) not in PaymentStatus.words()[value]
        } == set()
        assert str(Settlement.SETTLED.label) in Settlement.words()["settled"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("title=katering", {"pending", "cancelled", "failed"}),
        ("title=kopi", {"paid"}),
        ("title=dewi", set()),
        ("sender=dewi", {"settled"}),
        ("sender=latte", set()),
        ("title=katering&sender=eko", {"cancelled"}),
        ("amount=77000", {"failed"}),
        ("amount=Rp1.250.000", {"settled"}),
        ("amount=5", set()),
        ("status=successful", {"settled", "paid"}),
        ("channel=qris", {"paid"}),
        ("channel=qris&channel=va", {"settled", "paid", "pending", "cancelled", "failed"}),
        ("settlement=settled", {"settled"}),
        ("settlement=pending", {"paid"}),
        ("q=katering&sender=sri", {"failed"}),
        ("q=berhasil&title=latte", {"settled"}),
        ("date_basis=paid&date_from=2020-01-01", {"settled", "paid"}),
    ],
)
def test_filters_keep_what_they_name(scope, made, query, expected):
    assert names(made, found(scope, query)) == expected
    assert set(factories.history(scope, query, NAME).rows().values_list("pk", flat=True)) == set(found(scope, query))


def test_a_transaction_id_filters_by_either_number(scope, kopi_kita, made):
    outside = make_payment(kopi_kita, external_id="OLD-9")
    assert found(scope, f"id={made['paid'].pk}") == [made["paid"].pk]
    assert found(scope, "id=OLD-9") == [outside.pk]
    assert found(scope, f"id={made['paid'].pk}&status=failed") == []


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("amount=lots", "not an amount"),
        ("amount=1.5", "not an amount"),
        ("title=ab", "at least 3"),
        ("sender=%00", "character"),
        ("channel=cash", "choice"),
        ("settlement=half", "choice"),
    ],
)
def test_a_wrong_filter_says_so_beside_its_field(web, made, query, problem):
    content = web.get(f"/payments/?{query}").content.decode()
    assert "Nothing is shown" in content
    assert f'id="id_{query.partition("=")[0]}_error"' in content
    assert problem in content
    assert "Dewi" not in content


@pytest.mark.parametrize(("name", "query"), [(NAME, "sender=dewi"), ("international-transfers", "beneficiary=tan")])
def test_text_filters_are_found_as_text_is(scope, name, query):
    """In two bounded phases, the second by the index of keys, as the search box does: never by an endless walk."""
    with CaptureQueriesContext(connection) as queries:
        factories.found(scope, query, name)
    assert any("AS MATERIALIZED" in query["sql"] for query in queries)
    history = factories.history(scope, query, name)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "_words" in history.model.objects.filter(history.asked.keys).explain()


def test_what_is_not_settled_has_no_settled_amount(web, made):
    content = web.get("/payments/?q=dewi").content.decode()
    assert "</span>1,246,000</td>" in content
    assert made["settled"].link.slug in content
    assert "QRIS" in web.get("/payments/?channel=qris").content.decode()


def test_what_nobody_settled_sums_up_to_nothing(scope, made):
    history = factories.history(scope, "", NAME)
    assert [history.summary.line(row) for row in history.totals()] == [
        ("Pending", 1, 150_000, 4_000, 0),
        ("Successful", 2, 1_400_000, 8_000, 1_246_000),
        ("Cancelled", 1, 150_000, 4_000, 0),
        ("Failed", 1, 77_000, 4_000, 0),
    ]
