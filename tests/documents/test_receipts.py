"""Receipts as PDF; their pages are tested with the histories."""

import io

import pytest
from PIL import Image

from documents import pdf


def test_making_a_pdf_doesnt_let_pictures_that_were_cut_off_pass(monkeypatch):
    """WeasyPrint switches Pillow's check off for the whole process, in which logos are judged too."""
    monkeypatch.setattr(pdf, "render_to_string", lambda *about: "<p>Kopi Kita</p>")
    assert pdf.render("pdf/receipt.html", {}).startswith(b"%PDF")
    picture = io.BytesIO()
    Image.new("RGB", (300, 300), "tomato").save(picture, "PNG")
    with pytest.raises(OSError, match="truncated"):
        Image.open(io.BytesIO(picture.getvalue()[:-100])).load()
