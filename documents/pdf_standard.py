"""What WeasyPrint leaves to be done until one file is PDF/A-3a and PDF/UA-1 (its version is pinned exactly for this).

Asked for PDF/A-3a it writes tags, fonts, the colours' profile and the metadata. It can't be asked for PDF/UA-1 besides,
so the metadata say that here; and some of its tags are wrong: headers of tables have no scope, pictures stand where CSS
counts them from, and attachments are named twice. veraPDF passes the outcome (docs/documents.md).
"""

from typing import Any

PIXEL = 0.75
"""Of CSS, in points."""
UA = "http://www.aiim.org/pdfua/ns/id/"
IDENTIFICATION = f"""<rdf:Description rdf:about="" xmlns:pdfuaid="{UA}" pdfuaid:part="1"/>
<rdf:Description rdf:about=""
  xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
  xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
  xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
 <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
  <pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
  <pdfaSchema:namespaceURI>{UA}</pdfaSchema:namespaceURI>
  <pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
  <pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
   <pdfaProperty:name>part</pdfaProperty:name>
   <pdfaProperty:valueType>Integer</pdfaProperty:valueType>
   <pdfaProperty:category>internal</pdfaProperty:category>
   <pdfaProperty:description>Part of PDF/UA</pdfaProperty:description>
  </rdf:li></rdf:Seq></pdfaSchema:property>
 </rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
""".encode()
"""The mark of PDF/UA-1, and PDF/A's word for what it may mean."""
END = b"</rdf:RDF>"


def finish(document: Any, pdf: Any) -> None:
    """Finish a PDF that WeasyPrint is about to write: what it calls as its `finisher`."""
    _mark(pdf)
    heights = {one.reference: one["MediaBox"][3] for one in pdf.objects if _is(one, "Type", "/Page")}
    for element in pdf.objects:
        if not _is(element, "Type", "/StructElem"):
            continue
        if element["S"] == "/TH":
            _scope(pdf, element)
        elif element["S"] == "/Figure":
            _place(element, heights[element["Pg"]])
    if "AF" in pdf.catalog:
        pdf.catalog["AF"] = _array(dict.fromkeys(pdf.catalog["AF"]))


def _mark(pdf: Any) -> None:
    metadata = _at(pdf, pdf.catalog["Metadata"])
    metadata.stream = [part.replace(END, IDENTIFICATION + END, 1) for part in metadata.stream]


def _scope(pdf: Any, header: Any) -> None:
    """Say of what a cell is the header: in a table's head of its column, elsewhere of its row."""
    import pydyf

    row = _at(pdf, header["P"])
    is_head = _at(pdf, row["P"])["S"] == "/THead"
    attributes = header.setdefault("A", pydyf.Dictionary({"O": "/Table"}))
    attributes["Scope"] = "/Column" if is_head else "/Row"


def _place(figure: Any, height: float) -> None:
    """Say where a picture stands in points from the foot of its page, rather than in pixels from the head."""
    left, top, right, bottom = (side * PIXEL for side in figure["A"]["BBox"])
    figure["A"]["BBox"] = _array((left, height - bottom, right, height - top))


def _is(one: Any, key: str, value: str) -> bool:
    return isinstance(one, dict) and one.get(key) == value


def _at(pdf: Any, reference: str) -> Any:
    return pdf.objects[int(reference.split()[0])]


def _array(items: Any) -> Any:
    import pydyf

    return pydyf.Array(items)
