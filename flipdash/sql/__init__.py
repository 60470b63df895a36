"""The database code of the ground floor, and the machinery by which each app declares its own (docs/database.md)."""

from django.db.migrations.recorder import MigrationRecorder

from flipdash.models import Message
from flipdash.sql.declaring import Code, Moves, OutsideWall, Rights, files

BEFORE_TABLES = files(__file__, "rights", "transaction_ids", "search_keys")
AFTER_TABLES: list[Code] = [
    *files(__file__, "refuse", "clean_search_lists"),
    Moves(Message),
    OutsideWall(Message),
    Rights(MigrationRecorder.Migration, app="SELECT"),
]
