"""When a business wants to be warned of a low deposit, and the indexes by which Deposit History is searched."""

import django.db.models.deletion
import django.db.models.functions.math
from django.db import migrations, models

from flipdash.walls import FullWall


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_activity'),
        ('deposits', '0011_top_up_rules'),
    ]

    operations = [
        migrations.CreateModel(
            name='LowBalance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mode', models.CharField(choices=[('live', 'Live Mode'), ('test', 'Test Mode')], max_length=4)),
                ('threshold', models.BigIntegerField()),
                ('warned_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='DepositEntry',
            fields=[
            ],
            options={
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('deposits.entry',),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(models.F('account'), django.db.models.functions.math.Abs('amount'), models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='entry_amount'),
        ),
        migrations.AddIndex(
            model_name='posting',
            index=models.Index(models.F('business'), models.F('mode'), models.F('source_id'), name='posting_source'),
        ),
        migrations.AddField(
            model_name='lowbalance',
            name='business',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.business'),
        ),
        migrations.AddConstraint(
            model_name='lowbalance',
            constraint=models.CheckConstraint(condition=models.Q(('mode__in', ['live', 'test'])), name='lowbalance_mode_known'),
        ),
        migrations.AddConstraint(
            model_name='lowbalance',
            constraint=models.UniqueConstraint(fields=('business', 'mode'), name='lowbalance_once'),
        ),
        migrations.AddConstraint(
            model_name='lowbalance',
            constraint=models.CheckConstraint(condition=models.Q(('threshold__gt', 0)), name='lowbalance_threshold_positive'),
        ),
        FullWall("deposits_lowbalance"),
    ]
