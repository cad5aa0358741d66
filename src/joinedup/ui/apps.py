"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "joinedup.ui"
    label = "ui"
    verbose_name = "Layout and components"
