"""The Activity Log, which the database lets nobody change (docs/activity.md).

A row is added without a place in the chain. `seal_activity` gives it one, once; the triggers check that what it
writes is right, so that the owner can't write anything else either. Each hash is over the hash before and the row.
"""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import flipdash.searchkeys
from django.db import migrations, models

CHAIN = """
CREATE FUNCTION activity_hash(before text, a accounts_activity) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT encode(sha256(convert_to(before || '|' || jsonb_build_array(
        a.business_id, a.mode, a.seq, a.id, (extract(epoch FROM a.created_at) * 1000000)::bigint, a.kind, a.area,
        a.actor_id, a.actor_name, a.actor_email, a.role, a.via, a.address, a.agent,
        a.subject_type, a.subject_id, a.subject_label, a.facts, a.search
    )::text, 'UTF8')), 'hex')
$$;

CREATE FUNCTION seal_activity(most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    a accounts_activity;
    head accounts_activityhead;
    sealed integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('seal_activity')) THEN
        RETURN 0;
    END IF;
    FOR a IN SELECT * FROM accounts_activity WHERE seq IS NULL ORDER BY id LIMIT most LOOP
        INSERT INTO accounts_activityhead (business_id, mode, seq, hash) VALUES (a.business_id, a.mode, 0, '')
            ON CONFLICT (business_id, mode) DO NOTHING;
        SELECT * INTO head FROM accounts_activityhead
            WHERE business_id = a.business_id AND mode = a.mode FOR UPDATE;
        a.seq := head.seq + 1;
        a.hash := activity_hash(head.hash, a);
        UPDATE accounts_activity SET seq = a.seq, hash = a.hash, sealed_at = clock_timestamp() WHERE id = a.id;
        UPDATE accounts_activityhead SET seq = a.seq, hash = a.hash WHERE id = head.id;
        sealed := sealed + 1;
    END LOOP;
    RETURN sealed;
END $$;
REVOKE EXECUTE ON FUNCTION seal_activity FROM PUBLIC;
GRANT EXECUTE ON FUNCTION seal_activity TO flipdash_app;
"""

GUARDS = """
CREATE FUNCTION activity_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    head accounts_activityhead;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.seq IS NULL AND NEW.hash = '' AND NEW.sealed_at IS NULL THEN
            RETURN NEW;
        END IF;
    ELSIF OLD.seq IS NULL AND to_jsonb(OLD) - '{seq,hash,sealed_at}'::text[]
            = to_jsonb(NEW) - '{seq,hash,sealed_at}'::text[] THEN
        SELECT * INTO head FROM accounts_activityhead WHERE business_id = NEW.business_id AND mode = NEW.mode;
        IF NEW.seq = head.seq + 1 AND NEW.hash = activity_hash(head.hash, NEW) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the Activity Log is append-only' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER activity_append_only BEFORE INSERT OR UPDATE ON accounts_activity
    FOR EACH ROW EXECUTE FUNCTION activity_guard();

CREATE FUNCTION activity_head_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.seq = 0 AND NEW.hash = '' THEN
            RETURN NEW;
        END IF;
    ELSIF (OLD.id, OLD.business_id, OLD.mode, OLD.seq + 1) = (NEW.id, NEW.business_id, NEW.mode, NEW.seq) AND EXISTS (
        SELECT FROM accounts_activity a
        WHERE (a.business_id, a.mode, a.seq, a.hash) = (NEW.business_id, NEW.mode, NEW.seq, NEW.hash)
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the head of the Activity Log only goes on by one' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER activityhead_goes_on BEFORE INSERT OR UPDATE ON accounts_activityhead
    FOR EACH ROW EXECUTE FUNCTION activity_head_guard();

CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER activity_stays BEFORE DELETE OR TRUNCATE ON accounts_activity
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER activityhead_stays BEFORE DELETE OR TRUNCATE ON accounts_activityhead
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

REVOKE UPDATE, DELETE ON accounts_activity FROM flipdash_app;
REVOKE INSERT, UPDATE, DELETE ON accounts_activityhead FROM flipdash_app;
"""

UNDO = """
DROP TRIGGER activity_append_only ON accounts_activity;
DROP TRIGGER activity_stays ON accounts_activity;
DROP TRIGGER activityhead_goes_on ON accounts_activityhead;
DROP TRIGGER activityhead_stays ON accounts_activityhead;
DROP FUNCTION refuse_removal, activity_head_guard, activity_guard, seal_activity, activity_hash;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='is_staff',
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name='Activity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mode', models.CharField(choices=[('live', 'Live Mode'), ('test', 'Test Mode')], max_length=4)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('kind', models.CharField(max_length=60)),
                ('area', models.CharField(max_length=30)),
                ('actor_name', models.CharField(blank=True, max_length=100)),
                ('actor_email', models.CharField(blank=True, max_length=254)),
                ('role', models.CharField(blank=True, max_length=20)),
                ('via', models.CharField(blank=True, max_length=20)),
                ('address', models.CharField(blank=True, max_length=45)),
                ('agent', models.CharField(blank=True, max_length=200)),
                ('subject_type', models.CharField(blank=True, max_length=60)),
                ('subject_id', models.CharField(blank=True, max_length=40)),
                ('subject_label', models.CharField(blank=True, max_length=200)),
                ('facts', models.JSONField(default=dict)),
                ('search', models.TextField(blank=True)),
                ('seq', models.BigIntegerField(null=True)),
                ('hash', models.CharField(blank=True, max_length=64)),
                ('sealed_at', models.DateTimeField(null=True)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.member')),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.business')),
            ],
            options={
                'verbose_name_plural': 'activities',
                'indexes': [models.Index(models.F('business'), models.F('mode'), models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='activity_newest'), models.Index(condition=models.Q(('seq', None)), fields=['id'], name='activity_unsealed'), django.contrib.postgres.indexes.GinIndex(models.F('business'), django.contrib.postgres.indexes.OpClass(flipdash.searchkeys.SearchText('search'), 'gin_trgm_ops'), name='activity_text')],
                'constraints': [models.CheckConstraint(condition=models.Q(('mode__in', ['live', 'test'])), name='activity_mode_known'), models.UniqueConstraint(fields=('business', 'mode', 'seq'), name='activity_place_once'), models.CheckConstraint(condition=models.Q(models.Q(('hash', ''), ('sealed_at', None), ('seq', None)), models.Q(('hash__gt', ''), ('sealed_at__isnull', False), ('seq__gt', 0)), _connector='OR'), name='activity_sealed_whole')],
            },
        ),
        migrations.CreateModel(
            name='ActivityHead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mode', models.CharField(choices=[('live', 'Live Mode'), ('test', 'Test Mode')], max_length=4)),
                ('seq', models.BigIntegerField(default=0)),
                ('hash', models.CharField(blank=True, max_length=64)),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.business')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('mode__in', ['live', 'test'])), name='activityhead_mode_known'), models.UniqueConstraint(fields=('business', 'mode'), name='activityhead_once')],
            },
        ),
        migrations.RunSQL(CHAIN + GUARDS, UNDO),
    ]
