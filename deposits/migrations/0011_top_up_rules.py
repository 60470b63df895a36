"""What the database itself holds of top-ups: who moves them where, that each is credited by one line of a statement and
one posting of the same amount, and that what is done by hand is done by two people (trust.md D1-D3, §1.1).

Functions that look at other rows run as the owner, so that no wall hides from them what they check.
"""

from django.db import migrations

from flipdash.walls import FullWall

CODES = """
-- A free code at a bank for an amount, at random; none (NULL) when all thousand are in use. Whoever asks for the same
-- amount at the same bank waits for the lock until the other's transaction has ended, so that no two get one code; the
-- unique index stands behind it. It says nothing of whose the other codes are.
CREATE FUNCTION deposits_free_code(p_mode text, p_bank text, p_amount bigint) RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(concat_ws('/', 'top-up', p_mode, p_bank, p_amount), 0));
    RETURN (
        SELECT free FROM (
            SELECT generate_series(0, 999)::bigint AS free
            EXCEPT
            SELECT t.exact_amount - p_amount FROM public.deposits_topup t
            WHERE t.mode = p_mode AND t.bank = p_bank AND t.exact_amount BETWEEN p_amount AND p_amount + 999
                AND t.is_code_held
        ) AS codes
        ORDER BY random() LIMIT 1
    );
END $$;
REVOKE EXECUTE ON FUNCTION deposits_free_code FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deposits_free_code TO flipdash_app;
"""

TOP_UPS = """
CREATE FUNCTION deposits_guard_topup() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (OLD.id, OLD.business_id, OLD.mode, OLD.amount, OLD.code, OLD.exact_amount, OLD.bank, OLD.form_key,
        OLD.member_id, OLD.created_at, OLD.expires_at) IS DISTINCT FROM
       (NEW.id, NEW.business_id, NEW.mode, NEW.amount, NEW.code, NEW.exact_amount, NEW.bank, NEW.form_key,
        NEW.member_id, NEW.created_at, NEW.expires_at)
       OR OLD.posting_id <> NEW.posting_id OR (OLD.is_code_held < NEW.is_code_held) THEN
        RAISE EXCEPTION 'what top-up % asks for never changes', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = NEW.status THEN
        RETURN NEW;
    END IF;
    IF concat(OLD.status, '>', NEW.status) NOT IN (
        'waiting>checking', 'waiting>successful', 'waiting>expired', 'waiting>cancelled',
        'checking>successful', 'checking>expired',
        'expired>successful', 'cancelled>successful', 'successful>cancelled'
    ) THEN
        RAISE EXCEPTION 'top-up % can''t move from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = 'successful' AND NOT (
        EXISTS (
            SELECT FROM public.deposits_statementline l
            WHERE l.top_up_id = OLD.id AND l.status IN ('matched', 'credited') AND l.amount = NEW.credited_amount
        ) AND EXISTS (
            SELECT FROM public.deposits_posting p JOIN public.deposits_entry e ON e.posting_id = p.id
            WHERE p.id = NEW.posting_id AND p.source_type = 'top_up' AND p.source_id = OLD.id AND p.kind = 'top_up'
                AND p.business_id = OLD.business_id AND p.mode = OLD.mode AND e.amount = NEW.credited_amount
        )
    ) THEN
        RAISE EXCEPTION 'top-up % is credited by a line and a posting of its amount only', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status IN ('expired', 'cancelled') AND (OLD.posting_id IS NOT NULL OR NOT EXISTS (
        SELECT FROM public.deposits_correction c
        WHERE c.top_up_id = OLD.id AND c.kind = 'credit' AND c.status = 'approved'
    )) THEN
        RAISE EXCEPTION 'top-up % was closed: two people credit it, once', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'successful' AND (NEW.reversed_at IS NULL OR NOT EXISTS (
        SELECT FROM public.deposits_correction c
        WHERE c.top_up_id = OLD.id AND c.kind = 'undo' AND c.status = 'approved'
    ) OR NOT EXISTS (
        SELECT FROM public.deposits_posting p WHERE p.reverses_id = OLD.posting_id
    )) THEN
        RAISE EXCEPTION 'top-up % was credited: two people take it back, by a posting', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER topup_guard BEFORE UPDATE ON deposits_topup
    FOR EACH ROW EXECUTE FUNCTION deposits_guard_topup();

CREATE FUNCTION deposits_topup_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> 'waiting' OR NEW.posting_id IS NOT NULL OR NEW.credited_amount IS NOT NULL THEN
        RAISE EXCEPTION 'a top-up begins waiting for payment' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER topup_begins BEFORE INSERT ON deposits_topup
    FOR EACH ROW EXECUTE FUNCTION deposits_topup_begins();

CREATE FUNCTION deposits_refuse_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER topupevent_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deposits_topupevent
    FOR EACH STATEMENT EXECUTE FUNCTION deposits_refuse_history();
CREATE TRIGGER topup_stays BEFORE DELETE OR TRUNCATE ON deposits_topup
    FOR EACH STATEMENT EXECUTE FUNCTION deposits_refuse_history();
CREATE TRIGGER statementline_stays BEFORE DELETE OR TRUNCATE ON deposits_statementline
    FOR EACH STATEMENT EXECUTE FUNCTION deposits_refuse_history();
CREATE TRIGGER correction_stays BEFORE DELETE OR TRUNCATE ON deposits_correction
    FOR EACH STATEMENT EXECUTE FUNCTION deposits_refuse_history();
"""

