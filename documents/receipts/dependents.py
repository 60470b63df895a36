"""Links to receipts depend on what was imported: whoever has one still reads the receipt."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from documents.models import ReceiptLink
from flipdash import histories
from flipdash.tables import Import
from flipdash.tables.dependents import depends


@depends(_("Links to receipts that still open"))
def _open_links(kind: type[Import], business_id: int, mode: str, records: Sequence[int]) -> int:
    names = [name for name in histories.names() if histories.get(name).model is kind.model]
    links = ReceiptLink.objects.filter(business_id=business_id, mode=mode, history__in=names, row_id__in=records)
    return links.open().values("row_id").distinct().count()
