"""What the database itself refuses of imports."""

from flipdash.sql.declaring import Code, Moves
from imports.models import ImportJob

AFTER_TABLES: list[Code] = [Moves(ImportJob)]