LINES = """
CREATE FUNCTION deposits_guard_statementline() RETURNS trigger LANGUAGE plpgsql
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
        'credited>waiting'
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
CREATE TRIGGER statementline_guard BEFORE UPDATE ON deposits_statementline
    FOR EACH ROW EXECUTE FUNCTION deposits_guard_statementline();

CREATE FUNCTION deposits_statementline_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> 'new' THEN
        RAISE EXCEPTION 'a line begins new' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER statementline_begins BEFORE INSERT ON deposits_statementline
    FOR EACH ROW EXECUTE FUNCTION deposits_statementline_begins();

CREATE FUNCTION deposits_guard_correction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'waiting' THEN
            RAISE EXCEPTION 'a correction waits for a second person' USING ERRCODE = 'check_violation';
        END IF;
    ELSIF OLD.status <> 'waiting' OR
        (OLD.id, OLD.business_id, OLD.mode, OLD.kind, OLD.line_id, OLD.top_up_id, OLD.why, OLD.proposed_by_id,
         OLD.proposed_at) IS DISTINCT FROM
        (NEW.id, NEW.business_id, NEW.mode, NEW.kind, NEW.line_id, NEW.top_up_id, NEW.why, NEW.proposed_by_id,
         NEW.proposed_at) THEN
        RAISE EXCEPTION 'correction % was decided, or says something else', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER correction_guard BEFORE INSERT OR UPDATE ON deposits_correction
    FOR EACH ROW EXECUTE FUNCTION deposits_guard_correction();
"""

GRANTS = """
REVOKE EXECUTE ON FUNCTION deposits_guard_topup, deposits_topup_begins, deposits_refuse_history,
    deposits_guard_statementline, deposits_statementline_begins, deposits_guard_correction FROM PUBLIC;
REVOKE DELETE ON deposits_topup FROM flipdash_app;
REVOKE UPDATE, DELETE ON deposits_topupevent FROM flipdash_app;
-- The statements are the operator's. Who serves sees a line once it is matched with a top-up of the wall it is in, and
-- then may only note that it is credited.
REVOKE ALL ON deposits_bankaccount, deposits_statementimport, deposits_statementline FROM flipdash_app;
REVOKE INSERT, DELETE ON deposits_correction FROM flipdash_app;
GRANT SELECT ON deposits_bankaccount, deposits_statementline TO flipdash_app;
GRANT UPDATE (status, credited_at) ON deposits_statementline TO flipdash_app;
GRANT SELECT, INSERT, UPDATE ON deposits_bankaccount, deposits_statementimport, deposits_statementline,
    deposits_correction TO flipdash_operator;
GRANT MAINTAIN ON deposits_topup, deposits_topupevent TO flipdash_app;
GRANT MAINTAIN ON deposits_statementline TO flipdash_operator;
"""

UNDO = """
DROP TRIGGER correction_guard ON deposits_correction;
DROP TRIGGER correction_stays ON deposits_correction;
DROP TRIGGER statementline_begins ON deposits_statementline;
DROP TRIGGER statementline_guard ON deposits_statementline;
DROP TRIGGER statementline_stays ON deposits_statementline;
DROP TRIGGER topup_begins ON deposits_topup;
DROP TRIGGER topup_guard ON deposits_topup;
DROP TRIGGER topup_stays ON deposits_topup;
DROP TRIGGER topupevent_append_only ON deposits_topupevent;
DROP FUNCTION deposits_guard_topup, deposits_topup_begins, deposits_refuse_history, deposits_guard_statementline,
    deposits_statementline_begins, deposits_guard_correction, deposits_free_code;
"""


class Migration(migrations.Migration):
    dependencies = [("deposits", "0010_top_ups")]

    operations = [
        migrations.RunSQL(CODES + TOP_UPS + LINES + GRANTS, UNDO),
        FullWall("deposits_topup"),
        FullWall("deposits_topupevent"),
        FullWall("deposits_statementline"),
        FullWall("deposits_correction"),
    ]
