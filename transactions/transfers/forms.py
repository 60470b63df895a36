"""What a person types of a transfer."""

import difflib
import re
import uuid
from typing import Any

from django import forms
from django.core.signing import BadSignature, TimestampSigner
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash.forms import LineField, RupiahField
from flipdash.scope import Scope
from transactions import destinations
from transactions.destinations import EWALLETS, FULL_NAMES, NAMES, VA_BANKS, Kind, label_of
from transactions.models import Destination
from transactions.models.series import Repeats
from transactions.outgoing.twice import TwiceForm
from transactions.rails import Holder, HolderStatus
from transactions.transfers import accounts, holders, services
from transactions.transfers.series import dates
from transactions.transfers.series.dates import Plan
from transactions.transfers.series.look import alike
from transactions.transfers.services import REMARK, Draft

TEXT = {"class": "input", "autocomplete": "off"}
REMARK_TEXT = re.compile(r"[A-Za-z0-9 .\-/()]*")
"""What reaches a bank (reference/flip-api.md §4.2)."""
LOOKED_UP_FOR = 3600  # seconds


def choices() -> list[dict[str, str]]:
    """Return all destinations in the order of their names, each with its full name and, if it is bad, its state."""
    states = dict(Destination.objects.known().values_list("code", "status"))
    labels = dict(Destination.Status.choices)
    pairs = [(Kind.EWALLET if code in EWALLETS else Kind.BANK, code) for code in NAMES]
    pairs += [(Kind.VA, code) for code in VA_BANKS]
    found = []
    for kind, code in sorted(pairs, key=lambda pair: label_of(*pair).casefold()):
        state = states.get(code, Destination.Status.OPERATIONAL)
        bad = "" if state == Destination.Status.OPERATIONAL else str(labels[state])
        full = FULL_NAMES[code] if FULL_NAMES[code] != NAMES[code] else str(Kind(kind).label)
        found.append({"value": label_of(kind, code), "label": " · ".join(filter(None, (full, bad)))})
    return found


def read_destination(written: str) -> tuple[str, str]:
    """Return the kind and the code of a destination as people write it; raises ValidationError with the nearest."""
    word = written.strip()
    if not re.search(r"\w", word):
        raise forms.ValidationError(_("Choose where the money goes."))
    if is_va := re.fullmatch(r"(.+?)\s*\((?:VA|Virtual Account)\)", word, re.IGNORECASE):
        if code := destinations.find(is_va[1], Kind.VA):
            return Kind.VA, code
    elif code := destinations.find(word, Kind.BANK):
        return Kind.BANK, code
    elif code := destinations.find(word, Kind.EWALLET):
        return Kind.EWALLET, code
    for code in NAMES:  # Bank BCA, Bank Syariah Indonesia
        if word.casefold() in (said.casefold() for said in destinations.words_of(code)):
            return (Kind.EWALLET if code in EWALLETS else Kind.BANK), code
    raise forms.ValidationError(_nearest(word))


def _nearest(word: str) -> str:
    known = {said.casefold(): NAMES[code] for code in NAMES for said in (NAMES[code], *destinations.words_of(code))}
    near = difflib.get_close_matches(word.casefold(), known, n=3, cutoff=0.5)
    names = list(dict.fromkeys(known[one] for one in near))
    if not names:
        return _("No bank or e-wallet is called so. Choose one from the list.")
    return _("No bank or e-wallet is called so. Did you mean %(names)s?") % {"names": ", ".join(names)}


