"""The addresses that this room opens to everyone."""

from __future__ import annotations

from django.urls import path

from joinedup.governance.views import open_boards, open_decisions, open_meetings, open_registers

app_name = "open_boards"
urlpatterns = [
    path("boards/", open_boards.boards, name="boards"),
    path("boards/compliance/", open_registers.compliance, name="compliance"),
    path("boards/<str:key>/", open_boards.board, name="board"),
    path("meetings/<str:key>/", open_meetings.meeting, name="meeting"),
    path("meetings/<str:key>/pack.pdf", open_meetings.pack, name="pack"),
    path("decisions/", open_decisions.decisions, name="decisions"),
    path("decisions/<str:key>/", open_decisions.decision, name="decision"),
    path("interests/", open_registers.interests, name="interests"),
    path("scrutiny/", open_registers.scrutiny, name="scrutiny"),
]
