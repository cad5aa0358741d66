"""The pages of this room, under /system/."""

from __future__ import annotations

from django.urls import path

from joinedup.system.views import areas, bodies, changes, corrections, recording

app_name = "system"
urlpatterns = [
    path("", areas.england, name="england"),
    path("coverage/", areas.coverage, name="coverage"),
    path("changes/", changes.changes, name="changes"),
    path("events/", changes.events, name="events"),
    path("events/record/", recording.record, name="record"),
    path("events/<str:key>/", changes.event, name="event"),
    path("code/<str:text>/", changes.code, name="code"),
    path("bodies/", bodies.bodies, name="bodies"),
    path("people/", bodies.people, name="people"),
    path("area/<str:text>/", areas.area, name="area"),
    path("body/<str:text>/", bodies.body, name="body"),
    path("body/<str:text>/known/", bodies.known, name="known"),
    path("body/<str:text>/correct/<str:fact>/<int:fact_id>/", corrections.correct, name="correct"),
    # Last: a system by its key or by the code of whoever leads it.
    path("<str:text>/", areas.system, name="system"),
]
