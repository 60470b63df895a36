"""What the database itself holds of keys, tokens and calls: whose they are, and what of them never changes."""

from developer.models import ApiCall, ApiKey, ValidationToken
from flipdash.sql.declaring import Code, Fixed, Kept, Refused, Rights, RowLevelSecurity, files

AFTER_TABLES: list[Code] = [
    *files(__file__, "find_key"),
    Kept(ApiKey),
    Fixed(
        *(ApiKey, "business", "mode", "public", "mac", "sealed", "access", "allowed_addresses"),
        *("maker_kind", "maker_id", "maker_name", "created_at"),
    ),
    Refused(
        *(ApiKey, "ends", "BEFORE UPDATE", "ends once, and never later than said"),
        when="OLD.ends_at IS NOT NULL AND (NEW.ends_at IS NULL OR NEW.ends_at > OLD.ends_at)",
    ),
    Kept(ValidationToken),
    Fixed(ValidationToken, "business", "mode"),
    *(RowLevelSecurity(model) for model in (ApiKey, ValidationToken, ApiCall)),
    Rights(ApiCall, app="SELECT, INSERT", operator="SELECT, DELETE"),
    *(Rights(model, app="SELECT, INSERT, UPDATE") for model in (ApiKey, ValidationToken)),
]
