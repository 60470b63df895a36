"""What a password must be, besides Django's own rules (settings.AUTH_PASSWORD_VALIDATORS)."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from flipdash.hashers import MOST_BYTES


class MostBytes:
    """Refuse a password that is longer than we hash."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError above 1,024 bytes."""
        if len(password.encode(errors="surrogatepass")) > MOST_BYTES:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        """Say the rule."""
        return _("A password has at most 1,024 bytes.")
