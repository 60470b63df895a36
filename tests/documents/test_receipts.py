"""Receipts as PDF: what is on them, what they are called, and that nothing hostile gets in or makes them slow."""

import io
import re
import time
from datetime import UTC, datetime

import pikepdf
import pytest
from django.utils import timezone, translation
from PIL import Image
from pypdf import PdfReader

from accounts.business import services as businesses
from documents import pdf
from documents.receipts.printing import LONGEST_NAME, Paper, plain, printed
from flipdash import histories, rls
from flipdash.scope import Scope
from tests import factories

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)  # 12:00 WIB
HOSTILE = [
    "<img src=file:///etc/passwd><script>alert(1)</script>",
    "Si\u202eti\u2066 Rah\u200bmawati\x07",
    "👩\u200d👩\u200d👧 Toko 🎉 Bahagia",
    "Z" + "\u0351\u0489" * 40 + "algo",
    "王小明 Nguyễn Văn Á مرحبا",
    "\ue000\ufffe\ufe0f",
    "../../CON: a|b?*\"<>\\",
]  # fmt: skip


def text_of(content: bytes) -> str:
    """Return what a PDF says, in one line."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def pictures_of(content: bytes) -> int:
    return sum(len(page.images) for page in PdfReader(io.BytesIO(content)).pages)


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (300, 120), "tomato").save(content, "PNG")
    return content.getvalue()


def receipt_of(row, history: str = "money-transfers", *, with_fee: bool = True) -> tuple[str, bytes]:
    """Print a receipt as the worker does; return its name and what is in it (its way: test_receipt_files.py)."""
    row.business.refresh_from_db()
    scope = Scope.by_itself(row.business, row.mode)
    with rls.inside(scope), translation.override("en"), timezone.override(scope.zone):
        paper = Paper.of(histories.get(history), scope, row.pk, with_fee=with_fee)
        return paper.file_name, printed([paper], scope)


# --- One's own ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_receipt_says_who_paid_whom_and_what_it_cost_or_not(kopi_kita):
    row = factories.make_transfer(kopi_kita, beneficiary_name="Sri Wahyuni", amount=1_850_000, fee=2_500)
    whole, without = (text_of(receipt_of(row, with_fee=with_fee)[1]) for with_fee in (True, False))
    for said in ("PT Kopi Kita Nusantara", "Sri Wahyuni", "Rp1,850,000", str(row.pk), "Page 1 of 1"):
        assert said in whole
        assert said in without
    assert "Rp2,500" in whole
    assert "Rp2,500" not in without
    assert "Fee" not in without


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Sri Wahyuni", "Sri-Wahyuni_"),
        ("Nguyễn Đức Straße", "Nguyen-Duc-Strasse_"),
        ('CON / \\ : * ? " < > | .', "CON_"),
        ("../../etc/passwd", "etc-passwd_"),
        ("a\u202egpj.exe", "agpj-exe_"),
        ("王小明", ""),
        ("😀", ""),
        ("x" * 100, "x" * LONGEST_NAME + "_"),
    ],
)
def test_the_files_name_says_whose_it_is_and_fits_every_system(kopi_kita, name, said):
    row = factories.make_transfer(kopi_kita, beneficiary_name=name, amount=1_850_000, created_at=NOON)
    named, _content = receipt_of(row)
    assert named == f"Receipt_{said}Rp1.850.000_2026-11-20_{row.pk}.pdf"
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,120}", named)


@pytest.mark.django_db
def test_the_day_in_the_name_is_the_businesss(toko_sebelah):
    late = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)  # 00:30 of the next day in WITA
    row = factories.make_payment(toko_sebelah, mode="test", sender_name="Made", amount=50_000, created_at=late)
    named, content = receipt_of(row, "payments")
    assert named == f"TEST_Receipt_Made_Rp50.000_2026-11-21_{row.pk}.pdf"
    assert "no real money moved" in text_of(content)


@pytest.mark.django_db
@pytest.mark.parametrize("typed", HOSTILE)
def test_what_people_typed_is_only_text(kopi_kita, typed):
    row = factories.make_transfer(kopi_kita, beneficiary_name=typed, remark=typed)
    named, content = receipt_of(row)
    assert len(PdfReader(io.BytesIO(content)).pages) == 1
    assert "root:" not in text_of(content)
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,120}", named)


@pytest.mark.django_db
def test_the_businesss_logo_is_on_it(files, scope, kopi_kita):
    row = factories.make_transfer(kopi_kita)
    assert pictures_of(receipt_of(row)[1]) == 0
    businesses.set_logo(scope, picture())
    assert pictures_of(receipt_of(row)[1]) == 1
    kopi_kita.refresh_from_db()
    (files / kopi_kita.logo).unlink()
    assert text_of(receipt_of(row)[1])


@pytest.mark.django_db
def test_a_logo_in_printers_colours_keeps_the_standard(files, scope, kopi_kita):
    content = io.BytesIO()
    Image.new("CMYK", (300, 120), (0, 200, 200, 20)).save(content, "JPEG")
    businesses.set_logo(scope, content.getvalue())
    row = factories.make_transfer(kopi_kita)
    _name, made = receipt_of(row)
    assert pictures_of(made) == 1
    assert b"DeviceCMYK" not in made
    with pikepdf.open(io.BytesIO(made)) as file:
        spaces = {str(one.get("/ColorSpace")) for one in file.objects if isinstance(one, pikepdf.Stream)}
    assert "/DeviceCMYK" not in spaces
    assert "/DeviceRGB" in spaces


@pytest.mark.django_db
def test_every_history_with_a_receipt_names_fields_that_it_reads(scope):
    declared = [histories.get(name) for name in histories.names() if histories.get(name).receipt]
    assert {history.name for history in declared} == set(factories.MAKERS)
    for history in declared:
        row = factories.MAKERS[history.name](scope.business, fee=777)
        paper = Paper.of(history, scope, row.pk)
        assert paper.party
        assert paper.arrived_at == getattr(paper.transaction, history.receipt.at)
        assert all(hasattr(paper.transaction, field) for field in (*history.receipt.known_by, history.receipt.at))


def test_a_name_in_files_is_never_a_devices_nor_longer_than_allowed():
    assert plain("x" * 39 + " y") == "x" * 39
    assert plain("\n") == ""


# --- The machinery ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        "<img src='file:///etc/passwd'>",
        "<img src='http://127.0.0.1/'>",
        "<link rel=attachment href='file:///etc/passwd'>",
        "<style>@import url(file:///etc/passwd)</style>",
        "<style>p { background: url(data:image/png;base64,AAAA) }</style><p>x</p>",
        "<object data='file:///etc/passwd'></object>",
    ],
)
def test_a_pdf_fetches_nothing_and_says_so(monkeypatch, page):
    monkeypatch.setattr(pdf, "render_to_string", lambda *about: page)
    with pytest.raises(pdf.Unprintable, match="fetches nothing"):
        pdf.render("pdf/receipt.html", {})


def test_a_pdf_has_the_files_that_it_was_given(monkeypatch):
    monkeypatch.setattr(
        pdf,
        "render_to_string",
        lambda *about: "<html lang=en><title>x</title><img class=logo src='flipdash:logo' alt=x>",
    )
    assert pictures_of(pdf.render("pdf/receipt.html", {}, {"flipdash:logo": picture()})) == 1


@pytest.mark.parametrize("typed", HOSTILE)
def test_printable_text_is_one_short_line_without_what_nobody_sees(typed):
    line = pdf.printable(typed)
    assert line.isprintable()
    assert len(line) <= pdf.LONGEST
    assert pdf.printable(line) == line


def test_printable_text_keeps_what_names_are_made_of():
    for name in ("Siti Rahmawati", "Nguyễn Văn Á", "O’Brien & Söhne", "Rp1.850.000", "مرحبا"):
        assert pdf.printable(name) == name
    assert len(pdf.printable("王小明")) == 3  # question marks, where no font of ours has them
    assert pdf.printable("Sri\n\tWahyuni\u2028!") == "Sri Wahyuni !"
    assert pdf.printable("a" * 500) == "a" * 199 + "…"


@pytest.mark.django_db
def test_long_words_cost_no_more_than_their_letters(scope, kopi_kita):
    """In a table that fits itself to its words, four times as many letters in a word cost forty times as much."""

    def seconds_for(letters: int) -> float:
        paper = Paper.of(histories.get("money-transfers"), scope, pk)
        paper.__dict__["groups"] = [[{"label": "Remark", "value": "W" * letters} for _field in range(4)]]
        begun = time.process_time()
        pdf.render("pdf/receipt.html", {"papers": [paper], "scope": scope, "language": "en", "logo": ""})
        return time.process_time() - begun

    pk = factories.make_transfer(kopi_kita).pk
    seconds_for(100)  # fonts are read
    assert seconds_for(1_000) < 15 * seconds_for(250)


def test_making_a_pdf_doesnt_let_pictures_that_were_cut_off_pass(monkeypatch):
    """WeasyPrint switches Pillow's check off for the whole process, in which logos are judged too."""
    monkeypatch.setattr(pdf, "render_to_string", lambda *about: "<html lang=en><title>x</title><p>Kopi Kita</p>")
    assert pdf.render("pdf/receipt.html", {}).startswith(b"%PDF")
    whole = picture()
    with pytest.raises(OSError, match="truncated"):
        Image.open(io.BytesIO(whole[:-100])).load()
