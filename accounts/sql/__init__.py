"""The Activity Log, which the database lets nobody change (docs/activity.md).

A row is added without a place in the chain. `seal_activity` gives it one, once; the triggers check that what it writes
is right, so that the owner can't write anything else either.
"""

from accounts.models import Activity, ActivityHead, Notice
from flipdash.sql.declaring import Code, Fixed, Kept, Rights, RowLevelSecurity, Trigger, files

AFTER_TABLES: list[Code] = [
    *files(__file__, "activity", "activity_rules"),
    Trigger(Activity, "chained", "BEFORE INSERT OR UPDATE", "activity_guard()"),
    Kept(Activity),
    Trigger(ActivityHead, "goes_on", "BEFORE INSERT OR UPDATE", "activity_head_guard()"),
    Kept(ActivityHead),
    Rights(Activity, app="SELECT, INSERT"),
    Rights(ActivityHead, app="SELECT"),
    Fixed(Notice, "business", "mode", "member", "kind", "title", "text", "url", "created_at"),
    RowLevelSecurity(Notice),
]
