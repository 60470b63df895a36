"""What is asked before a receipt leaves the business."""

from django import forms
from django.utils.translation import gettext_lazy as _

from documents.receipts.printing import FEE
from flipdash.histories import History


class LinkForm(forms.Form):
    """What a receipt shows to whoever has its link."""

    with_fee = forms.BooleanField(
        label=_("Show the fee"),
        required=False,
        help_text=_("Whoever is paid needn’t see what it cost you."),
    )

    def __init__(self, *args: object, history: type[History], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # what Django's forms take
        if history.receipt is None or FEE not in history.receipt.fields:
            del self.fields["with_fee"]

    @property
    def with_fee_chosen(self) -> bool:
        """Whether the fee is to be shown; a receipt that never has one shows all it has."""
        return "with_fee" not in self.fields or bool(self.cleaned_data["with_fee"])


class SendForm(LinkForm):
    """Where to send a receipt."""

    to = forms.EmailField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "autofocus": True}),
        error_messages={
            "required": _("Write the address that the receipt goes to."),
            "invalid": _("Write one address, such as sri@example.com."),
        },
    )

    field_order = ("to", "with_fee")
