"""What the database itself holds of keys, tokens, calls and callbacks: whose they are, and what never changes."""

from developer.models import (
    ApiCall,
    ApiKey,
    Callback,
    CallbackAttempt,
    CallbackResend,
    CallbackUrl,
    SigningKey,
    ValidationToken,
)
from flipdash.sql.declaring import Begins, Code, Fixed, InnerWall, Kept, Moves, Refused, Rights, RowLevelSecurity, files

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
    Kept(SigningKey),
    Fixed(SigningKey, "business", "mode"),
    Kept(CallbackUrl),
    Fixed(CallbackUrl, "business", "mode", "event"),
    Begins(Callback, "waiting", "paused"),
    Fixed(
        *(Callback, "business", "mode", "callback_url", "event", "kind", "source_type", "source_id"),
        *("data", "created_at"),
    ),
    Moves(Callback),
    Moves(CallbackResend),
    InnerWall(CallbackResend),
    Fixed(
        *(CallbackAttempt, "business", "mode", "callback", "n", "at", "url", "host"),
        *("asker_kind", "asker_id", "asker_name"),
    ),
    Refused(CallbackAttempt, "ends", "BEFORE UPDATE", "has ended", when="OLD.seconds IS NOT NULL"),
    *(
        RowLevelSecurity(model)
        for model in (ApiKey, ValidationToken, SigningKey, ApiCall, CallbackUrl, Callback, CallbackAttempt)
    ),
    Rights(ApiCall, app="SELECT, INSERT", operator="SELECT, DELETE"),
    *(Rights(model, app="SELECT, INSERT, UPDATE") for model in (ApiKey, ValidationToken, SigningKey, CallbackUrl)),
    # The sweep, which is the operator's, throws away what is old.
    Rights(Callback, app="SELECT, INSERT, UPDATE, MAINTAIN", operator="DELETE"),
    Rights(CallbackAttempt, app="SELECT, INSERT, MAINTAIN", operator="UPDATE, DELETE"),
]
