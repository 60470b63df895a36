"""What a person types of a transfer abroad: where to and who pays whom, then what that corridor asks for."""

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash import money, world
from flipdash.forms import LineField, NameField
from flipdash.money import NotAnAmount, parse_rupiah
from flipdash.scope import Scope
from flipdash.tables import decimal
from transactions.corridors import CORRIDORS, CorridorRules, TransferKind
from transactions.international import attachments, codes, fields, services
from transactions.international.attachments import BadAttachment
from transactions.international.fields import CodeField
from transactions.international.quotes import Wanted
from transactions.international.services import Draft
from transactions.models import Attachment, Corridor, Purpose, Side, SourceOfFunds
from transactions.outgoing.twice import TwiceForm

TEXT = {"class": "input", "autocomplete": "off"}
SELECT = {"class": "input"}


class CorridorForm(forms.Form):
    """The first step: the country, and who pays whom."""

    country = forms.ChoiceField(
        label=gettext_lazy("Beneficiary Country"),
        widget=forms.Select(attrs=SELECT),
        error_messages={"required": gettext_lazy("Choose a country.")},
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Who pays whom?"),
        choices=TransferKind,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say who pays whom.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        open_now = Corridor.objects.filter(is_active=True, country__in=CORRIDORS)
        self.corridors = {corridor.country: corridor for corridor in open_now}
        named = sorted((str(corridor), country) for country, corridor in self.corridors.items())
        chosen = [(country, name) for name, country in named]
        self.fields["country"].choices = [("", _("Choose")), *chosen]  # type: ignore[attr-defined]  # has choices

    def clean(self) -> dict[str, Any]:
        """Refuse what this country isn't open for."""
        values: dict[str, Any] = super().clean() or {}
        country, kind = values.get("country"), values.get("kind")
        if country and kind and kind not in CORRIDORS[country].kinds:
            known = ", ".join(str(one.label) for one in CORRIDORS[country].kinds)
            words = {"country": world.country_name(country), "kinds": known}
            self.add_error("kind", _("%(country)s is open for these only: %(kinds)s.") % words)
        return values

    @property
    def corridor(self) -> Corridor:
        """The corridor of a form that is valid."""
        return self.corridors[self.cleaned_data["country"]]


class AbroadForm(TwiceForm):
    """A transfer by one corridor. The hidden key makes that one form makes one (trust.md L6)."""

    account_number = LineField(label=gettext_lazy("Account Number"), max_length=60, widget=forms.TextInput(attrs=TEXT))
    beneficiary_bank = LineField(
        label=gettext_lazy("Beneficiary Bank"), max_length=100, widget=forms.TextInput(attrs=TEXT)
    )
    beneficiary_name = NameField(
        label=gettext_lazy("Beneficiary Name"),
        help_text=gettext_lazy("As the bank there writes it."),
        widget=forms.TextInput(attrs=TEXT),
    )
    side = forms.ChoiceField(
        label=gettext_lazy("The amount is"), choices=Side, initial=Side.RECEIVED, widget=forms.RadioSelect
    )
    amount = LineField(
        label=gettext_lazy("Amount"),
        max_length=40,
        widget=forms.TextInput(attrs={**TEXT, "inputmode": "decimal"}),
    )
    purpose = forms.ChoiceField(
        label=gettext_lazy("Purpose"),
        choices=[("", gettext_lazy("Choose")), *Purpose.choices],
        widget=forms.Select(attrs=SELECT),
    )
    source_of_funds = forms.ChoiceField(
        label=gettext_lazy("Source of Funds"),
        choices=[("", gettext_lazy("Choose")), *SourceOfFunds.choices],
        widget=forms.Select(attrs=SELECT),
    )
    attachment = forms.FileField(
        label=gettext_lazy("Attachment"),
        required=False,
        widget=forms.FileInput(attrs={"accept": attachments.ACCEPT}),
        error_messages={"empty": gettext_lazy("This file is empty. Choose another one.")},
    )
    attached = LineField(required=False, max_length=20, widget=forms.HiddenInput)
    internal_reference = LineField(
        label=gettext_lazy("Internal Reference"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Your own, such as an invoice number. The beneficiary doesn’t see it."),
        widget=forms.TextInput(attrs=TEXT),
    )
    save_beneficiary = forms.BooleanField(label=gettext_lazy("Save this beneficiary"), required=False)
    made_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, scope: Scope, corridor: Corridor, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope, self.corridor, self.kind = scope, corridor, kind
        self.rules: CorridorRules = CORRIDORS[corridor.country]
        self.draft: Draft | None = None
        self.kept: Attachment | None = None
        self.initial.setdefault("made_key", uuid.uuid4())
        self._fit()

    def _fit(self) -> None:
        """Ask for what the corridor asks for, in an order of its own: where to, whom, how much, what for, who pays."""
        if self.rules.has_iban:
            account: forms.Field = CodeField(rules=self.rules, judge=codes.clean_iban, label=_("IBAN"))
        else:
            account = CodeField(rules=self.rules, judge=codes.clean_account, label=_("Account Number"))
        self.fields["account_number"] = account
        asked = [one for one in self.rules.asked(self.kind) if one.name != "iban"]
        for one in asked:
            self.fields[one.name] = fields.field_of(self.rules, one.name, is_required=one.is_required)
        self.corridor_fields = [one.name for one in asked]
        if "bank_id" in self.corridor_fields:  # chosen, not written
            del self.fields["beneficiary_bank"]
        self.needs_attachment = self.kind in self.rules.with_attachment
        if not self.needs_attachment:
            del self.fields["attachment"], self.fields["attached"]
        else:
            most = attachments.MOST_BYTES >> 20
            self.fields["attachment"].help_text = _(
                "The invoice or contract that is paid, of up to %(most)d MB: PDF, Word, Excel, text or a picture."
            ) % {"most": most}
            if not self.is_bound:  # one that is changed once more
                self.kept = self._kept_before(str(self.initial.get("attached", "")))
        unit = self.rules.currency
        limits = {name: money.foreign(getattr(self.rules, name), unit) for name in ("minimum", "maximum")}
        self.fields["amount"].help_text = _("%(minimum)s to %(maximum)s can arrive at once.") % limits
        self.fields["side"].choices = [  # type: ignore[attr-defined]  # has choices
            (Side.RECEIVED, _("what arrives, in %(currency)s") % {"currency": unit}),
            (Side.SENT, _("what is sent, in rupiah")),
        ]

    # --- Its parts, as the page shows them ---------------------------------------------------------------------------

    def _shown(self, names: list[str]) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]

    @property
    def of_account(self) -> list[forms.BoundField]:
        """Where the money goes."""
        found = [name for name in self.corridor_fields if name in codes.CLEAN and name != "msisdn"]
        return self._shown(["bank_id", "beneficiary_bank", "account_number", *found])

    @property
    def of_beneficiary(self) -> list[forms.BoundField]:
        """Who is paid."""
        shown = {field.name for field in self.of_account}
        rest = [name for name in self.corridor_fields if name not in shown and not name.startswith("sender_")]
        return self._shown(["beneficiary_name", *rest])

    @property
    def of_sender(self) -> list[forms.BoundField]:
        """Who pays, where that is a person."""
        return self._shown([name for name in self.corridor_fields if name.startswith("sender_")])

    @property
    def of_money(self) -> list[forms.BoundField]:
        """How much, and what for."""
        return self._shown(["side", "amount", "purpose", "source_of_funds"])

    # --- What is typed -----------------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """Judge what the fields say together, and what there is already."""
        values: dict[str, Any] = super().clean() or {}
        if "amount" in values and "side" in values:
            self._read_amount(values)
        if self.needs_attachment and "attachment" not in self.errors:
            self._keep_attachment(values)
        if self.errors:
            return values
        self.draft = self._draft(values)
        self.ask_about_twins()
        return values

    def find_twins(self) -> None:
        """Look for other transfers that may be the same money."""
        if self.draft is not None:
            self.twins = services.twins_of_draft(self.scope, self.draft)

    def _read_amount(self, values: dict[str, Any]) -> None:
        try:
            if values["side"] == Side.SENT:
                values["amount"] = Decimal(parse_rupiah(values["amount"]))
            else:
                values["amount"] = decimal(world.decimals_of(self.rules.currency))(values["amount"])
        except NotAnAmount:
            self.add_error("amount", _("Write the amount in digits, such as 5000000, 5.000.000 or Rp5.000.000."))
        except ValueError as problem:
            self.add_error("amount", _("This figure %(reason)s.") % {"reason": problem})
        else:
            if values["amount"] <= 0:
                self.add_error("amount", _("Write an amount of more than zero."))

    def _keep_attachment(self, values: dict[str, Any]) -> None:
        """Keep the file that came, or find the one that came with this form before."""
        if file := values.get("attachment"):
            try:
                if file.size > attachments.MOST_BYTES:
                    raise BadAttachment(_("The file is larger than %d MB.") % (attachments.MOST_BYTES >> 20))
                self.kept = attachments.keep(self.scope, file.name, file.read())
            except BadAttachment as problem:
                self.add_error("attachment", str(problem))
                return
            self.data = {**dict(self.data.items()), "attached": str(self.kept.pk)}
        else:
            self.kept = self._kept_before(values.get("attached", ""))
        if self.kept is None:
            self.add_error("attachment", _("Attach the invoice or contract: this country asks for it."))

    def _kept_before(self, number: str) -> Attachment | None:
        """Return the document that came with this form before, by its number as the form brings it back."""
        is_one = number.isascii() and number.isdecimal() and len(number) < 19
        return attachments.unused_of(self.scope, int(number)) if is_one else None

    def _draft(self, values: dict[str, Any]) -> Draft:
        said = {name: values[name] for name in self.corridor_fields}
        details = {name: _as_text(value) for name, value in said.items() if value}
        if self.rules.has_iban:
            details["iban"] = values["account_number"]
        banks = self.rules.banks(self.kind)
        same = ("account_number", "beneficiary_name", "purpose", "source_of_funds")
        return Draft(
            wanted=Wanted(self.corridor, self.kind, values["side"], values["amount"]),
            beneficiary_bank=banks[values["bank_id"]] if banks else values["beneficiary_bank"],
            details=details,
            attachment=self.kept,
            seen_twins=self.seen_twins(),
            internal_reference=values["internal_reference"],
            **{name: values[name] for name in same},
        )

    @property
    def unseen(self) -> list[tuple[str, str]]:
        """What the confirmation hands on: all fields as they were sent."""
        return [(name, self.data[name]) for name in self.fields if self.data.get(name)]


def _as_text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
