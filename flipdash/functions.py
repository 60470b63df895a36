"""What the database computes for several apps."""

from django.db import models
from django.db.models import F, Value
from django.utils import timezone


class NextTransactionId(models.Func):
    """A new 19-digit transaction id, made by Postgres (migration 0001, design.md §3)."""

    function = "next_transaction_id"
    template = "%(function)s(now())"
    output_field = models.BigIntegerField()
    arity = 0


def local_second(field: str) -> models.Func:
    """Return a field's time to the second on the clocks of the active zone, without the zone."""
    zone = Value(timezone.get_current_timezone_name())
    local = models.Func(zone, F(field), function="timezone", output_field=models.DateTimeField())
    return models.Func(Value("second"), local, function="date_trunc", output_field=models.DateTimeField())
