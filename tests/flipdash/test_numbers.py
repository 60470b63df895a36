"""The numbers of a business's rows: one after the other, also at once, and for each business and mode its own."""

import pytest
from django.db import transaction

from documents.models import Report
from flipdash.numbers import next_number
from imports.models import ImportJob
from tests.factories import make_import, make_report
from tests.twins import at_once

pytestmark = pytest.mark.django_db(transaction=True)
MAKERS = {Report: make_report, ImportJob: make_import}


@pytest.mark.parametrize("model", MAKERS)
def test_rows_made_at_once_have_one_number_each(admin, model):
    def make(_turn):
        with transaction.atomic():
            return MAKERS[model](admin, number=next_number(admin.scope("live"), model))

    assert sorted(row.number for row in at_once(20, make, at_a_time=5)) == list(range(1, 21))


def test_each_business_and_mode_counts_by_itself(admin, stranger):
    make_report(admin, number=7)
    with transaction.atomic():
        numbers = [
            next_number(scope, Report) for scope in (admin.scope("live"), admin.scope("test"), stranger.scope("live"))
        ]
    assert numbers == [8, 1, 1]
