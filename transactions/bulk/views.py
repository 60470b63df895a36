"""Money Transfer → Bulk Transfer: a file is uploaded, looked at, repaired and confirmed."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, refuse, requires
from accounts.rights import NotAllowed
from accounts.sign_in.reauthentication import reauthenticated
from flipdash import money, room
from flipdash.gate import polled
from flipdash.http import Request, require_form
from flipdash.tables import Unreadable
from flipdash.uploads import was_cut_off
from transactions.bulk import asking, batches, creating, pages, repairs, services, template
from transactions.bulk.forms import ConfirmForm, UploadForm, too_large
from transactions.bulk.layout import FIELDS, LABELS, MOST_ROWS, BulkLayout
from transactions.models import BulkDraft
from transactions.outgoing import acts
from transactions.outgoing.refusals import OutgoingRefused
from transactions.transfers import forms as transfer_forms

CRUMBS = ({"label": gettext_lazy("Money Transfer")},)


@require_form
@requires(Permission.CREATE_TRANSACTIONS)
def bulk(request: Request) -> HttpResponse:
    """Show the upload, the files under way, and the batches, newest first; POST uploads."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        if was_cut_off(request):
            form.add_error("file", too_large())
        elif form.is_valid() and (draft := _upload(request, form)):
            return redirect("transactions:bulk-draft", draft.number)
    shown = {
        "form": form,
        "crumbs": CRUMBS,
        "drafts": batches.under_way(request.scope),
        "columns": BulkLayout.fields[:-1],
        "most": MOST_ROWS,
        **batches.page_of(request.scope, request.GET.get("before", "")),
    }
    return render(request, "transactions/bulk/index.html", shown)


def _upload(request: Request, form: UploadForm) -> BulkDraft | None:
    try:
        return services.request_draft(request.scope, form.cleaned_data["file"])
    except Unreadable as problem:
        form.add_error("file", _("This file can’t be read: %(reason)s.") % {"reason": problem.fault.reason})
    except services.TooManyOpen as problem:
        form.add_error("file", str(problem))
    except room.TooMuchStored as problem:
        form.add_error("file", problem.in_words)
    return None


@require_safe
@requires(Permission.CREATE_TRANSACTIONS)
def bulk_template(request: Request) -> HttpResponse:
    """Send an empty file with the columns, examples, and a sheet of all banks."""
    response = HttpResponse(
        template.workbook(),
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": 'attachment; filename="bulk-transfer.xlsx"'},
    )
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@never_cache
@require_safe
@requires(Permission.CREATE_TRANSACTIONS)
def bulk_draft(request: Request, draft_number: int) -> HttpResponse:
    """Show one file: how far it is; what is right, wrong and doubtful in it; and what it would come to."""
    draft = _draft(request, draft_number)
    if draft.batch_id:
        return redirect("transactions:bulk-batch", draft.batch_id)
    return render(request, "transactions/bulk/draft.html", _shown(request, draft))


@polled
@never_cache
@require_safe
@requires(Permission.CREATE_TRANSACTIONS)
def bulk_status(request: Request, draft_number: int) -> HttpResponse:
    """Answer how far a worker is with a file, for htmx to ask again; and send on to the page when it is done."""
    draft = _draft(request, draft_number)
    if draft.is_moving:
        return render(request, "transactions/bulk/progress.html", {"draft": draft})
    return HttpResponse(headers={"HX-Redirect": reverse("transactions:bulk-draft", args=[draft.number])})


@polled
@never_cache
@require_safe
@requires(Permission.CREATE_TRANSACTIONS)
def bulk_asking(request: Request, draft_number: int) -> HttpResponse:
    """Answer for how many accounts the banks are still to be asked, for htmx to ask again."""
    draft = _draft(request, draft_number)
    unasked = draft.rows.filter(creating.GOOD, asking.UNKNOWN).count()
    shown = {"draft": draft, "unasked": unasked, "is_stuck": bool(unasked) and asking.has_failed(draft)}
    return render(request, "transactions/bulk/asking.html", shown)


@require_POST
@requires(Permission.CREATE_TRANSACTIONS)
def bulk_asked_again(request: Request, draft_number: int) -> HttpResponse:
    """Let the banks be asked once more, where that was given up."""
    draft = _draft(request, draft_number)
    try:
        is_asked = services.ask_again(request.scope, draft)
    except NotAllowed as problem:
        return refuse(request, problem.permission)
    if is_asked:
        messages.success(request, _("The banks are being asked again."))
    else:
        messages.info(request, _("The banks are being asked, or have answered."))
    return redirect("transactions:bulk-draft", draft.number)


def _shown(request: Request, draft: BulkDraft, form: ConfirmForm | None = None) -> dict[str, Any]:
    crumbs = [*CRUMBS, {"label": _("Bulk Transfer"), "url": reverse("transactions:bulk")}]
    shown: dict[str, Any] = {"draft": draft, "crumbs": crumbs, "labels": LABELS}
    if draft.status == BulkDraft.Status.REVIEW:
        look = creating.look_at(request.scope, draft)
        if look.count and not look.wrong and not request.GET.get("after"):  # scrolling on asks nothing again
            look = creating.look_again(request.scope, draft)
        showing = request.GET.get("show", "wrong" if look.wrong else "")
        shown |= {
            "look": look,
            "form": form or ConfirmForm(look=look, initial={"name": draft.name}),
            "choices": transfer_forms.choices(),
            "groups": pages.groups(draft) if look.wrong else [],
            **pages.page_of(draft, showing, request.GET.get("after", ""), request.GET.get("edit", "")),
        }
    return shown


