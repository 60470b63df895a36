"""Document → Files: everything that can be downloaded, of whatever kind, newest first."""

import re
from datetime import UTC, datetime

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.permissions import Permission, requires
from documents.files import kinds
from flipdash.forms import LineField
from flipdash.http import Request

PLACE = re.compile(r"([1-9][0-9]{0,17})\.([a-z_]{1,20})\.([1-9][0-9]{0,17})", re.ASCII)
"""Microseconds since 1970, the kind, and the id of the last row before a page."""
LAST_MICROSECOND = 253_402_300_799_999_999


class FilesForm(forms.Form):
    """Which files are shown."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False, widget=forms.Select(attrs={"class": "input"}))
    q = LineField(
        label=gettext_lazy("Name or number"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"class": "input"}),
    )

    def __init__(self, data: object) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # a QueryDict
        choices = [("", _("All kinds")), *((one.name, one.label) for one in kinds.kinds())]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField's


@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def files(request: Request) -> HttpResponse:
    """List the files, of a kind and by words where that is asked for; what is asked wrongly shows nothing."""
    form = FilesForm(request.GET)
    after = request.GET.get("after", "")
    found = kinds.Page([], None)
    if form.is_valid():
        words = tuple(form.cleaned_data["q"].split())
        found = kinds.page(request.scope, kind=form.cleaned_data["kind"], words=words, place=_place(after))
    asked = {name: str(request.GET[name]) for name in ("kind", "q") if request.GET.get(name)}
    context = {
        "form": form,
        "rows": [{"kind": kind.label, "file": item} for kind, item in found.rows],
        "is_filtered": bool(asked),
        "older_url": f"?{urlencode({**asked, 'after': _written(found.older)})}" if found.older else "",
        "newest_url": f"?{urlencode(asked)}" if after else "",
        "crumbs": [{"label": _("Document")}],
    }
    return render(request, "documents/files.html", context)


def _written(place: kinds.Place) -> str:
    whole = int(place.at.timestamp()) * 1_000_000 + place.at.microsecond
    return f"{whole}.{place.kind}.{place.pk}"


def _place(written: str) -> kinds.Place | None:
    """Return where a page begins; None for the first. Raises Http404 for what is no place."""
    if not written:
        return None
    found = PLACE.fullmatch(written)
    if found is None or int(found[1]) > LAST_MICROSECOND:
        raise Http404
    seconds, rest = divmod(int(found[1]), 1_000_000)
    return kinds.Place(datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest), found[2], int(found[3]))
