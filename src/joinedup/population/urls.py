"""The addresses of this room, under /population/."""

from __future__ import annotations

from django.urls import path

from joinedup.population.worklists import views as worklist_views

app_name = "population"
urlpatterns = [
    path("worklists/", worklist_views.mine, name="worklists"),
    path("worklists/ask/", worklist_views.ask, name="ask-worklist"),
    path("worklists/asked/", worklist_views.asked, name="asked-worklists"),
    path("worklists/asked/<int:number>/close/", worklist_views.close, name="close-worklist"),
    path("worklists/queue/", worklist_views.queue, name="worklist-queue"),
    path("worklists/queue/<int:number>/", worklist_views.decision, name="worklist-decision"),
    path("worklists/queue/<int:number>/close/", worklist_views.close_any, name="close-any-worklist"),
    path("worklists/<int:number>/", worklist_views.worklist, name="worklist"),
    path("worklists/<int:number>/mark/", worklist_views.mark, name="mark-worklist"),
]
