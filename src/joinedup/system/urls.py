"""The pages of this room, under /system/."""

from __future__ import annotations

from django.urls import path

from joinedup.system import views

app_name = "system"
urlpatterns = [
    path("", views.england, name="england"),
    path("coverage/", views.coverage, name="coverage"),
    path("changes/", views.changes, name="changes"),
    path("events/", views.events, name="events"),
    path("events/<str:key>/", views.event, name="event"),
    path("code/<str:text>/", views.code, name="code"),
    path("bodies/", views.bodies, name="bodies"),
    path("people/", views.people, name="people"),
    path("area/<str:text>/", views.area, name="area"),
    path("body/<str:text>/", views.body, name="body"),
    path("body/<str:text>/known/", views.known, name="known"),
    path("body/<str:text>/correct/<str:fact>/<int:fact_id>/", views.correct, name="correct"),
    # Last: a system by its key or by the code of whoever leads it.
    path("<str:text>/", views.system, name="system"),
]
