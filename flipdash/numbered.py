"""A list of rows that a business numbers, newest first: a page ends at a number, and the next begins below it."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

PAGE_SIZE = 25
LONGEST = 9  # digits of a number


def page_of(request: HttpRequest, rows: QuerySet[Any]) -> dict[str, Any]:
    """Return the `rows` of the page below ?before=…, and the addresses of the newest and the older page, if any.

    Raises Http404 where `before` is no number, as a page that isn't there does.
    """
    before = request.GET.get("before", "")
    if before:
        if not (before.isascii() and before.isdigit() and len(before) <= LONGEST):
            raise Http404
        rows = rows.filter(number__lt=int(before))
    page = list(rows.order_by("-number")[: PAGE_SIZE + 1])
    return {
        "rows": page[:PAGE_SIZE],
        "newest_url": request.path if before else "",
        "older_url": f"?before={page[PAGE_SIZE - 1].number}" if len(page) > PAGE_SIZE else "",
    }
