"""The bell: what one was told, newest first."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import everybody
from accounts.profile import notices
from flipdash import numbered
from flipdash.http import Request


@never_cache
@require_safe
@everybody
def notice_list(request: Request) -> HttpResponse:
    """Show what the member was told in this mode; what is shown has been seen from then on."""
    page = numbered.page_of(request, notices.told_to(request.scope), by="pk")
    if request.method == "GET":
        notices.mark_seen(request.scope, [row.pk for row in page["rows"] if row.seen_at is None])
    return render(request, "accounts/notice_list.html", page)
