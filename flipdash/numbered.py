"""A list of rows that are numbered, newest first: a page ends at a number, and the next begins below it."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

PAGE_SIZE = 25
LONGEST = {"number": 9, "pk": 18}
"""The digits of what a page may end at: a number of the business, or an id."""


def page_of(request: HttpRequest, rows: QuerySet[Any], *, by: str = "number") -> dict[str, Any]:
    """Return the `rows` of the page below ?before=…, and the addresses of the newest and the older page, if any.

    `by` names the field that numbers them: the business's "number", or "pk" for what is deleted by people.
    Raises Http404 where `before` is no number, as a page that isn't there does.
    """
    before = request.GET.get("before", "")
    if before:
        if not (before.isascii() and before.isdigit() and len(before) <= LONGEST[by]):
            raise Http404
        rows = rows.filter(**{f"{by}__lt": int(before)})
    page = list(rows.order_by(f"-{by}")[: PAGE_SIZE + 1])
    return {
        "rows": page[:PAGE_SIZE],
        "newest_url": request.path if before else "",
        "older_url": f"?before={getattr(page[PAGE_SIZE - 1], by)}" if len(page) > PAGE_SIZE else "",
    }
