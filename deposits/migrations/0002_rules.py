"""What the database itself refuses of the ledger, whoever asks: as the app role, and as the owner too (trust.md L2, L3).

Triggers that look at other rows run as the owner, so that no wall hides from them what they check.
"""

from django.db import migrations

from flipdash.walls import FullWall

FOREIGN_KEYS = """
-- They carry mode and currency, so that no entry crosses them. Where the operator has an entry, business is NULL, and
-- the third key doesn't ask: deposits_check_entry does.
ALTER TABLE deposits_entry
    ADD CONSTRAINT entry_account FOREIGN KEY (account_id, mode, currency)
        REFERENCES deposits_account (id, mode, currency),
    ADD CONSTRAINT entry_posting FOREIGN KEY (posting_id, mode, currency)
        REFERENCES deposits_posting (id, mode, currency),
    ADD CONSTRAINT entry_account_tenant FOREIGN KEY (business_id, mode, account_id)
        REFERENCES deposits_account (business_id, mode, id);
ALTER TABLE deposits_posting
    ADD CONSTRAINT posting_closes FOREIGN KEY (closes_id, mode, currency)
        REFERENCES deposits_posting (id, mode, currency),
    ADD CONSTRAINT posting_reverses FOREIGN KEY (reverses_id, mode, currency)
        REFERENCES deposits_posting (id, mode, currency);
"""

APPEND_ONLY = """
CREATE FUNCTION deposits_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: no % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deposits_posting
    FOR EACH STATEMENT EXECUTE FUNCTION deposits_refuse_change();
CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deposits_entry
    FOR EACH STATEMENT EXECUTE FUNCTION deposits_refuse_change();
CREATE TRIGGER account_stays BEFORE DELETE OR TRUNCATE ON deposits_account
    FOR EACH STATEMENT EXECUTE FUNCTION deposits_refuse_change();
"""

ACCOUNTS = """
CREATE FUNCTION deposits_guard_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.balance <> 0 OR NEW.seq <> 0 OR NEW.head <> '' THEN
            RAISE EXCEPTION 'an account begins empty' USING ERRCODE = 'check_violation';
        END IF;
    ELSIF (OLD.id, OLD.business_id, OLD.mode, OLD.currency, OLD.kind, OLD.detail, OLD.floor) IS DISTINCT FROM
          (NEW.id, NEW.business_id, NEW.mode, NEW.currency, NEW.kind, NEW.detail, NEW.floor) THEN
        RAISE EXCEPTION 'the identity of account % never changes', OLD.id USING ERRCODE = 'check_violation';
    ELSIF NEW.seq <> OLD.seq + 1 THEN
        RAISE EXCEPTION 'the balance of account % moves by entries only', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER account_guard BEFORE INSERT OR UPDATE ON deposits_account
    FOR EACH ROW EXECUTE FUNCTION deposits_guard_account();

CREATE FUNCTION deposits_check_account() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.deposits_entry e
        WHERE e.account_id = NEW.id AND e.seq = NEW.seq AND e.balance_after = NEW.balance AND e.hash = NEW.head
    ) THEN
        RAISE EXCEPTION 'the balance of account % moved without an entry', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER account_moved_by_entry AFTER UPDATE ON deposits_account
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION deposits_check_account();
"""

BALANCE = """
CREATE FUNCTION deposits_check_posting() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    entries bigint;
    total numeric;
BEGIN
    SELECT count(*), sum(e.amount) INTO entries, total FROM public.deposits_entry e WHERE e.posting_id = NEW.id;
    IF entries < 2 OR total <> 0 THEN
        RAISE EXCEPTION 'posting % has % entries, whose sum is %', NEW.id, entries, total
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER posting_balances AFTER INSERT ON deposits_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION deposits_check_posting();

CREATE FUNCTION deposits_check_entry() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT sum(e.amount) FROM public.deposits_entry e WHERE e.posting_id = NEW.posting_id) <> 0 THEN
        RAISE EXCEPTION 'posting % does not sum to zero', NEW.posting_id USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM public.deposits_account a JOIN public.deposits_posting p ON p.id = NEW.posting_id
        WHERE a.id = NEW.account_id AND a.seq >= NEW.seq AND a.business_id IS NOT DISTINCT FROM NEW.business_id
            AND (a.business_id IS NULL OR a.business_id = p.business_id)
    ) THEN
        RAISE EXCEPTION 'an entry on account % that does not move it, or of another business', NEW.account_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.balance_after - NEW.amount <> coalesce(
        (SELECT e.balance_after FROM public.deposits_entry e WHERE e.account_id = NEW.account_id AND e.seq = NEW.seq - 1),
        CASE NEW.seq WHEN 1 THEN 0 END, NEW.balance_after
    ) THEN
        RAISE EXCEPTION 'entry % of account % does not follow', NEW.seq, NEW.account_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entry_balances AFTER INSERT ON deposits_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION deposits_check_entry();
"""

GRANTS = """
REVOKE ALL ON deposits_account, deposits_posting, deposits_entry FROM flipdash_app;
GRANT SELECT ON deposits_account, deposits_posting, deposits_entry TO flipdash_app;
REVOKE ALL ON SEQUENCE deposits_account_id_seq, deposits_entry_id_seq FROM flipdash_app;
REVOKE EXECUTE ON FUNCTION deposits_refuse_change, deposits_guard_account, deposits_check_account,
    deposits_check_posting, deposits_check_entry FROM PUBLIC;
"""

UNDO = """
DROP TRIGGER entry_balances ON deposits_entry;
DROP TRIGGER posting_balances ON deposits_posting;
DROP TRIGGER account_moved_by_entry ON deposits_account;
DROP TRIGGER account_guard ON deposits_account;
DROP TRIGGER account_stays ON deposits_account;
DROP TRIGGER entry_append_only ON deposits_entry;
DROP TRIGGER posting_append_only ON deposits_posting;
DROP FUNCTION deposits_refuse_change, deposits_guard_account, deposits_check_account, deposits_check_posting,
    deposits_check_entry;
ALTER TABLE deposits_posting DROP CONSTRAINT posting_closes, DROP CONSTRAINT posting_reverses;
ALTER TABLE deposits_entry DROP CONSTRAINT entry_account, DROP CONSTRAINT entry_posting,
    DROP CONSTRAINT entry_account_tenant;
"""


class Migration(migrations.Migration):
    dependencies = [("deposits", "0001_initial"), ("flipdash", "0002_operator")]

    operations = [
        migrations.RunSQL(FOREIGN_KEYS + APPEND_ONLY + ACCOUNTS + BALANCE + GRANTS, UNDO),
        FullWall("deposits_account"),
        FullWall("deposits_posting"),
        FullWall("deposits_entry"),
    ]
