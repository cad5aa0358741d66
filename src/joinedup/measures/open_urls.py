"""The addresses that this room opens to everyone."""

from __future__ import annotations

from django.urls import path

from joinedup.measures import open_views

app_name = "open"
urlpatterns = [
    path("releases/", open_views.releases, name="releases"),
    path("releases/<int:number>/", open_views.release, name="release"),
    path("releases/<int:number>/file/", open_views.file, name="release-file"),
]
