"""What the search box and the filters of Money Transfer → Transaction History find."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from flipdash.histories import finding
from tests.factories import found, history, make_batch, make_transfer

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 10, 5, 0, tzinfo=UTC)  # 12:00 WIB


@pytest.fixture
def siti(kopi_kita):
    return make_transfer(
        kopi_kita,
        external_id="58000003",
        beneficiary_name="Siti Rahmawati",
        account_number="0066166304",
        amount=1_250_000,
        remark="INV/2026/004821",
        created_at=NOON,
    )


@pytest.fixture
def others(kopi_kita, toko_sebelah):
    """Noise that no search for Siti's transfer may find, in this business, in Test Mode and in another business."""
    make_transfer(kopi_kita, beneficiary_name="Budi", account_number="99", amount=7, remark="", created_at=NOON)
    same = {"beneficiary_name": "Siti Rahmawati", "account_number": "0066166304", "amount": 1_250_000}
    make_transfer(kopi_kita, mode="test", external_id="58000003", remark="INV/2026/004821", **same)
    make_transfer(toko_sebelah, external_id="58000003", remark="INV/2026/004821", **same)


@pytest.mark.parametrize(
    "word",
    [
        "58000003",  # the number it had in another system
        " 58000003 ",
        "0066166304",  # the account: whole,
        "0066 1663 04",
        "00661",  # its beginning,
        "6304",  # its last four digits
        "1250000",
        "Rp1.250.000",
        "rp 1,250,000",
        "1.250.000",
        "siti",
        "RAHMA",
        "rahmawati siti",
        "Siti  Rahmawati",
        "inv/2026/004821",
        "/004821",
        "siti 004821",
    ],
)
def test_a_search_word_finds_its_transfer_and_no_other(scope, siti, others, word):
    assert found(scope, f"q={word}") == [siti.pk]


def test_a_transaction_id_finds_its_transfer(scope, siti, others):
    assert found(scope, f"q={siti.pk}") == [siti.pk]


@pytest.mark.parametrize("grouped", ["0012 3456 78", "00 12 34 56 78", "0 0 1 2 3 4 5 6 7 8", "00-12-34-56-78"])
def test_a_number_is_found_in_whatever_groups_it_was_pasted(scope, kopi_kita, grouped):
    paid = make_transfer(kopi_kita, account_number="0012345678")
    asked = history(scope, f"q={quote(grouped)}")
    assert asked.is_valid, asked.address.form.errors
    assert [row["id"] for row in asked.results().rows] == [paid.pk]


def test_a_number_of_one_digit_is_a_number_first_and_else_a_whole_word(scope, kopi_kita):
    table = make_transfer(kopi_kita, remark="Meja 7", amount=85_000)
    make_transfer(kopi_kita, remark="Meja 77", amount=85_000)
    assert found(scope, "q=7") == [table.pk]
    seven = make_transfer(kopi_kita, amount=7)
    assert found(scope, "q=7") == [seven.pk]
    assert found(scope, "q=7&in=text") == [table.pk]
    assert history(scope, "q=7").results().offers_text


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("O", {"O", "PT O"}),
        ("o", {"O", "PT O"}),
        ("o.", {"O", "PT O"}),
        ("pt", {"PT O", "PT. Maju"}),
        ("pt o", {"PT O"}),
        ("j pt maju", {"PT. Maju"}),  # beside a longer word, a short one is found inside of others
        ("王小", {"王小", "王小明"}),
        ("王", {"王小", "王小明"}),
        ("小王", set()),
        ("王 bca", {"王小", "王小明"}),
        ("🎉", {"Budi🎉"}),
        ("김철", {"김철"}),
        ("o bca", {"O", "PT O"}),
        ("o 85000", {"O", "PT O"}),
        ("o 77", set()),
    ],
)
def test_whole_words_of_one_or_two_letters_and_parts_of_chinese_names_are_found(scope, kopi_kita, said, expected):
    names = ("O", "PT O", "PT. Maju", "Otto", "王小", "王小明", "李明", "Budi🎉", "김철")
    made = {make_transfer(kopi_kita, beneficiary_name=name, remark="").pk: name for name in names}
    assert {made[pk] for pk in found(scope, f"q={quote(said)}")} == expected


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Nguyễn Văn Đức", "nguyen van duc"),
        ("Nguyễn Văn Đức", "NGUYỄN ĐỨC"),
        ("Nguyen", "nguyễn"),
        ("Müller", "muller"),
        ("Großmann", "GROSSMANN"),
        ("Grossmann", "großmann"),
        ("Nur’aini", "nur'aini"),
        ("Nur'aini", "nur’aini"),
        ("İpek Yılmaz", "ipek yilmaz"),
        ("Łukasz Sørensen", "lukasz sorensen"),
        ("ＡＢＣ Trading", "abc"),
        ("Æsir", "aesir"),
        ("Zoë", "ZOE"),
        ("José", "josé"),
        ("50％ off", "50%"),
    ],
)
@pytest.mark.parametrize("nearest", [2_000, 0])
def test_case_diacritics_and_apostrophes_make_no_difference(scope, kopi_kita, name, said, nearest, monkeypatch):
    monkeypatch.setattr(finding, "NEAREST", nearest or 1)
    older = NOON - timedelta(days=3)
    transfer = make_transfer(kopi_kita, beneficiary_name=name, remark="x", created_at=older)
    make_transfer(kopi_kita, beneficiary_name="Nuraini Muler Nguen", remark="50 off", created_at=NOON)
    assert found(scope, f"q={quote(said)}") == [transfer.pk]


