"""PDF/A-3a and PDF/UA-1: what is asked of every file, whatever anybody typed. veraPDF itself is asked by hand."""

import io
import os
import subprocess
import sys
import time
from datetime import UTC, datetime

import pikepdf
import pytest
from django.utils import translation
from django.utils.html import escape
from PIL import Image

from bench import documents
from documents import pdf
from documents.invoices import paper

HOSTILE = [
    "<img src=file:///etc/passwd><script>alert(1)</script>",
    "</td></tr></table><h1>Paid</h1>",
    "{{ settings.SECRET_KEY }} {% now %}",
    "&lt;b&gt; &amp;amp; &#0;",
    "Si\u202eti\u2066 Rah\u200bmawati\x07",
    "\u202eINVOICE lanoitaN TP",
    "PT\u2028Baris\u2029Kedua\x0b\x0c",
    "👩\u200d👩\u200d👧 Toko 🎉 Bahagia",
    "🇮🇩 Garuda ☕️ ❤️",
    "Z" + "\u0351\u0489" * 40 + "algo",
    "王小明",
    "พิมพ์ชนก",
    "मोहन दास",
    "ꦗꦮ",
    "한국 상사",
    "مرحبا شركة",
    "חברת שלום",
    "Nguyễn Văn Á",
    "Ｆｕｌｌｗｉｄｔｈ",
    "\ue000\uf8ff",
    "\ufffe\uffff\ufdd0",
    "\U000e0041\U000e0042tags",
    "x\x00y",
    "\ud800 lone",
    "\ufe0f\u200d\u00ad",
    "../../CON: a|b?*\"<>\\",
    "'; DROP TABLE deposits_entry; --",
    "=HYPERLINK(\"http://a\")",
    "A" * 300,
    " ",
]  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def warm():
    """Read the fonts, and speak English."""
    with translation.override("en"):
        pdf.render_page(page("<p>x</p>"))
        yield


PICTURES = {"RGBA": "#ff634780", "RGB": "#ff6347", "L": 120, "P": 3}


def page(body: str, title: str = "Bukti", language: str = "id") -> str:
    return f"<html lang={language}><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"


def opened(content: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(content))


def elements(file: pikepdf.Pdf, kind: str) -> list:
    return [o for o in file.objects if isinstance(o, pikepdf.Dictionary) and o.get("/S") == pikepdf.Name(f"/{kind}")]


