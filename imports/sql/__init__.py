"""What the database itself refuses of imports."""

from flipdash.sql.declaring import Code, Fixed, Moves, RowLevelSecurity
from imports.models import ColumnMapping, ImportJob

AFTER_TABLES: list[Code] = [
    Moves(ImportJob),
    RowLevelSecurity(ColumnMapping),
    Fixed(ColumnMapping, "business", "mode", "kind", "header"),
]
