"""Code 000 is never given out: whoever pays a bare amount has forgotten their code, and it is nobody's."""

import django.db.models.expressions
from django.db import migrations, models

FREE_CODE = """
-- A free code at a bank for an amount, at random; none (NULL) when all 999 are in use. Whoever asks for the same
-- amount at the same bank waits for the lock until the other's transaction has ended, so that no two get one code; the
-- unique index stands behind it. It says nothing of whose the other codes are.
CREATE OR REPLACE FUNCTION deposits_free_code(p_mode text, p_bank text, p_amount bigint) RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(concat_ws('/', 'top-up', p_mode, p_bank, p_amount), 0));
    RETURN (
        SELECT free FROM (
            SELECT generate_series(1, 999)::bigint AS free
            EXCEPT
            SELECT t.exact_amount - p_amount FROM public.deposits_topup t
            WHERE t.mode = p_mode AND t.bank = p_bank AND t.exact_amount BETWEEN p_amount AND p_amount + 999
                AND t.is_code_held
        ) AS codes
        ORDER BY random() LIMIT 1
    );
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("deposits", "0013_indexes_behind_walls")]

    operations = [
        migrations.RunSQL(FREE_CODE, migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="topup", name="topup_amounts"),
        migrations.AddConstraint(
            model_name="topup",
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0), ('amount__lte', 1000000000000), ('code__gte', 1), ('code__lte', 999), ('exact_amount', django.db.models.expressions.CombinedExpression(models.F('amount'), '+', models.F('code')))), name='topup_amounts'),
        ),
    ]
