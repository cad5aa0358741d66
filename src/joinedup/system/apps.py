from django.apps import AppConfig


class SystemConfig(AppConfig):
    name = "joinedup.system"
    label = "system"
