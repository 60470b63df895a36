"""Links to receipts stay sealed as they were made; they open for 30 days."""

from datetime import datetime

from documents.models import ReceiptLink
from flipdash import resealing


def _oldest() -> datetime | None:
    links = ReceiptLink.objects.using(resealing.USING).open().exclude(sealed="").order_by("created_at")
    return links.values_list("created_at", flat=True).first()


resealing.STAYS.append(resealing.Stay("Links to receipts", _oldest))
