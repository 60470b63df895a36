"""What the database computes for several apps."""

from django.db import models
from django.db.models import F, Value
from django.utils import timezone


class NextTransactionId(models.Func):
    """A new 19-digit transaction id, made by Postgres (sql/transaction_ids.sql, design.md §3)."""

    function = "next_transaction_id"
    template = "%(function)s(now())"
    output_field = models.BigIntegerField()
    arity = 0


def local_second(field: str, *, as_text: bool = False) -> models.Func:
    """Return a field's time to the second on the clocks of the active zone, without the zone; or that time's text."""
    zone = Value(timezone.get_current_timezone_name())
    local = models.Func(zone, F(field), function="timezone", output_field=models.DateTimeField())
    second: models.Func = models.Func(
        Value("second"), local, function="date_trunc", output_field=models.DateTimeField()
    )
    if as_text:
        return models.Func(second, Value("YYYY-MM-DD HH24:MI:SS"), function="to_char", output_field=models.TextField())
    return second
