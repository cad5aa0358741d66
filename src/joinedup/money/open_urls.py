"""The addresses that this room opens to everyone."""

from __future__ import annotations

from django.urls import path

from joinedup.money import open_views

app_name = "open_money"
urlpatterns = [
    path("contracts/", open_views.contracts, name="contracts"),
    path("contracts/<str:code>/", open_views.contract, name="contract"),
    path("spend/", open_views.spend, name="spend"),
]
