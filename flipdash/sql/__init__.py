"""The database code of the ground floor, and the machinery by which each app declares its own (docs/database.md)."""

from flipdash.sql.declaring import files

AFTER_TABLES = [*files(__file__)]
