"""Words that are translated when they are shown."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    Words: TypeAlias = str | StrPromise
else:
    Words = str


def either(words: Iterable[Words]) -> str:
    """Write alternatives, each once: Bank or Text; Account Number, Amount or Text."""
    *some, last = dict.fromkeys(map(str, words)) or [""]
    return _("%(some)s or %(last)s") % {"some": ", ".join(some), "last": last} if some else last