class TransferForm(TwiceForm):
    """A transfer to be made. The hidden key makes that one form makes one (trust.md L6)."""

    destination = LineField(
        label=gettext_lazy("Destination"),
        max_length=100,
        help_text=gettext_lazy("Bank, virtual account or e-wallet: type a part of its name."),
        widget=forms.TextInput(attrs={**TEXT, "list": "destinations"}),
        error_messages={"required": gettext_lazy("Choose where the money goes.")},
    )
    account_number = LineField(
        label=gettext_lazy("Account Number"),
        max_length=40,
        help_text=gettext_lazy("Of an e-wallet: the phone number."),
        widget=forms.TextInput(attrs={**TEXT, "inputmode": "tel"}),
    )
    beneficiary_name = LineField(
        label=gettext_lazy("Beneficiary Name"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("We ask the bank whose account it is. Left empty, its name is taken."),
        widget=forms.TextInput(attrs=TEXT),
    )
    name_reason = LineField(
        label=gettext_lazy("Why the name differs"), required=False, max_length=200, widget=forms.TextInput(attrs=TEXT)
    )
    amount = RupiahField(label=gettext_lazy("Amount"))
    remark = LineField(
        label=gettext_lazy("Remark"),
        required=False,
        max_length=REMARK,
        help_text=gettext_lazy("What the beneficiary reads at the bank: 18 characters."),
        widget=forms.TextInput(attrs={**TEXT, "data-counter": REMARK}),
    )
    internal_reference = LineField(
        label=gettext_lazy("Internal Reference"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Your own, such as an invoice number. The beneficiary doesn’t see it."),
        widget=forms.TextInput(attrs=TEXT),
    )
    beneficiary_email = forms.EmailField(
        label=gettext_lazy("Beneficiary Email"),
        required=False,
        max_length=254,
        help_text=gettext_lazy("We tell them when the money has arrived."),
        widget=forms.EmailInput(attrs=TEXT),
    )
    send_on = forms.DateField(
        label=gettext_lazy("Send on"),
        required=False,
        help_text=gettext_lazy("Empty: as soon as it is approved. On a later day: at 09:00."),
        widget=forms.DateInput(attrs={"type": "date", "class": "input"}, format="%Y-%m-%d"),
    )
    repeats = forms.ChoiceField(
        label=gettext_lazy("Repeat"),
        required=False,
        choices=[("", gettext_lazy("Once")), *Repeats.choices],
        widget=forms.Select(attrs={"class": "input"}),
    )
    until = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("The last day on which one may be sent. It begins on the day above, or today."),
        widget=forms.DateInput(attrs={"type": "date", "class": "input"}, format="%Y-%m-%d"),
    )
    save_beneficiary = forms.BooleanField(label=gettext_lazy("Save this beneficiary"), required=False)
    made_key = forms.UUIDField(widget=forms.HiddenInput)
    looked_up = LineField(required=False, max_length=400, widget=forms.HiddenInput)

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope
        self.initial.setdefault("made_key", uuid.uuid4())
        self.holder = Holder(HolderStatus.PENDING)
        self.was_unanswered = False
        self.draft: Draft | None = None
        self.plan: Plan | None = None

    def clean_destination(self) -> tuple[str, str]:
        """Read where the money goes."""
        return read_destination(self.cleaned_data["destination"])

    def clean_remark(self) -> str:
        """Refuse what no bank passes on."""
        remark: str = self.cleaned_data["remark"]
        if not REMARK_TEXT.fullmatch(remark):
            raise forms.ValidationError(_("Banks pass on letters A–Z, digits, spaces and . - / ( ) only."))
        return remark

    def clean_send_on(self) -> Any:
        """Refuse days on which nothing can be sent."""
        try:
            services.moment_of(self.scope, self.cleaned_data["send_on"])
        except services.WrongDate as problem:
            raise forms.ValidationError(str(problem)) from problem
        return self.cleaned_data["send_on"]

    def clean(self) -> dict[str, Any]:
        """Judge account and amount by the destination's rules, the name by the bank, and what is there already."""
        values: dict[str, Any] = super().clean() or {}
        if values.get("repeats"):
            self._plan(values)
        if "destination" not in values:
            return values
        kind, bank = values["destination"]
        try:
            if "amount" in values:
                accounts.check_amount(kind, values["amount"])
        except accounts.WrongAmount as problem:
            self.add_error("amount", str(problem))
        try:
            if "account_number" in values:
                values["account_number"] = accounts.clean_account(kind, bank, values["account_number"])
        except accounts.WrongAccount as problem:
            self.add_error("account_number", str(problem))
        if not self.errors:
            self._judge(values, kind, bank)
        return values

    def _plan(self, values: dict[str, Any]) -> None:
        """Say on which days it repeats; what it says wrongly stands beside the last day."""
        today = self.scope.now().astimezone(self.scope.zone).date()
        first, last = values.get("send_on") or today, values.get("until")
        if "send_on" not in values or "until" not in values:
            return
        if last is None:
            self.add_error("until", _("Say until which day it repeats."))
        elif last <= first:
            self.add_error("until", _("This is before the second one. Choose a later day."))
        elif last > first + dates.LONGEST:
            self.add_error("until", _("A transfer repeats for two years at most. Choose an earlier day."))
        elif (plan := Plan(values["repeats"], first, last)).times == 1:
            self.add_error("until", _("This is before the second one. Choose a later day."))
        else:
            self.plan = plan

    def _judge(self, values: dict[str, Any], kind: str, bank: str) -> None:
        try:
            self.holder = self._look_up(values, bank)
            services.check_holder(self.holder)
        except (services.AccountRefused, holders.AskedTooOften) as problem:
            self.add_error("account_number", str(problem))
            return
        draft = self._draft(values, kind, bank)
        self._want_reason(draft)
        if not self.holder.name and not values["beneficiary_name"]:
            self.add_error("beneficiary_name", _("The bank didn’t say whose account it is. Type the name."))
            return
        self.draft = draft
        self.ask_about_twins()

    def find_twins(self) -> None:
        """Look for other transfers, and for others that repeat, where this one does."""
        if self.draft is not None:
            self.twins = self._twins(self.draft)
            self.alike = alike(self.scope, self.draft) if self.plan else ()

    def _want_reason(self, draft: Draft) -> None:
        """Ask why it is paid though the bank names somebody else, or nobody; one isn't the reason for the other."""
        if draft.is_unanswered:
            self["name_reason"].label = _("Why it is paid though no bank has said whose account it is")
            if not draft.name_reason:
                said = _("No bank has said whose account this is. Try again, or write why it is paid all the same.")
                self.add_error("name_reason", said)
        elif draft.name_differs and (self.was_unanswered or not draft.name_reason):
            said = _("The bank says: %(name)s. Correct the name, or write why this one is right.")
            self.add_error("name_reason", said % {"name": self.holder.name})

    def _twins(self, draft: Draft) -> Any:
        return services.twins_of_draft(self.scope, draft)

    def _draft(self, values: dict[str, Any], kind: str, bank: str) -> Draft:
        same = ("account_number", "amount", "beneficiary_name", "name_reason", "beneficiary_email", "remark")
        others = ("internal_reference", "send_on")
        return Draft(
            kind=kind,
            bank=bank,
            holder_name=self.holder.name[:100],
            is_unanswered=services.is_unanswered(self.holder),
            seen_twins=self.seen_twins(),
            **{name: values[name] for name in same + others},
        )

    def _look_up(self, values: dict[str, Any], bank: str) -> Holder:
        """Ask the bank, once for each account: what it said goes along with the form, signed.

        One that hasn't answered is asked each time, and may say meanwhile that the account is somebody else's.
        """
        about = f"{self.scope.business.pk} {self.scope.mode} {bank} {values['account_number']}"
        signer = TimestampSigner(salt=f"holder {about}")
        try:
            said = signer.unsign(values["looked_up"], max_age=LOOKED_UP_FOR)
            status, _space, name = said.partition(" ")
            known = Holder(HolderStatus(status), name)
        except (BadSignature, ValueError):
            known = None
        if known and not services.is_unanswered(known):
            return known
        self.was_unanswered = known is not None
        holder = holders.ask(self.scope, bank, values["account_number"])
        if holder.status == HolderStatus.FOUND or services.is_unanswered(holder):
            self.data = {**dict(self.data.items()), "looked_up": signer.sign(f"{holder.status} {holder.name}")}
        return holder

    @property
    def unseen(self) -> list[tuple[str, str]]:
        """What the confirmation hands on: all fields as they were sent."""
        return [(name, self.data[name]) for name in self.fields if self.data.get(name)]
