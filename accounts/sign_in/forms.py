"""What people say about themselves."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm, ResetPasswordForm, ResetPasswordKeyForm, SignupForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm
from django import forms
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.addresses import AddressField
from accounts.models import User, VerificationAttempt
from accounts.sign_in import notices, resets, second_factor, services, strangers
from accounts.sign_in.passwords import NewPasswordField, PasswordField, refuse_personal
from flipdash import mail, rls
from flipdash.forms import LineField, NameField
from flipdash.hashers import is_too_long

TOO_MANY = _("Too many wrong tries. Wait 5 minutes and try again.")
WRONG_CODE = _("This code is wrong, or was used already. Wait for the next one.")


class LanguageForm(forms.ModelForm):
    """The language of pages, mails and reports."""

    class Meta:
        model = User
        fields = ("language",)


def address_field() -> AddressField:
    """Return the field, first on its page, for the address that somebody signs in with."""
    attributes = {"autocomplete": "username", "autofocus": True}
    return AddressField(label=_("Email"), widget=forms.EmailInput(attrs=attributes))


def code_field(label: Any, **kwargs: Any) -> LineField:
    """Return a field for a code of six digits, or a recovery code."""
    widget = forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "input mono"})
    return LineField(label=label, max_length=40, widget=widget, **kwargs)


class SignInForm(LoginForm):
    """Email and password."""

    password = PasswordField(_("Password"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = address_field()

    def clean(self) -> dict[str, Any] | None:
        """Refuse a password that is longer than any before it costs a hash (trust.md A3)."""
        if is_too_long(self.cleaned_data.get("password") or ""):
            raise get_adapter().validation_error("email_password_mismatch")
        return super().clean()


class SignUpForm(SignupForm):
    """A business and its first Admin."""

    business_name = NameField(label=_("Business name"), widget=forms.TextInput(attrs={"autocomplete": "organization"}))
    name = NameField(label=_("Your name"), widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = AddressField(label=_("Email"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    field_order = ["business_name", "name", "email", "password1", "language"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"] = NewPasswordField(_("Password"))
        self.fields["language"].initial = get_language()
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def clean_password1(self) -> str:
        """Refuse a password made of what stands above it."""
        return refuse_personal(
            self.cleaned_data["password1"],
            *(self.cleaned_data.get(name, "") for name in ("business_name", "name", "email")),
        )

    def clean(self) -> dict[str, Any] | None:
        """Refuse too many of them from one place, before anything is made."""
        cleaned: dict[str, Any] | None = super().clean()
        if not self.errors and not strangers.may_ask(context.request, strangers.SIGN_UP):
            raise forms.ValidationError(strangers.WORDS, code=strangers.CODE)
        return cleaned

    def try_save(self, request: Any) -> Any:
        """Make the account, or mail who has one already: the answer is the same, and takes as long (trust.md A2)."""
        if self.account_already_exists:  # type: ignore[has-type]  # allauth's own, untyped
            make_password(self.cleaned_data["password1"])
            return super().try_save(request)
        try:
            return self.save(request), None
        except services.EmailTaken:  # at the same moment
            self.account_already_exists = True
            return super().try_save(request)

    @transaction.atomic
    def save(self, request: Any) -> User:
        """Make business, person and membership."""
        asked = self.cleaned_data
        member = services.sign_up(
            business_name=asked["business_name"],
            name=asked["name"],
            email=asked["email"],
            password=asked["password1"],
            language=asked["language"],
        )
        return member.user


class ResetForm(ResetPasswordForm):
    """The address that a reset link goes to."""

    email = address_field()

    def clean_email(self) -> str:
        """Return the address. Whose it is isn't looked up here: the time would tell (attack.md A16)."""
        if not strangers.may_ask(context.request, strangers.RESET):
            raise forms.ValidationError(strangers.WORDS, code=strangers.CODE)
        return str(self.cleaned_data["email"]).lower()

    def save(self, request: Any, **kwargs: Any) -> str:
        """Let a worker see whether anybody has it, and mail them, unless that address has had enough of them."""
        email = str(self.cleaned_data["email"])
        if strangers.may_mail(email, strangers.RESET):
            mail.send_late(resets.MAIL, to=email, language=get_language() or "en")
        return email


class NewPasswordForm(ResetPasswordKeyForm):
    """The new password that a reset link asks for, once: it can be shown, so it needs no second field."""

    password1 = NewPasswordField(_("New password"))
    password2 = None

    def clean_password1(self) -> str:
        """Refuse a password made of the person's name, address or business."""
        with rls.outside():  # another's may be signed in here
            return refuse_personal(self.cleaned_data["password1"], *services.known_of(self.user))


class PasswordForm(forms.Form):
    """A new password of whoever is signed in; re-authentication has asked for the old one."""

    new_password = NewPasswordField(_("New password"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_new_password(self) -> str:
        """Refuse a password made of the person's name, address or business."""
        return refuse_personal(self.cleaned_data["new_password"], *services.known_of(self.user))


class SecondStepForm(AuthenticateForm):
    """The code that sign-in asks for after the password."""

    code = code_field(_("Code"))

    def clean_code(self) -> str:
        """Use the code up, or say what is wrong with it."""
        try:
            factor = second_factor.use_code(self.user, self.cleaned_data["code"])
        except second_factor.TooManyAttempts as problem:
            raise forms.ValidationError(TOO_MANY) from problem
        if factor is None:
            notices.note(context.request, self.user, "sign-in.failed", step="code")
            notices.tell_if_closed(context.request, self.user)
            raise forms.ValidationError(WRONG_CODE)
        factor.user = self.user
        self.authenticator = factor
        return self.cleaned_data["code"]


class AppForm(forms.Form):
    """The first code of a new authenticator app."""

    code = code_field(_("Code"), help_text=_("The six digits that the app shows now."))

    def __init__(self, *args: Any, secret: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.secret = secret

    def clean_code(self) -> str:
        """Note the step whose code this is."""
        self.step = second_factor.matching_step(self.secret, self.cleaned_data["code"])
        if self.step is None:
            raise forms.ValidationError(
                _("This code doesn’t fit. Check the clock of your phone, and type the next one.")
            )
        return self.cleaned_data["code"]


class PasskeyForm(forms.Form):
    """A new passkey: what to call it, and what the browser answered."""

    name = NameField(label=_("Name"), help_text=_("So that you know it again, such as “My laptop”."))
    credential = forms.JSONField(widget=forms.HiddenInput)


class ReauthenticationForm(forms.Form):
    """The password, asked once more, and a code where two-step verification is on."""

    password = PasswordField(_("Password"))
    code = code_field(_("Code"), help_text=_("From your authenticator app, or a recovery code."))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["password"].widget.attrs["autofocus"] = True
        if not second_factor.has_factor(user):
            del self.fields["code"]

    def clean(self) -> dict[str, Any]:
        """Judge the password, then the code: only a right password uses a code up. Every attempt is counted first."""
        sent = super().clean() or {}
        if self.errors:
            return sent
        attempt = VerificationAttempt.take(self.user, "reauthentication")
        if attempt is None:
            raise forms.ValidationError(TOO_MANY)
        if is_too_long(sent["password"]) or not self.user.check_password(sent["password"]):
            self.add_error("password", _("This isn’t your password."))
            return sent
        attempt.delete()
        if "code" in self.fields:
            self._use_code(sent["code"])
        return sent

    def _use_code(self, code: str) -> None:
        try:
            if second_factor.use_code(self.user, code) is None:
                self.add_error("code", WRONG_CODE)
        except second_factor.TooManyAttempts:
            self.add_error("code", TOO_MANY)
