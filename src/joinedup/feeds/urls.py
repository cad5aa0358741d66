"""The pages of this room, under /feeds/."""

from __future__ import annotations

from django.urls import path

from joinedup.feeds import views

app_name = "feeds"
urlpatterns = [
    path("", views.feeds, name="feeds"),
    path("source/<str:key>/", views.feed, name="feed"),
    path("quarantine/", views.quarantine, name="quarantine"),
    path("quarantine/retry/", views.retry_all, name="retry-all"),
    path("quarantine/<int:number>/", views.set_aside, name="set-aside"),
    path("quarantine/<int:number>/retry/", views.retry, name="retry"),
    path("quarantine/<int:number>/discard/", views.discard, name="discard"),
]
