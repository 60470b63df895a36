"""What the database itself refuses of reports."""

from documents.models import Report
from flipdash.sql.declaring import Code, Moves

AFTER_TABLES: list[Code] = [Moves(Report)]
