"""What the database itself holds of views and columns: whose they are."""

from flipdash.sql.declaring import Code, InnerWall
from lists.models import DefaultView, KeptLayout, SavedView

AFTER_TABLES: list[Code] = [InnerWall(model) for model in (KeptLayout, SavedView, DefaultView)]
