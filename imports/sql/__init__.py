"""What the database itself refuses of imports."""

from flipdash.sql.declaring import Code, Fixed, InnerWall, Moves, Rights, RowLevelSecurity
from imports.models import ColumnMapping, ImportedRecord, ImportJob, ImportUndo

AFTER_TABLES: list[Code] = [
    *(Moves(model) for model in (ImportJob, ImportUndo)),
    *(InnerWall(model) for model in (ImportJob, ImportUndo)),
    Fixed(ImportUndo, "business", "mode", "job", "member"),
    *(RowLevelSecurity(model) for model in (ColumnMapping, ImportedRecord)),
    Rights(ImportedRecord, app="SELECT, INSERT", operator="DELETE"),
    Fixed(ColumnMapping, "business", "mode", "kind", "header"),
]
