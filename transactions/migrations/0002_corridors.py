"""The countries that can be paid."""

from django.db import migrations

CORRIDORS = {
    ("EUR", "same_day"): """
        AD AT BE BG HR CY CZ DK EE FI FR DE GR HU IS IE IT LI LT LU LV MT MC NL NO PL PT RO SM SK SI ES SE CH VA
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
"""The countries of reference/flip-api.md §6.5; who may pay whom there stands in transactions/corridors.py."""


def add_corridors(apps, schema_editor):
    corridor = apps.get_model("transactions", "Corridor")
    corridor.objects.using(schema_editor.connection.alias).bulk_create(
        corridor(country=country, currency=currency, speed=speed)
        for (currency, speed), countries in CORRIDORS.items()
        for country in countries.split()
    )


class Migration(migrations.Migration):
    dependencies = [("transactions", "0001_initial")]

    operations = [
        migrations.RunPython(add_corridors, migrations.RunPython.noop),
    ]
