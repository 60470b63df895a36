from django.apps import AppConfig


class FlipdashConfig(AppConfig):
    name = "flipdash"
