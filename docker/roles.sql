-- The three roles, for a laptop, the tests and the container alike; a superuser runs it, as often as they like. What they
-- may do in the database is said by flipdash/sql/rights.sql and each app's sql/, which `migrate` keeps up to date.
--
-- The owner migrates and owns everything. The app role serves, owns nothing and obeys row level security. The operator
-- may do what the app role may, and sees the rows of every business (flipdash/rls.py).
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['flipdash_owner', 'flipdash_app', 'flipdash_operator'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOBYPASSRLS', name);
        END IF;
    END LOOP;
    IF NOT pg_has_role('flipdash_operator', 'flipdash_app', 'USAGE') THEN
        GRANT flipdash_app TO flipdash_operator;
    END IF;
END $$;
