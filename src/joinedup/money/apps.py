from django.apps import AppConfig


class MoneyConfig(AppConfig):
    name = "joinedup.money"
    label = "money"
