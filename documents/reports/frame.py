"""What every page asks of reports (flipdash/frame.py): what is being made, and what wasn't looked at yet."""

from documents.models import Report
from flipdash import frame

MOST_SHOWN = 5

frame.brings(
    "tray",
    """
    SELECT json_agg(report) FROM (
        SELECT * FROM documents_report
        WHERE business_id = %(business)s AND mode = %(mode)s AND member_id = %(member)s
            AND (status = ANY(%(tray_open)s) OR seen_at IS NULL)
        ORDER BY number DESC
        LIMIT %(tray_most)s
    ) report
    """,
    open=list(map(str, Report.Status.open())),
    most=MOST_SHOWN,
)
