"""The numbers by which people name a business's rows: 1, 2, 3 in each mode."""

from django.db import models
from django.db.models import Max

from flipdash import db
from flipdash.scope import Scope


def next_number(scope: Scope, model: type[models.Model]) -> int:
    """Return the number of the row that the transaction is about to add.

    Whoever asks for the next one waits until the transaction ends. So does whoever must not do the same thing twice:
    ask first, and then look whether it is there.
    """
    db.lock(f"number/{model._meta.db_table}/{scope.business.pk}/{scope.mode}")
    rows = model.objects.visible_to(scope)  # type: ignore[attr-defined]  # a TenantModel's
    return (rows.aggregate(last=Max("number"))["last"] or 0) + 1
