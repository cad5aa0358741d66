"""The addresses of releases, under /measures/releases/."""

from __future__ import annotations

from django.urls import path

from joinedup.measures.releases import views as release_views

release_patterns = [
    path("releases/", release_views.mine, name="releases"),
    path("releases/ask/", release_views.ask, name="ask-release"),
    path("releases/queue/", release_views.queue, name="release-queue"),
    path("releases/queue/<int:number>/", release_views.decision, name="release-decision"),
    path("releases/<int:number>/", release_views.release, name="release"),
    path("releases/<int:number>/withdraw/", release_views.withdraw, name="withdraw-release"),
    path("releases/<int:number>/publish/", release_views.publish, name="publish-release"),
    path("releases/<int:number>/file/", release_views.take, name="take-release"),
]
