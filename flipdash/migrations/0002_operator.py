"""The operator's role, which sees every business, must be there: the service bootstrap makes it, never a migration."""

from django.db import migrations

CHECK = """
DO $$ BEGIN
    IF NOT coalesce((SELECT pg_has_role(rolname, 'flipdash_app', 'USAGE') FROM pg_roles
                     WHERE rolname = 'flipdash_operator'), false) THEN
        RAISE EXCEPTION 'The role flipdash_operator, a member of flipdash_app, is missing: see "Database" in docs/running.md';
    END IF;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("flipdash", "0001_ground")]

    operations = [migrations.RunSQL(CHECK, migrations.RunSQL.noop)]
