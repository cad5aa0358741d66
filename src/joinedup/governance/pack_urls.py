"""The addresses of a meeting's pack and minutes for its members, under /governance/."""

from __future__ import annotations

from django.urls import path

from joinedup.governance.views import minutes_acts, pack

app_name = "board_papers"
urlpatterns = [
    path("meetings/<str:key>/pack/", pack.read, name="pack"),
    path("meetings/<str:key>/pack.pdf", pack.pdf, name="pdf"),
    path("meetings/<str:key>/minutes/", pack.minutes, name="minutes"),
    path("meetings/<str:key>/minutes/approve/", minutes_acts.approve, name="approve-minutes"),
    path("meetings/<str:key>/minutes.docx", pack.docx, name="docx"),
]
