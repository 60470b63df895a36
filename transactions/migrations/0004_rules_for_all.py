"""One guard for the moves of every product, the rules of the new tables, and the countries that can be paid.

The moves allowed on a table are the arguments of its trigger: the column, then each move as `from>to`.
"""

from importlib import import_module

from django.db import migrations

FIRST_GUARD = import_module("transactions.migrations.0002_rules").MOVES_GUARD

GUARDS = """
CREATE FUNCTION guard_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was text := to_jsonb(OLD) ->> TG_ARGV[0];
    becomes text := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
    IF was IS DISTINCT FROM becomes AND concat(was, '>', becomes) <> ALL (TG_ARGV[1:]) THEN
        RAISE EXCEPTION '% %: % can''t move from % to %', TG_TABLE_NAME, OLD.id, TG_ARGV[0], was, becomes
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION guard_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.business_id, OLD.mode, OLD.id, OLD.created_at) IS DISTINCT FROM
       (NEW.business_id, NEW.mode, NEW.id, NEW.created_at) THEN
        RAISE EXCEPTION 'the identity of % % never changes', TG_TABLE_NAME, OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER moneytransfer_moves ON transactions_moneytransfer;
DROP FUNCTION moneytransfer_guard_move;
"""

SENDING = """
    'pending_approval>scheduled', 'pending_approval>processing', 'pending_approval>cancelled',
    'scheduled>processing', 'scheduled>cancelled', 'processing>successful', 'processing>failed'
"""

# Nothing to settle yet ("") → settled too: a rail's answer may bring both at once.
MOVES = {
    "moneytransfer": {"status": SENDING},
    "internationaltransfer": {"status": SENDING},
    "payment": {
        "status": "'pending>successful', 'pending>cancelled', 'pending>failed'",
        "settlement_status": "'>pending', '>settled', 'pending>settled', 'pending>'",
    },
}

TRIGGERS = "".join(
    f"""
CREATE TRIGGER {table}_identity BEFORE UPDATE ON transactions_{table}
    FOR EACH ROW EXECUTE FUNCTION guard_identity();
"""
    + "".join(
        f"""
CREATE TRIGGER {table}_{column} BEFORE UPDATE OF {column} ON transactions_{table}
    FOR EACH ROW EXECUTE FUNCTION guard_moves('{column}', {moves});
"""
        for column, moves in columns.items()
    )
    for table, columns in MOVES.items()
)

APPEND_ONLY = """
CREATE TRIGGER internationalevent_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transactions_internationalevent
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER paymentevent_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transactions_paymentevent
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER quote_append_only BEFORE UPDATE ON transactions_quote
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE ON transactions_internationalevent, transactions_paymentevent, transactions_quote
    FROM flipdash_app;
"""

GRANTS = """
REVOKE DELETE ON transactions_internationaltransfer, transactions_payment FROM flipdash_app;
REVOKE INSERT, UPDATE, DELETE ON transactions_corridor FROM flipdash_app;
-- ANALYZE after a bulk load, as in migration 0002.
GRANT MAINTAIN ON transactions_internationaltransfer, transactions_internationalevent, transactions_payment,
    transactions_paymentevent TO flipdash_app;
"""

UNDO = f"""
DROP TRIGGER quote_append_only ON transactions_quote;
DROP TRIGGER paymentevent_append_only ON transactions_paymentevent;
DROP TRIGGER internationalevent_append_only ON transactions_internationalevent;
DROP FUNCTION guard_moves CASCADE;
DROP FUNCTION guard_identity CASCADE;
{FIRST_GUARD}
"""

CORRIDORS = {
    ("EUR", "same_day"): """
        AD AT BE BG HR CY CZ DK EE FI FR DE GR HU IS IE IT LI LT LU MT MC NL NO PL PT RO SM SK SI ES SE CH VA
    """,
    ("AUD", "same_day"): "AU",
    ("CNY", "one_day"): "CN",
    ("HKD", "same_day"): "HK",
    ("INR", "real_time"): "IN",
    ("JPY", "one_day"): "JP",
    ("MYR", "real_time"): "MY",
    ("PHP", "real_time"): "PH",
    ("SAR", "two_days"): "SA",
    ("SGD", "real_time"): "SG",
    ("KRW", "same_day"): "KR",
    ("THB", "real_time"): "TH",
    ("TRY", "two_days"): "TR",
    ("AED", "two_days"): "AE",
    ("GBP", "same_day"): "GB",
    ("USD", "one_day"): "US",
    ("VND", "real_time"): "VN",
}
"""The countries of reference/flip-api.md §6.5."""
CLOSED = {("EUR", "same_day"): "LV"}
"""Latvia is open to people only, not to businesses."""


def add_corridors(apps, schema_editor):
    corridor = apps.get_model("transactions", "Corridor")
    corridor.objects.using(schema_editor.connection.alias).bulk_create(
        corridor(country=country, currency=currency, speed=speed, is_active=is_active)
        for corridors, is_active in ((CORRIDORS, True), (CLOSED, False))
        for (currency, speed), countries in corridors.items()
        for country in countries.split()
    )


class Migration(migrations.Migration):
    dependencies = [("transactions", "0003_international_and_payments")]

    operations = [
        migrations.RunSQL(GUARDS + TRIGGERS + APPEND_ONLY + GRANTS, UNDO),
        migrations.RunPython(add_corridors, migrations.RunPython.noop),
    ]
