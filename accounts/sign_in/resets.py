"""The mail with the link to a new password: written by the worker, for whoever has the address, if anybody has."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str

from accounts.models import User
from flipdash import mail
from flipdash.mode import Mode, mode_url

MAIL = "password_reset_key"


@mail.writer(MAIL)
def write(email: str) -> tuple[str, str] | None:
    """Return the mail with the link, which works once and for an hour; None for an address that nobody has."""
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        return None
    key = default_token_generator.make_token(user)
    url = mode_url(Mode.LIVE, "account_reset_password_from_key", user_pk_to_url_str(user), key, absolute=True)
    return mail.written(MAIL, user.language, password_reset_url=url, person=user.name)
