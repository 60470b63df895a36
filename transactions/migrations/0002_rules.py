"""What the database itself refuses: a move that the table of moves lacks, and any change of a timeline."""

from django.db import migrations

ALLOWED = """
    ('pending_approval', 'scheduled'), ('pending_approval', 'processing'), ('pending_approval', 'cancelled'),
    ('scheduled', 'processing'), ('scheduled', 'cancelled'),
    ('processing', 'successful'), ('processing', 'failed')
"""

MOVES_GUARD = f"""
CREATE FUNCTION moneytransfer_guard_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.business_id, OLD.mode, OLD.id, OLD.created_at) IS DISTINCT FROM
       (NEW.business_id, NEW.mode, NEW.id, NEW.created_at) THEN
        RAISE EXCEPTION 'the identity of transfer % never changes', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN ({ALLOWED}) THEN
        RAISE EXCEPTION 'transfer % can''t move from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER moneytransfer_moves BEFORE UPDATE ON transactions_moneytransfer
    FOR EACH ROW EXECUTE FUNCTION moneytransfer_guard_move();
REVOKE DELETE ON transactions_moneytransfer FROM flipdash_app;
"""

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER transferevent_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transactions_transferevent
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE ON transactions_transferevent FROM flipdash_app;
"""

MAINTENANCE = """
-- After a bulk load the planner needs new statistics before COMMIT checks the foreign keys: with the old ones
-- it chose a wrong index, and 100,000 rows took minutes instead of seconds.
GRANT MAINTAIN ON transactions_moneytransfer, transactions_transferevent TO flipdash_app;
"""

UNDO = """
DROP TRIGGER transferevent_append_only ON transactions_transferevent;
DROP FUNCTION refuse_change;
DROP TRIGGER moneytransfer_moves ON transactions_moneytransfer;
DROP FUNCTION moneytransfer_guard_move;
"""


class Migration(migrations.Migration):
    dependencies = [("transactions", "0001_initial")]

    operations = [migrations.RunSQL(MOVES_GUARD + APPEND_ONLY + MAINTENANCE, UNDO)]
