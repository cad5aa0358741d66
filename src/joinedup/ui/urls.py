"""The room's own addresses."""

from __future__ import annotations

from django.urls import path

from joinedup.ui import views

urlpatterns = [path("language/<str:code>/", views.language, name="language")]
