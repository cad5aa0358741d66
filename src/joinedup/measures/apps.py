from django.apps import AppConfig


class MeasuresConfig(AppConfig):
    name = "joinedup.measures"
    label = "measures"