def check_standard(content: bytes, *, title: str, language: str) -> pikepdf.Pdf:
    """Ask a file for all that can be asked without a validator; return it."""
    file = opened(content)
    with file.open_metadata() as meta:
        said = {name: meta.get(name) for name in ("pdfaid:part", "pdfaid:conformance", "pdfuaid:part", "dc:title")}
    assert said == {"pdfaid:part": "3", "pdfaid:conformance": "A", "pdfuaid:part": "1", "dc:title": title}
    assert str(file.docinfo["/Title"]) == title
    assert str(file.Root.Lang) == language
    assert file.Root.MarkInfo.Marked
    assert file.Root.ViewerPreferences.DisplayDocTitle
    assert file.Root.OutputIntents[0].S == "/GTS_PDFA1"
    assert file.trailer.ID
    for header in elements(file, "TH"):
        assert header.A.Scope in ("/Column", "/Row")
    for figure in elements(file, "Figure"):
        left, low, right, high = (float(side) for side in figure.A.BBox)
        _x, _y, width, height = (float(side) for side in figure.Pg.MediaBox)
        assert 0 <= left < right <= width
        assert 0 <= low < high <= height
        assert figure.get("/Alt")
    fonts = [o for o in file.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/FontDescriptor"]
    assert fonts
    assert all("/FontFile2" in font or "/FontFile3" in font for font in fonts)
    for one in file.pages:
        assert "/StructParents" in one
        for _name, picture in one.images.items():
            assert not picture.get("/Interpolate", False)
    return file


def test_a_file_says_that_it_is_of_both_standards_and_how_it_is_read():
    table = "<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><th>B</th><td>1</td></tr></tbody></table>"
    mark = "<svg width=20 height=20><title>Tanda</title><rect width=20 height=20 /></svg>"
    file = check_standard(pdf.render_page(page(mark + table)), title="Bukti", language="id")
    assert [str(header.A.Scope) for header in elements(file, "TH")] == ["/Column", "/Column", "/Row"]
    [figure] = elements(file, "Figure")
    assert float(figure.A.BBox[1]) > 400  # near the head of the page, counted from its foot
    assert all("Inter" in str(o.FontName) for o in file.objects if "/FontName" in _keys(o))


def _keys(one) -> list[str]:
    return list(one.keys()) if isinstance(one, pikepdf.Dictionary) else []


@pytest.mark.parametrize(("mode", "colour"), PICTURES.items())
def test_a_picture_of_any_kind_is_drawn_without_smoothing(mode, colour):
    content = io.BytesIO()
    Image.new(mode, (300, 120), colour).save(content, "PNG")
    body = "<img class=logo src='flipdash:logo' alt='Logo'>"
    check_standard(pdf.render_page(page(body), {"flipdash:logo": content.getvalue()}), title="Bukti", language="id")


def test_files_inside_are_named_once_with_what_they_are_and_the_same_bytes_come_out():
    at = datetime(2026, 12, 1, 1, tzinfo=UTC)
    inside = [pdf.Attachment(f"INV-{n}.csv", b"a;b", "Lines", at) for n in (2, 1)]
    content = pdf.render_page(page("<p>x</p>"), attachments=inside)
    file = check_standard(content, title="Bukti", language="id")
    assert [str(one.UF) for one in file.Root.AF] == ["INV-1.csv", "INV-2.csv"]
    assert {str(one.AFRelationship) for one in file.Root.AF} == {"/Data"}
    assert file.attachments["INV-1.csv"].get_file().read_bytes() == b"a;b"
    time.sleep(1.1)  # the clock is not in it
    assert pdf.render_page(page("<p>x</p>"), attachments=inside) == content


def test_another_process_on_another_day_in_another_zone_makes_the_same_bytes():
    """An invoice with its sheet inside; the second process believes that it is half a year later."""
    program = """if True:
        import datetime, hashlib, sys, time

        later, now = int(sys.argv[1]) * 86_400, time.time

        class Moved(datetime.datetime):
            @classmethod
            def now(cls, tz=None):
                return cls.fromtimestamp(now() + later, tz)

        time.time, datetime.datetime = (lambda: now() + later), Moved
        import django

        django.setup()
        from bench import documents
        from django.utils import translation

        with translation.override("id"):
            made = documents.whole(*documents.invoice(), transactions=3)
        print(datetime.datetime.now().date(), hashlib.sha256(made).hexdigest())
    """
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "flipdash.settings"}
    places = [{"TZ": "Asia/Jayapura", "PYTHONHASHSEED": "1"}, {"TZ": "America/Lima", "PYTHONHASHSEED": "2"}]
    said = [
        subprocess.run(
            [sys.executable, "-c", program, days], env=environment | more, check=True, capture_output=True, text=True
        ).stdout.split()
        for days, more in zip(("0", "180"), places, strict=True)
    ]
    days, made = zip(*said, strict=True)
    assert len(set(days)) == 2
    assert len(set(made)) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_leave_the_standard_whole(name):
    said = pdf.printable(name)
    assert len(said) <= pdf.LONGEST
    assert pdf.printable(said) == said
    assert all(ord(letter) in pdf.coverage() for letter in said)
    title = f"Bukti {said}".strip()
    body = f"<p>{escape(said)}</p><table><tr><th>Nama</th><td>{escape(said)}</td></tr></table>"
    check_standard(pdf.render_page(page(body, escape(title))), title=title, language="id")
    check_invoice_of(name)


def test_two_thousand_letters_without_a_space_are_laid_out_at_once():
    cells = f"<table><tr><th>Nama</th><td>{'W' * 2_000}</td></tr></table>"
    begun = time.process_time()
    check_standard(pdf.render_page(page(cells)), title="Bukti", language="id")
    assert time.process_time() - begun < 5, "more than in proportion to its length"
    check_invoice_of("W" * 2_000)


def check_invoice_of(name: str) -> None:
    """Print an invoice to somebody of a name and an address: of both standards, within seconds of CPU time."""
    invoice, lines = documents.invoice()
    invoice.buyer_name = invoice.buyer_address = name
    begun = time.process_time()
    content = pdf.render("pdf/invoice.html", paper.context_of(invoice, lines))
    assert time.process_time() - begun < 5, "more than in proportion to its length"
    check_standard(content, title="Invoice INV/2026/11/000047", language="en")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<p style='colour: red'>x</p>", "unknown property"),
        ("<p>\U0001f389</p>", "glyph"),
        ("<img src='flipdash:logo'>", "alt"),
    ],
)
def test_whatever_the_renderer_warns_of_is_an_error(body, said):
    content = io.BytesIO()
    Image.new("RGB", (3, 3)).save(content, "PNG")
    with pytest.raises(pdf.Unprintable, match=said):
        pdf.render_page(page(body), {"flipdash:logo": content.getvalue()})


def test_a_name_that_would_lose_letters_is_known_before():
    for name in ("PT Kopi Kita Nusantara", "CV  Dua Spasi", "Nguyễn Văn Á", "O’Brien & Söhne"):
        assert not pdf.loses_letters(name)
    for name in ("PT 王小明", "Toko 🎉", "PT \u202eX", "A" * 201):
        assert pdf.loses_letters(name)
