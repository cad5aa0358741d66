"""The addresses of this room, under /governance/."""

from __future__ import annotations

from django.urls import path

from joinedup.governance.views import (
    agenda_forms,
    assurance,
    boards,
    calling,
    decisions,
    item_acts,
    items,
    meetings,
    paper_forms,
    registers,
    running,
    scheme,
    start,
)

app_name = "governance"
urlpatterns = [
    path("", start.start, name="start"),
    path("boards/<str:key>/", boards.board, name="board"),
    path("meetings/call/", calling.call, name="call"),
    path("meetings/<str:key>/move/", calling.move, name="move-meeting"),
    path("meetings/<str:key>/cancel/", calling.cancel, name="cancel-meeting"),
    path("papers/submit/", paper_forms.choose, name="submit"),
    path("meetings/<str:key>/items/", agenda_forms.add, name="add-item"),
    path("meetings/<str:key>/order/", agenda_forms.order, name="order-items"),
    path("items/<str:key>/withdraw/", agenda_forms.withdraw, name="withdraw-item"),
    path("items/<str:key>/private/", agenda_forms.private, name="make-private"),
    path("items/<str:key>/paper/", paper_forms.submit, name="paper"),
    path("decisions/<str:key>/take-on/", agenda_forms.take_on, name="take-on"),
    path("meetings/<str:key>/run/", running.run, name="run"),
    path("meetings/<str:key>/attendance/<uuid:visit>/", item_acts.correct, name="correct"),
    path("meetings/<str:key>/", meetings.meeting, name="meeting"),
    path("items/<str:key>/open/", running.open_item, name="open-item"),
    path("items/<str:key>/vote/", running.vote, name="vote"),
    path("items/<str:key>/votes/", running.record_vote, name="record-vote"),
    path("items/<str:key>/declare/", item_acts.declare, name="declare"),
    path("items/<str:key>/conflict/", item_acts.conflict, name="conflict"),
    path("items/<str:key>/close/", item_acts.close, name="close"),
    path("items/<str:key>/", items.item, name="item"),
    path("decisions/<str:key>/adopt/", decisions.adopt, name="adopt"),
    path("decisions/<str:key>/", decisions.decision, name="decision"),
    path("interests/", registers.interests, name="interests"),
    path("interests/declare/", registers.declare, name="declare-interest"),
    path("interests/confirm/", registers.confirm, name="confirm-interests"),
    path("interests/<str:key>/end/", registers.end, name="end-interest"),
    path("delegations/", scheme.delegations, name="delegations"),
    path("risks/", assurance.risks, name="risks"),
    path("commitments/", assurance.commitments, name="commitments"),
    path("commitments/<str:key>/evidence/", assurance.evidence, name="evidence"),
]
