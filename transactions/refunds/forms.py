"""What a person types of a refund."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash import money
from flipdash.forms import LineField
from flipdash.scope import Scope
from transactions.destinations import label_of
from transactions.models import Payment
from transactions.refunds import services
from transactions.refunds.services import NotRefundable
from transactions.transfers.forms import TEXT, TransferForm
from transactions.transfers.services import Draft as To
from transactions.transfers.services import is_unanswered


class PaymentForm(forms.Form):
    """Of which payment something is given back."""

    payment = LineField(
        label=gettext_lazy("Payment ID"),
        max_length=40,
        help_text=gettext_lazy("Its Transaction ID, as Payment History has it."),
        widget=forms.TextInput(attrs={**TEXT, "inputmode": "numeric"}),
        error_messages={"required": gettext_lazy("Type the ID of the payment.")},
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope

    def clean_payment(self) -> Payment:
        """Find it, and judge whether something can be given back of it."""
        return find(self.scope, self.cleaned_data["payment"])


def find(scope: Scope, written: str) -> Payment:
    """Return the payment of which something can be given back; raises ValidationError in words for people."""
    payment = services.find_payment(scope, written)
    if payment is None:
        raise forms.ValidationError(_("No payment of yours has this ID. Copy it from Payment History."))
    try:
        services.check_payment(payment)
    except NotRefundable as problem:
        raise forms.ValidationError(str(problem)) from problem
    return payment


class RefundForm(TransferForm):
    """A refund to be asked for: where it goes is typed and judged as of a transfer."""

    payment = LineField(max_length=40, widget=forms.HiddenInput)
    cause = LineField(
        label=gettext_lazy("Reason for the refund"),
        max_length=200,
        help_text=gettext_lazy("Whoever approves it reads this."),
        widget=forms.TextInput(attrs=TEXT),
    )
    name_reason = LineField(
        label=gettext_lazy("Why another account or name"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs=TEXT),
    )
    remark = beneficiary_email = send_on = repeats = until = save_beneficiary = None  # type: ignore[assignment]  # none
    field_order = ("payment", "amount", "cause", "destination", "account_number")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked: services.Draft | None = None

    def clean_payment(self) -> Payment:
        """Find it again: it may have been refunded meanwhile."""
        return find(self.scope, self.cleaned_data["payment"])

    def clean_amount(self) -> int:
        """Refuse more than is left of the payment."""
        amount, payment = self.cleaned_data["amount"], self.cleaned_data.get("payment")
        if payment is not None and amount > (left := services.left_of(payment)):
            raise forms.ValidationError(str(services.OverTheRest(left)))
        return int(amount)

    def _judge(self, values: dict[str, Any], kind: str, bank: str) -> None:
        super()._judge(values, kind, bank)
        if self.draft is not None:
            self.asked = services.Draft(values["payment"], self.draft, values["cause"])
            is_said = "name_reason" in self.errors or values["name_reason"]
            if not is_said and services.goes_to_another(values["payment"], self.draft):
                self.add_error("name_reason", str(services.NotThePayers(values["payment"])))

    def _draft(self, values: dict[str, Any], kind: str, bank: str) -> To:
        same = ("account_number", "amount", "beneficiary_name", "name_reason", "internal_reference")
        holder: dict[str, Any] = {"holder_name": self.holder.name[:100], "is_unanswered": is_unanswered(self.holder)}
        said = {name: values[name] for name in same}
        return To(kind=kind, bank=bank, seen_twins=self.seen_twins(), **holder, **said)

    def _twins(self, draft: To) -> Any:
        values = self.cleaned_data
        return services.twins_of_draft(self.scope, services.Draft(values["payment"], draft, values["cause"]))


def initial_of(payment: Payment) -> dict[str, Any]:
    """Return with what the form begins: all that is left, and the account that the payer left, if there is one."""
    begun = {"payment": str(payment.pk), "amount": money.number(services.left_of(payment))}
    begun["beneficiary_name"] = payment.sender_name
    if account := services.account_of_payer(payment):
        kind, bank, number = account
        begun |= {"destination": label_of(kind, bank), "account_number": number}
    return begun
