"""What a person types of a top-up."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deposits.models import BankAccount
from deposits.topups import services as topups
from flipdash import money
from flipdash.forms import LineField, RupiahField


class TopUpForm(forms.Form):
    """How much, to which bank, and what for. The hidden key makes that one form asks once (trust.md L6)."""

    preset = forms.ChoiceField(required=False, widget=forms.RadioSelect)
    amount = RupiahField(label=gettext_lazy("Amount"), required=False)
    bank = forms.ChoiceField(
        label=gettext_lazy("Bank to pay from"),
        widget=forms.RadioSelect,
        help_text=gettext_lazy("Choose the bank of the account that you will transfer from."),
        error_messages={
            "required": gettext_lazy("Choose one of the banks shown."),
            "invalid_choice": gettext_lazy("Choose one of the banks shown."),
        },
    )
    note = LineField(
        label=gettext_lazy("Note"), required=False, max_length=100, widget=forms.TextInput(attrs={"class": "input"})
    )
    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"idempotency_key": uuid.uuid4()})
        super().__init__(*args, **kwargs)
        self.accounts = list(BankAccount.objects.offered())
        self.fields["bank"].choices = [(account.bank, account.name) for account in self.accounts]  # type: ignore[attr-defined]  # has choices
        presets = [(str(preset), money.rupiah(preset)) for preset in topups.PRESETS]
        self.fields["preset"].choices = presets  # type: ignore[attr-defined]  # has choices

    def clean_bank(self) -> str:
        """Refuse a bank at which nothing arrives now."""
        try:
            return topups.check_bank(self.cleaned_data["bank"]).bank
        except topups.BankRefused as problem:
            raise forms.ValidationError(str(problem)) from problem

    def clean_amount(self) -> int:
        """Read the amount that was typed, or else the preset that was chosen; they may not differ."""
        typed, preset = self.cleaned_data["amount"], self.cleaned_data.get("preset")
        if typed is None and not preset:
            raise forms.ValidationError(_("Choose an amount, or type one."))
        amount: int = int(preset or 0) if typed is None else typed
        if preset and amount != int(preset):
            chosen = {"chosen": money.rupiah(int(preset)), "typed": money.rupiah(amount)}
            raise forms.ValidationError(_("You chose %(chosen)s and typed %(typed)s. Which one is it?") % chosen)
        try:
            topups.check_amount(amount)
        except topups.WrongAmount as problem:
            raise forms.ValidationError(str(problem)) from problem
        return amount

    @property
    def bank_options(self) -> list[dict[str, Any]]:
        """The banks as the page offers them."""
        chosen = self["bank"].value()
        return [{"account": account, "is_chosen": account.bank == chosen} for account in self.accounts]


class TransferredForm(forms.Form):
    """Whether it was an ATM Transfer, and then from whom."""

    is_atm = forms.BooleanField(label=gettext_lazy("I transfer using an ATM Transfer"), required=False)
    sender_bank = LineField(
        label=gettext_lazy("Sender’s bank"),
        required=False,
        max_length=50,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    sender_name = LineField(
        label=gettext_lazy("Sender’s name"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("As it stands on the ATM card or the bank account."),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the sender of an ATM Transfer, and forget it for any other."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("is_atm"):
            for name in ("sender_bank", "sender_name"):
                self.errors.pop(name, None)
            return {"sender_bank": "", "sender_name": ""}
        for name in ("sender_bank", "sender_name"):
            if name in cleaned and not cleaned[name]:
                self.add_error(name, _("An ATM transfer is told apart by this."))
        return {name: cleaned.get(name, "") for name in ("sender_bank", "sender_name")}
