"""The forms of Manage Multi Account, and of whoever accepts an invitation."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.addresses import AddressField
from accounts.models import Invitation
from accounts.permission_table import allowed_to
from accounts.permissions import IN_A_SENTENCE, Role
from accounts.phones.numbers import PhoneField
from accounts.sign_in.passwords import NewPasswordField, refuse_personal
from flipdash.forms import NameField


class RoleField(forms.ChoiceField):
    """One of the eight roles, each with what it may do."""

    widget = forms.RadioSelect

    def __init__(self, **kwargs: Any) -> None:
        messages = {
            "required": gettext_lazy("Choose a role."),
            "invalid_choice": gettext_lazy("Choose one of these roles."),
        }
        super().__init__(choices=Role.choices, label=gettext_lazy("Role"), error_messages=messages, **kwargs)


class WithRoles(forms.Form):
    """A form with the field `role`, whose template shows what each may do."""

    role = RoleField()

    def roles(self) -> Iterator[dict[str, Any]]:
        """Yield each role's radio with the phrases of what it may do."""
        for radio, role in zip(self["role"], Role, strict=True):
            yield {"radio": radio, "label": role.label, "sentence": IN_A_SENTENCE[role], "allowed": allowed_to(role)}

    def role_label(self) -> str:
        """Return the chosen role in words."""
        return str(Role(self.cleaned_data["role"]).label)


class AddForm(WithRoles):
    """Somebody to invite."""

    email = AddressField(
        label=gettext_lazy("Email"),
        help_text=gettext_lazy("The invitation goes there, and it becomes the address to sign in with."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    phone = PhoneField(help_text=gettext_lazy("A mobile phone: 0812 3456 7890, or +65 8123 4567 from abroad."))

    field_order = ("email", "phone", "role")


class RoleForm(WithRoles):
    """Another role for a member."""


class EndForm(forms.Form):
    """The last day of a membership."""

    last_day = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("The account works until the end of this day. Leave it empty for no end."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": gettext_lazy("Write a date, such as 2026-12-31.")},
    )


class AcceptForm(forms.Form):
    """The name and password of whoever accepts an invitation."""

    name = NameField(label=gettext_lazy("Your name"), widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = NewPasswordField(gettext_lazy("Password"))

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = invitation

    def clean_password(self) -> str:
        """Refuse a password made of the person's name, address or business."""
        known = self.cleaned_data.get("name", ""), self.invitation.email, self.invitation.business.name
        return refuse_personal(self.cleaned_data["password"], *known)
