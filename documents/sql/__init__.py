"""What the database itself refuses of reports and of links to receipts."""

from documents.models import ReceiptLink, Report
from flipdash.sql.declaring import Code, Fixed, Kept, Moves, Refused, RowLevelSecurity, files

AFTER_TABLES: list[Code] = [
    Moves(Report),
    RowLevelSecurity(ReceiptLink),
    Kept(ReceiptLink),
    Fixed(
        ReceiptLink,
        *("business", "mode", "history", "row_id", "token_hash", "sealed", "to", "known_by", "with_fee"),
        *("by_kind", "by_id", "by_name", "created_at", "expires_at"),
    ),
    Refused(
        ReceiptLink,
        "stays_revoked",
        "BEFORE UPDATE",
        "stays revoked",
        when="OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at",
    ),
    *files(__file__, "receipt_link_place"),
]
