"""Rules that the database has by now from transactions/sql."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("transactions", "0001_initial")]
    operations = []
