"""Whose account it is, as somebody types it: not asked without end (trust.md Q1).

The rail has to be paid, and nobody is to list by their numbers whose a bank's accounts are.
"""

from datetime import timedelta

from django.core.cache import cache
from django.utils.translation import gettext as _

from flipdash.scope import Scope
from transactions.outgoing.refusals import OutgoingRefused
from transactions.rails import Holder
from transactions.transfers.services import look_up

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MOST_A_MINUTE, MOST_A_DAY = 100, 3_000
"""How often one person of a business asks. Files and programs have limits of their own."""


class AskedTooOften(OutgoingRefused):
    """Somebody has asked whose accounts are more often than anybody types."""


def ask(scope: Scope, bank: str, account_number: str) -> Holder:
    """Ask the bank, for a person, as look_up does. Raises AskedTooOften, before the bank hears of it."""
    a_minute = _("You have asked whose account it is too often within a minute. Wait for one, then go on.")
    a_day = _("You have asked whose account it is too often within a day. Go on tomorrow, or send a file.")
    for span, most, words in ((MINUTE, MOST_A_MINUTE, a_minute), (DAY, MOST_A_DAY, a_day)):
        key = f"holders/{scope.business.pk}/{scope.mode}/{scope.member.pk}/{span.total_seconds():.0f}"
        cache.add(key, 0, span.total_seconds())
        if cache.incr(key) > most:
            raise AskedTooOften(words)
    return look_up(scope, bank, account_number)