@pytest.mark.parametrize("said", ["Trx-001a", "TRX-001A", "trx-001a", "tRX-001a siti"])
def test_an_id_of_another_system_is_found_in_any_case(scope, kopi_kita, said):
    old = make_transfer(kopi_kita, external_id="Trx-001a")
    make_transfer(kopi_kita, external_id="Trx-001ab")
    assert found(scope, f"q={quote(said)}") == [old.pk]


@pytest.mark.parametrize("said", ["-", "...", "- .", "()"])
def test_what_has_neither_letter_nor_digit_says_so(web, kopi_kita, said):
    make_transfer(kopi_kita, remark="a - b (c).")
    content = web.get(f"/money-transfers/?q={quote(said)}").content.decode()
    assert "Please search with a letter or a digit." in content or "Nothing was found" in content


@pytest.mark.parametrize("mark", ["\u200b", "\ufeff", "\u200e", "\u202e"])
def test_invisible_marks_around_a_pasted_word_are_no_part_of_it(scope, siti, others, mark):
    assert found(scope, f"q={quote(f'{mark}58000003{mark}')}") == [siti.pk]


@pytest.mark.parametrize("word", ["TRX 001-a", "trx 001-A", "Trx 001-a"])
def test_an_id_of_another_system_is_found_with_its_spaces_and_in_capitals_or_not(scope, kopi_kita, word):
    old = make_transfer(kopi_kita, external_id="TRX 001-A")
    assert found(scope, f"q={quote(word)}") == [old.pk]


def test_a_count_holds_what_an_id_finds_outside_the_dates(scope, siti):
    """Page, count and report agree that an id is found whatever the dates say."""
    asked = history(scope, f"q={siti.pk}&date_to=2020-01-31")
    assert asked.count() == asked.results().count == 1
    assert [row.pk for row in asked.rows()] == [siti.pk]


@pytest.mark.parametrize("word", ["6616", "166304", "1250001", "situ", "58000004", "9223372036854775808"])
def test_a_search_word_that_is_nothing_finds_nothing(scope, siti, others, word):
    assert found(scope, f"q={word}") == []


def test_a_phone_number_is_found_with_62_in_front(scope, kopi_kita):
    wallet = make_transfer(kopi_kita, destination_kind="ewallet", bank="ovo", account_number="081234567890")
    assert found(scope, "q=%2B62 812-3456-7890") == [wallet.pk]
    assert found(scope, "q=6281234567890") == [wallet.pk]


@pytest.mark.parametrize(
    "word", ["50%_diskon", "50%_", "a\\b", "<script>alert(1)", "王小明", "🎉 gajian", "'; DROP TABLE"]
)
def test_hard_words_mean_only_themselves(scope, kopi_kita, siti, word):
    odd = make_transfer(
        kopi_kita, beneficiary_name="王小明", remark="50%_diskon a\\b <script>alert(1) 🎉 gajian '; DROP TABLE"
    )
    assert found(scope, f"q={quote(word)}") == [odd.pk]


