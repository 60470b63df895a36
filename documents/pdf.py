"""Pages made into PDF."""

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from PIL import ImageFile

CSS = settings.BASE_DIR / "static" / "css" / "pdf.css"


def render(template: str, context: dict[str, Any]) -> bytes:
    """Render a template as PDF. It fetches nothing: addresses are refused (trust.md F5)."""
    import weasyprint  # imported late: it needs system libraries, and a second

    # WeasyPrint sets this for the whole process, in which a logo that was cut off would then pass as whole.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    html = weasyprint.HTML(string=render_to_string(template, context), url_fetcher=_refuse)
    return html.write_pdf(stylesheets=[weasyprint.CSS(filename=CSS, url_fetcher=_refuse)])


def _refuse(url: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    raise ValueError(f"a PDF fetches nothing, and so not {url[:100]}")
