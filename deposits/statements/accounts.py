"""Whose statement it is: an account that a file names has to be the operator's."""

import re

from django.utils.translation import gettext as _

from flipdash.tables import Number


def check_account(cell: str, own: str) -> None:
    """Check that an account that is named is the operator's; raises ValueError."""
    named = re.sub("[^0-9]", "", cell)
    # What a spreadsheet holds as a number has lost the zeros in front.
    wanted = own.lstrip("0") if isinstance(cell, Number) else own
    if not own or named != wanted:
        words = _("this names account %s, which isn’t the operator’s at this bank")
        raise ValueError(words % (named or cell.strip()[:50]))
