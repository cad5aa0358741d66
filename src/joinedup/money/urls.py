"""The addresses of this room, under /money/."""

from __future__ import annotations

from django.urls import path

from joinedup.money.views import allocation, start

app_name = "money"
urlpatterns = [
    path("", start.start, name="start"),
    path("allocation/", allocation.allocation, name="allocation"),
]
