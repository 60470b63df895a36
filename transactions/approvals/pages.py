"""What people do to one transaction from its own page, whatever its kind: approve it, reject it, cancel it; and in Test
Mode let the simulated bank answer. Each kind says its words and what its approvers see."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.permissions import refuse
from accounts.rights import NotAllowed
from accounts.sign_in.reauthentication import reauthenticated
from flipdash import events, money
from flipdash.http import Request
from flipdash.words import Words
from transactions.approvals.forms import FilterForm
from transactions.models import Status
from transactions.outgoing import acts
from transactions.outgoing.forms import StopForm
from transactions.outgoing.products import Product
from transactions.outgoing.refusals import NotWaiting, OutgoingRefused
from transactions.rails import Outcome, simulator

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True)
class Said:
    """The words of one kind; those with an amount say %(amount)s."""

    approved: Words
    rejected: Words
    cancelled: Words
    not_yours: Words
    """Why somebody can't cancel it."""
    reject: Words
    """The question, and so is the next one."""
    cancel: Words


@dataclass(frozen=True)
class Pages:
    """The pages on which one kind of transaction is decided on."""

    product: Product
    said: Said
    crumbs_of: Callable[[Any], list[dict[str, Any]]]
    approval_template: str
    shown: Callable[[Request, Any], dict[str, Any]]
    """What the page shows on which one is approved, `seen` among it."""
    waiting: Words = ""
    """What is said of what is approved, and waits for the deposit."""

    def approval(self, request: Request, pk: int) -> HttpResponseBase:
        """Show what an approver has to know, and approve it."""
        return asked_first(request, self._approval)(request, self._found(request, pk))

    def rejection(self, request: Request, pk: int) -> HttpResponse:
        """Ask why it is rejected, and do it."""
        return self._stop(request, self._found(request, pk), is_rejection=True)

    def cancellation(self, request: Request, pk: int) -> HttpResponse:
        """Ask whether it is cancelled, and do it."""
        row = self._found(request, pk)
        if not acts.may_cancel(request.scope, row):
            messages.error(request, self.said.not_yours)
            return self._page_of(request, row)
        return self._stop(request, row, is_rejection=False)

    def forced(self, request: Request, pk: int) -> HttpResponse:
        """Let the simulated bank answer at once; in Test Mode only (trust.md D8)."""
        row = self._found(request, pk)
        outcome = {"successful": Outcome.SUCCESSFUL, "failed": Outcome.FAILED}.get(request.POST.get("outcome", ""))
        if not request.scope.is_test or outcome is None:
            raise Http404
        try:
            simulator.force(self.product.key_of(row), outcome)
        except simulator.NotTold:
            messages.info(request, _("It hasn’t reached the simulated bank yet. Try again in a moment."))
        except simulator.AlreadyAnswered:
            messages.info(request, _("The simulated bank has answered already."))
        else:
            events.record(request.scope, self.product.kind("forced"), row, outcome=str(outcome))
        return self._page_of(request, row)

    def _found(self, request: Request, pk: int) -> Any:
        return get_object_or_404(self.product.model.objects.visible_to(request.scope, searched=True), pk=pk)

    def _page_of(self, request: Request, row: Any) -> HttpResponse:
        """Lead to its page, or to Approvals whoever can't open that."""
        if self.product.approver_url_name and not request.scope.can(self.product.requested_by):
            return redirect("transactions:approvals")
        return redirect(self.product.row_url_name, row.pk)

    def _approval(self, request: Request, row: Any) -> HttpResponseBase:
        if request.method == "POST":
            seen, sure = request.POST.get("seen", ""), bool(request.POST.get("sure"))
            try:
                done = acts.approve(request.scope, self.product, row.pk, seen=seen, sure=sure)
            except OutgoingRefused as problem:
                messages.error(request, str(problem))
                if row.status == Status.PENDING_APPROVAL and not isinstance(problem, NotWaiting):
                    return redirect(request.get_full_path())
            except NotAllowed as problem:
                return refuse(request, problem.permission)
            else:
                waits = self.product.waits and done.status == self.product.waits
                said = self.waiting if waits else self.said.approved
                messages.success(request, str(said) % {"amount": money.rupiah(row.amount)})
            return self._after(request, row)
        if row.status != Status.PENDING_APPROVAL:
            messages.info(request, str(NotWaiting(row)))
            return self._page_of(request, row)
        return render(request, self.approval_template, self.shown(request, row))

    def _after(self, request: Request, row: Any) -> HttpResponse:
        """Go back to Approvals as it was left by whoever came from there; all others see its page."""
        if (query := request.GET.get("list")) is None:
            return self._page_of(request, row)
        kept = {name: value for name, value in QueryDict(query[:500]).items() if name in FilterForm.base_fields}
        return redirect(reverse("transactions:approvals") + (f"?{urlencode(kept)}" if kept else ""))

    def _stop(self, request: Request, row: Any, *, is_rejection: bool) -> HttpResponse:
        form = StopForm(request.POST if request.method == "POST" else None, must_say=is_rejection)
        if row.status not in acts.WAITING:
            messages.info(request, str(NotWaiting(row)))
            return self._page_of(request, row)
        if request.method == "POST" and form.is_valid():
            act = acts.reject if is_rejection else acts.cancel
            try:
                act(request.scope, self.product, row.pk, **form.cleaned_data)
            except OutgoingRefused as problem:
                messages.warning(request, str(problem))
            except NotAllowed as problem:
                return refuse(request, problem.permission)
            else:
                messages.success(request, self.said.rejected if is_rejection else self.said.cancelled)
            return self._page_of(request, row)
        shown = {
            "row": row,
            "form": form,
            "crumbs": self.crumbs_of(row),
            "is_rejection": is_rejection,
            "question": self.said.reject if is_rejection else self.said.cancel,
            "back": self._page_of(request, row).url,  # type: ignore[attr-defined]  # a redirect has it
        }
        return render(request, "transactions/stop.html", shown)


def asked_first(request: Request, view: View) -> View:
    """Re-authenticate before what approves, where the business wants that (Account & Profile)."""
    return reauthenticated(view) if acts.need_reauthentication(request.scope) else view
