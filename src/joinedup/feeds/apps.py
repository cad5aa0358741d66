from django.apps import AppConfig


class FeedsConfig(AppConfig):
    name = "joinedup.feeds"
    label = "feeds"