@require_POST
@requires(Permission.CREATE_TRANSACTIONS)
def bulk_repair(request: Request, draft_number: int) -> HttpResponse:
    """Write what was typed into the cells of the page; or leave one row out, take it back, or leave out all shown."""
    draft = _draft(request, draft_number)
    showing = request.POST.get("show", "")
    if showing not in repairs.SHOWING:
        raise Http404
    try:
        said = _act_of(request, draft, showing)
    except repairs.NotInReview:
        messages.error(request, _("Nothing was changed: this file is past that step."))
    except NotAllowed as problem:
        return refuse(request, problem.permission)
    else:
        messages.success(request, said)
    address = {"show": showing, "after": request.POST.get("after", "")}
    query = urlencode({name: value for name, value in address.items() if value or name == "show"})
    return redirect(f"{reverse('transactions:bulk-draft', args=[draft.number])}?{query}#rows")


def _act_of(request: Request, draft: BulkDraft, showing: str) -> str:
    scope = request.scope
    if record := _number(request.POST.get("leave", "")):
        repairs.leave_out(scope, draft, records=[record])
        return _("The row is left out.")
    if record := _number(request.POST.get("back", "")):
        repairs.put_back(scope, draft, records=[record])
        return _("The row is in again.")
    if "leave_all" in request.POST and showing in ("wrong", "twins", "names"):
        count = repairs.leave_out(scope, draft, showing=showing)
        return _("%(count)s rows are left out.") % {"count": money.number(count)}
    return _("%(count)s rows were checked again.") % {
        "count": money.number(repairs.repair(scope, draft, _changes(request)))
    }


def _changes(request: Request) -> dict[int, dict[str, str]]:
    """Return what was typed, by record and field: cells are called 17-bank."""
    changes: dict[int, dict[str, str]] = {}
    for name in request.POST:
        written, _dash, field = name.partition("-")
        record = _number(written)
        if record and field in FIELDS:
            changes.setdefault(record, {})[field] = _typed(request, name)
    return changes


def _typed(request: Request, name: str) -> str:
    """Return what was typed. The database keeps no NUL; a sign that can't be seen either is refused beside its cell."""
    return request.POST.get(name, "").replace("\0", "\x01")


def _number(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 7 else 0


@require_POST
@requires(Permission.CREATE_TRANSACTIONS)
def bulk_replacement(request: Request, draft_number: int) -> HttpResponse:
    """Write one text instead of another in all rows where it is wrong."""
    draft = _draft(request, draft_number)
    field, old, new = (_typed(request, name) for name in ("field", "old", "new"))
    if field not in FIELDS:
        raise Http404
    try:
        count = repairs.replace(request.scope, draft, field, old, new)
    except repairs.NotInReview:
        messages.error(request, _("Nothing was changed: this file is past that step."))
    except NotAllowed as problem:
        return refuse(request, problem.permission)
    else:
        messages.success(request, _("Replaced in %(count)s rows.") % {"count": money.number(count)})
    return redirect(f"{reverse('transactions:bulk-draft', args=[draft.number])}?show=wrong#rows")


@require_POST
@requires(Permission.CREATE_TRANSACTIONS)
def bulk_confirmation(request: Request, draft_number: int) -> HttpResponseBase:
    """Let a file become a batch: as it was shown, and with what had to be said of it."""
    draft = _draft(request, draft_number)
    at_once = draft.status == BulkDraft.Status.REVIEW and creating.look_at(request.scope, draft).goes_at_once
    asks = at_once and acts.need_reauthentication(request.scope)
    confirming = reauthenticated(_confirm) if asks else _confirm
    return confirming(request, draft)


def _confirm(request: Request, draft: BulkDraft) -> HttpResponse:
    if draft.status != BulkDraft.Status.REVIEW:
        return redirect("transactions:bulk-draft", draft.number)
    look = creating.look_again(request.scope, draft)
    form = ConfirmForm(request.POST, look=look)
    if form.is_valid():
        try:
            services.confirm(request.scope, draft, **form.cleaned_data)
        except OutgoingRefused as problem:
            form.add_error(None, str(problem))
        except NotAllowed as problem:
            return refuse(request, problem.permission)
        else:
            return redirect("transactions:bulk-draft", draft.number)
    return render(request, "transactions/bulk/draft.html", _shown(request, draft, form))


@require_POST
@requires(Permission.CREATE_TRANSACTIONS)
def bulk_cancellation(request: Request, draft_number: int) -> HttpResponse:
    """Throw a file away that isn't a batch yet."""
    draft = _draft(request, draft_number)
    try:
        is_stopped = services.cancel(request.scope, draft)
    except NotAllowed as problem:
        return refuse(request, problem.permission)
    if is_stopped:
        messages.success(request, _("The file was thrown away. Nothing was created."))
        return redirect("transactions:bulk")
    messages.info(request, _("This file can’t be thrown away any more."))
    return redirect("transactions:bulk-draft", draft.number)


def _draft(request: Request, number: int) -> BulkDraft:
    found: BulkDraft = get_object_or_404(
        BulkDraft.objects.visible_to(request.scope).select_related("member__user"), number=number
    )
    return found
