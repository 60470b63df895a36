"""Makes Django's admin the back office."""

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    default_site = "flipdash.backoffice.BackOffice"