def test_digits_that_are_somebodys_number_are_not_searched_in_text_unless_asked(scope, kopi_kita, siti):
    remark = make_transfer(kopi_kita, remark="untuk 0066166304", created_at=NOON - timedelta(days=1))
    assert found(scope, "q=0066166304") == [siti.pk]
    assert history(scope, "q=0066166304").results().offers_text
    assert found(scope, "q=0066166304&in=text") == [remark.pk]
    assert not history(scope, "q=0066166304&in=text").results().offers_text


def test_digits_that_are_nobodys_number_are_searched_in_text(scope, siti):
    assert found(scope, "q=004821") == [siti.pk]


def test_search_and_filters_narrow_each_other(scope, siti):
    assert found(scope, "q=siti&status=successful&via=dashboard&bank=bca") == [siti.pk]
    assert found(scope, "q=siti&status=failed") == []


def test_filters_that_hide_what_the_search_finds_are_named(scope, siti, web):
    results = history(scope, "q=siti&status=failed").results()
    assert (results.rows, results.hidden) == ([], 1)
    answer = web.get("/money-transfers/?q=siti&status=failed").content.decode()
    assert "1 transaction matches “siti”, but your filters hide it" in answer
    assert 'href="/money-transfers/?q=siti"' in answer


def test_an_id_is_found_whatever_the_dates_say_and_the_page_says_so(scope, siti):
    for word in (siti.pk, "58000003"):
        results = history(scope, f"q={word}&date_from=2020-01-01&date_to=2020-01-31").results()
        assert [row["id"] for row in results.rows] == [siti.pk]
        assert "date filter" in results.note
    assert found(scope, "q=0066166304&date_to=2020-01-31") == []
    assert found(scope, f"q={siti.pk}&status=failed") == []


# --- Filters -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=failed", {"failed"}),
        ("status=failed&status=cancelled", {"failed", "cancelled"}),
        ("destination=ewallet", {"wallet"}),
        ("destination=va&destination=ewallet", {"wallet", "va"}),
        ("bank=bri", {"va"}),
        ("via=api", {"api"}),
        ("status=failed&via=api", set()),
    ],
)
def test_filters_keep_what_they_name(scope, kopi_kita, query, expected):
    made = {
        "failed": make_transfer(kopi_kita, status="failed"),
        "cancelled": make_transfer(kopi_kita, status="cancelled"),
        "wallet": make_transfer(kopi_kita, destination_kind="ewallet", bank="gopay"),
        "va": make_transfer(kopi_kita, destination_kind="va", bank="bri"),
        "api": make_transfer(kopi_kita, via="api"),
    }
    names = {transfer.pk: name for name, transfer in made.items()}
    assert {names[pk] for pk in found(scope, query)} == expected


def test_batch_filter_offers_and_reads_only_the_scopes_batches(scope, kopi_kita, toko_sebelah):
    ours, theirs = make_batch(kopi_kita), make_batch(toko_sebelah, "Their payroll")
    inside = make_transfer(kopi_kita, batch=ours)
    make_transfer(kopi_kita)
    assert found(scope, f"batch={ours.pk}") == [inside.pk]
    assert not history(scope, f"batch={theirs.pk}").is_valid
    assert "Their payroll" not in str(history(scope).address.form)


def test_the_date_filter_can_mean_the_completed_date(scope, kopi_kita):
    late = make_transfer(kopi_kita, created_at=NOON, completed_at=NOON + timedelta(days=3))
    make_transfer(kopi_kita, created_at=NOON + timedelta(days=3), completed_at=None, status="failed")
    assert found(scope, "date_basis=completed&date_from=2026-11-13&date_to=2026-11-13") == [late.pk]
    chip = history(scope, "date_basis=completed&date_from=2026-11-01&date_to=2026-11-22").chips()[0]
    assert (chip.label, chip.words) == ("Completed Date", "1 – 22 Nov 2026")


def test_chips_say_what_is_applied_and_how_to_remove_it(scope, siti):
    chips = history(scope, "q=siti&status=failed&status=successful&date_from=2026-11-01").chips()
    assert [(str(chip.label), str(chip.words)) for chip in chips] == [
        ("Search", "siti"),
        ("Created Date", "from 1 Nov 2026"),
        ("Status", "Successful, Failed"),
    ]
    assert chips[2].remove_url == "/money-transfers/?q=siti&date_from=2026-11-01"
