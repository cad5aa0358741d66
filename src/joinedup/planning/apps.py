from django.apps import AppConfig


class PlanningConfig(AppConfig):
    name = "joinedup.planning"
    label = "planning"
