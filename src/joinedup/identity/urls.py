"""The addresses of the room."""

from __future__ import annotations

from django.urls import path

from joinedup.identity import views

app_name = "identity"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("reviews/<int:review_id>/", views.review, name="review"),
    path("residents/<uuid:resident_id>/", views.resident, name="resident"),
    path("residents/<uuid:resident_id>/merges/<int:number>/", views.undo, name="undo"),
]
