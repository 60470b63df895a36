"""The Activity Log, which the database lets nobody change (docs/activity.md), and who makes somebody the operator's.

A row is added without a place in the chain. `seal_activity` gives it one, once; the triggers check that what it writes
is right, so that the owner can't write anything else either.
"""

from accounts.models import Activity, ActivityHead, Invitation, Member, Notice, OtpChallenge, User
from flipdash.sql.declaring import (
    Code,
    Fixed,
    InnerWall,
    Kept,
    Refused,
    Rights,
    RowLevelSecurity,
    Trigger,
    WriteWall,
    files,
)

SERVES = "session_user NOT IN ('flipdash_operator', 'flipdash_owner')"
"""Whoever serves pages; anybody whom we don't know counts as them."""
STAFF = "is made the operator's, or isn't any more, by the operator alone"

AFTER_TABLES: list[Code] = [
    *files(__file__, "activity", "activity_rules", "codes_sent"),
    Trigger(Activity, "chained", "BEFORE INSERT OR UPDATE", "activity_guard()"),
    Kept(Activity),
    Trigger(ActivityHead, "goes_on", "BEFORE INSERT OR UPDATE", "activity_head_guard()"),
    Kept(ActivityHead),
    Rights(Activity, app="SELECT, INSERT"),
    Rights(ActivityHead, app="SELECT"),
    Fixed(Notice, "business", "mode", "member", "kind", "title", "text", "url", "created_at"),
    # People and invitations are how it becomes known whose somebody is.
    *(InnerWall(model, by_mode=False) for model in (Member, Invitation, ActivityHead)),
    WriteWall(Activity, by_mode=False),  # what happens to people stands in Live Mode's log, whatever mode they are in
    InnerWall(OtpChallenge),
    RowLevelSecurity(Notice),
    Refused(User, "made_staff", "BEFORE INSERT", STAFF, when=f"NEW.is_staff AND {SERVES}"),
    Refused(User, "staff_stays", "BEFORE UPDATE", STAFF, when=f"OLD.is_staff <> NEW.is_staff AND {SERVES}"),
]
