"""How django-allauth behaves here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import SignInTry, User
from accounts.models.sign_in import digest_of
from accounts.sign_in import devices, notices, reauthentication, sessions, strangers
from flipdash import clock, mail
from flipdash.http import is_own_path
from flipdash.mode import Mode, mode_url
from flipdash.sealing import seal, unseal

SEALED_IN = "mfa_authenticator.data"


class AccountAdapter(DefaultAccountAdapter):
    """Our mails, our limits, own paths only, and what follows a sign-in."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The email address or the password is not correct."),
        "too_many_login_attempts": _("Too many tries. Wait up to 5 minutes, or reset your password."),
    }

    def is_safe_url(self, url: str | None) -> bool:
        """Lead to paths of this site only, not even to its whole address (trust.md A7)."""
        return bool(url) and is_own_path(str(url))

    # --- Limits ------------------------------------------------------------------------------------------------

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse before anything is compared when too many went wrong (SignInTry)."""
        email = credentials.get("email", "")
        device = devices.device_of(request, User.objects.filter(email__iexact=email).first())
        self._try = SignInTry.take(email, device or "", self.get_client_ip(request))
        if self._try is None:
            raise self.validation_error("too_many_login_attempts")

    _try: SignInTry | None = None

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Return whose the password is, or None. Who was right pays nothing: an office may sign in all at once; nor who
        wasn't judged, because too many passwords are being hashed."""
        try:
            user = super().authenticate(request, **credentials)
        except Exception:
            self._give_back()
            raise
        if user:
            self._give_back()
        return user

    def _give_back(self) -> None:
        if self._try:
            self._try.delete()

    def _delete_login_attempts_cached_email(self, request: HttpRequest, email: str) -> None:
        """Forget what went wrong at an account whose password was reset: who reads its mails is its owner."""
        SignInTry.objects.filter(account=digest_of(email)).delete()

    def authentication_failed(self, request: Any, **credentials: Any) -> None:
        """Tell the account's business."""
        user = User.objects.filter(email__iexact=credentials.get("email", "")).first()
        if user:
            notices.note(request, user, "sign-in.failed")

    # --- After a sign-up, and a sign-in --------------------------------------------------------------------------

    def confirm_email(self, request: Any, email_address: Any) -> bool:
        """Confirm the address of a sign-up; the Activity Log of its business begins here (decision 0145).

        Once, however many click at once; and not where it was deleted or taken meanwhile: that link is old.
        """
        with transaction.atomic():
            # The person first, as whoever deletes it does.
            User.objects.select_for_update().filter(pk=email_address.user_id).first()
            if not EmailAddress.objects.filter(pk=email_address.pk, verified=False).exists():
                return False
            is_confirmed: bool = super().confirm_email(request, email_address)
            if is_confirmed:
                notices.note(request, email_address.user, "business.signed-up")
        return is_confirmed

    def post_login(self, request: Any, user: Any, **kwargs: Any) -> HttpResponse:
        """Begin the session's time, take the sign-in as re-authentication, and mail about a device not seen before."""
        response = super().post_login(request, user, **kwargs)
        sessions.begin(request, clock.now())
        reauthentication.remember(request)
        with transaction.atomic():
            notices.note(request, user, "sign-in")
            if not kwargs["signup"] and devices.device_of(request, user) is None:
                notices.tell(request, user, "new_device")
        devices.remember(request, response, user)
        return response

    def logout(self, request: Any) -> None:
        """Tell that the person signed out, and end the session."""
        notices.note(request, request.user, "sign-out")
        super().logout(request)

    # --- Mails and messages --------------------------------------------------------------------------------------

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue our mail of the same name, in the language of its reader if they are known: of a sign-up, or that an
        address is somebody's already. Where that address has had enough of them, none: the page says the same.
        """
        if not strangers.may_mail(email, strangers.SIGN_UP):
            return
        name = template_prefix.rpartition("/")[2]
        user = context.get("user") or User.objects.filter(email__iexact=email).first()
        language = user.language if user else get_language() or "en"
        kept = {key: value for key, value in context.items() if isinstance(value, str)}
        kept["person"] = user.name if user else ""
        mail.send(name, to=email, language=language, rank=mail.Rank.SECURITY, **kept)

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Mail that something about the account changed."""
        notices.tell(self.request, user, template_prefix.rpartition("/")[2])

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Show what has words of ours; allauth's own messages only repeat what the page says."""
        if message:
            super().add_message(request, level, message=message, extra_tags=extra_tags)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """Return the link for the mail, with the site's own address."""
        return mode_url(Mode.LIVE, "account_confirm_email", emailconfirmation.key, absolute=True)

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tell who has an account already that somebody tried to sign up with their address."""
        links = {name: mode_url(Mode.LIVE, url, absolute=True) for name, url in _LINKS.items()}
        self.send_mail("account/email/account_already_exists", email, links)


_LINKS = {"sign_in_url": "account_login", "reset_url": "account_reset_password"}


class MFAAdapter(DefaultMFAAdapter):
    """Secrets of second factors are kept sealed (trust.md §3)."""

    def encrypt(self, text: str) -> str:
        """Seal the secret of an authenticator app or the seed of recovery codes."""
        return seal(text, SEALED_IN)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, SEALED_IN)
