"""The file to begin with: our columns with examples, and a sheet of everything that the column Bank may hold."""

import io

from django.utils.translation import gettext as _

from flipdash import banknames
from flipdash.tables import Workbook
from transactions.bulk.layout import BulkLayout
from transactions.destinations import EWALLETS, FULL_NAMES, NAMES, VA_BANKS, Kind, label_of

EXAMPLES = (
    ("BCA", "0650000777", "Ratna Sari Pratiwi", "1250000", "Gaji November", "ratna@example.com", "PAY-0001"),
    ("bri", "001200000345888", "CV Sumber Rejeki", "17500000", "INV 2026-118", "", "PAY-0002"),
    ("GoPay", "081234500001", "Made Wirawan", "200000", "", "", "PAY-0003"),
    ("BNI (VA)", "8810012345678901", "Toko Maju", "350000", "", "", "PAY-0004"),
)


def workbook() -> bytes:
    """Return the template as an .xlsx. The examples stand on a sheet of their own, so that nobody pays them."""
    file = io.BytesIO()
    book = Workbook(file)
    columns = [column.headers[0] for column in BulkLayout.fields[:-1]]
    book.sheet("Transfers", columns, [])
    book.sheet(_("Examples"), [_("%s (example)") % column for column in columns], EXAMPLES)
    numbers = {bank.code: bank.bi for bank in banknames.BANKS}
    banks = sorted(NAMES, key=lambda code: NAMES[code].casefold())
    rows = [(code, NAMES[code], FULL_NAMES[code], numbers.get(code, "")) for code in banks if code not in EWALLETS]
    rows += [(label_of(Kind.VA, code), label_of(Kind.VA, code), _("Virtual account"), "") for code in sorted(VA_BANKS)]
    rows += [(code, name, _("E-Wallet"), "") for code, name in EWALLETS.items()]
    book.sheet(_("Banks"), [_("Write this"), _("or this"), _("Full name"), _("BI code")], rows)
    book.close()
    return file.getvalue()
