"""The addresses of transitions, under /governance/."""

from __future__ import annotations

from django.urls import path

from joinedup.governance.views import own_transfer, transitions

app_name = "transition"
urlpatterns = [
    path("transitions/", transitions.transitions, name="transitions"),
    path("transitions/<str:key>/", transitions.transition, name="transition"),
    path("transitions/<str:key>/day-one/<str:text>/", transitions.day_one, name="day-one"),
    path("my-transfer/", own_transfer.own_transfer, name="own-transfer"),
]
