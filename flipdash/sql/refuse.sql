-- Refuse what happens to a row or table: the trigger says why, and for a move of states also which column it was.
CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was jsonb := to_jsonb(OLD);
    becomes jsonb := to_jsonb(NEW);
    move text := CASE WHEN TG_NARGS > 1 THEN
        format('%s from %s to %s', TG_ARGV[1], was ->> TG_ARGV[1], becomes ->> TG_ARGV[1]) END;
BEGIN
    RAISE EXCEPTION '%', concat_ws(' ', TG_TABLE_NAME, coalesce(was, becomes) ->> 'id', TG_ARGV[0], move)
        USING ERRCODE = 'check_violation';
END $$;
