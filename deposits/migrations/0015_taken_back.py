"""Money that goes out in the exact amount of a top-up waits for a person, and so does what came in; two people put a line
away."""

from django.db import migrations, models

GUARD = """
CREATE OR REPLACE FUNCTION deposits_guard_statementline() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (OLD.id, OLD.bank, OLD.mode, OLD.booked_on, OLD.amount, OLD.description, OLD.sender, OLD.reference, OLD.balance,
        OLD.fingerprint, OLD.statement_id, OLD.imported_at) IS DISTINCT FROM
       (NEW.id, NEW.bank, NEW.mode, NEW.booked_on, NEW.amount, NEW.description, NEW.sender, NEW.reference, NEW.balance,
        NEW.fingerprint, NEW.statement_id, NEW.imported_at) THEN
        RAISE EXCEPTION 'what the bank wrote never changes' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = NEW.status THEN
        IF (OLD.top_up_id, OLD.business_id) IS DISTINCT FROM (NEW.top_up_id, NEW.business_id) THEN
            RAISE EXCEPTION 'line % is matched already', OLD.id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF concat(OLD.status, '>', NEW.status) NOT IN (
        'new>matched', 'new>waiting', 'new>ignored', 'waiting>matched', 'matched>credited', 'matched>waiting',
        'credited>waiting', 'waiting>ignored', 'ignored>waiting'
    ) THEN
        RAISE EXCEPTION 'line % can''t move from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'new' AND NEW.status = 'matched' AND NOT EXISTS (
        SELECT FROM public.deposits_topup t
        WHERE t.id = NEW.top_up_id AND t.mode = OLD.mode AND t.bank = OLD.bank AND t.exact_amount = OLD.amount
            AND t.status IN ('waiting', 'checking')
    ) THEN
        RAISE EXCEPTION 'line % is not what top-up % waits for', OLD.id, NEW.top_up_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'waiting' AND NEW.status = 'matched' AND NOT EXISTS (
        SELECT FROM public.deposits_correction c
        WHERE c.line_id = OLD.id AND c.top_up_id = NEW.top_up_id AND c.kind = 'credit' AND c.status = 'approved'
    ) THEN
        RAISE EXCEPTION 'line % is matched by hand by two people only', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'waiting' AND NEW.status = 'ignored' AND NOT EXISTS (
        SELECT FROM public.deposits_correction c
        WHERE c.line_id = OLD.id AND c.kind = 'ignore' AND c.status = 'approved'
    ) THEN
        RAISE EXCEPTION 'line % is put away by two people only', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'ignored' AND OLD.amount > 0 THEN
        RAISE EXCEPTION 'line % was put away', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = 'credited' AND (OLD.top_up_id IS DISTINCT FROM NEW.top_up_id OR NOT EXISTS (
        SELECT FROM public.deposits_topup t
        WHERE t.id = OLD.top_up_id AND t.status = 'successful' AND t.credited_amount = OLD.amount
    )) THEN
        RAISE EXCEPTION 'line % is credited by its top-up only', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'credited' AND NOT EXISTS (
        SELECT FROM public.deposits_topup t WHERE t.id = OLD.top_up_id AND t.reversed_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'line % is credited', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("deposits", "0014_codes_from_001")]

    operations = [
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
        migrations.RemoveConstraint(
            model_name='correction',
            name='correction_credits_a_line',
        ),
        migrations.RemoveConstraint(
            model_name='statementline',
            name='statementline_amount',
        ),
        migrations.AlterField(
            model_name='correction',
            name='kind',
            field=models.CharField(choices=[('credit', 'Credit the line to the top-up'), ('undo', 'Take the credit back'), ('ignore', 'Put the line away')], max_length=6, verbose_name='What'),
        ),
        migrations.AlterField(
            model_name='statementline',
            name='reason',
            field=models.CharField(blank=True, choices=[('', '–'), ('unknown', 'No top-up is known for it'), ('too_little', 'Too little was paid'), ('too_much', 'Too much was paid'), ('late', 'Paid after the top-up was closed'), ('paid_twice', 'Paid once already'), ('other_bank', 'Paid to another bank than chosen'), ('atm', "An ATM transfer that the sender doesn't confirm"), ('changed', 'The bank has changed a line that was imported before'), ('reversed', 'A payment that the bank may have taken back'), ('undone', 'Its credit was undone'), ('debit', 'Money that went out')], default='', max_length=12, verbose_name='Reason'),
        ),
        migrations.AddIndex(
            model_name='statementline',
            index=models.Index(models.F('mode'), models.F('bank'), models.F('amount'), models.F('booked_on'), name='statementline_amounts'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['credit', 'ignore']), ('line__isnull', False)), models.Q(('kind', 'undo'), ('line__isnull', True)), _connector='OR'), name='correction_credits_a_line'),
        ),
        migrations.AddConstraint(
            model_name='statementline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount', 0), _negated=True), models.Q(('amount__gt', 0), ('status__in', ['new', 'waiting', 'ignored']), _connector='OR')), name='statementline_amount'),
        ),
    ]
