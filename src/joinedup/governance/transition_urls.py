"""The addresses of transitions, under /governance/."""

from __future__ import annotations

from django.urls import path

from joinedup.governance.views import (
    own_transfer,
    transition_acts as acts,
    transition_functions,
    transition_staff,
    transitions,
)

app_name = "transition"
urlpatterns = [
    path("transitions/", transitions.transitions, name="transitions"),
    path("transitions/propose/", acts.propose, name="propose"),
    path("transitions/<str:key>/", transitions.transition, name="transition"),
    path("transitions/<str:key>/add-change/", acts.add_change, name="add-change"),
    path("transitions/<str:key>/add-application/", acts.add_application, name="add-application"),
    path("transitions/<str:key>/applications/<str:text>/sent/", acts.send_application, name="send-application"),
    path("transitions/<str:key>/applications/<str:text>/decided/", acts.decide_application, name="decide-application"),
    path("transitions/<str:key>/add-step/", acts.step, name="add-step"),
    path("transitions/<str:key>/steps/<str:text>/", acts.step, name="step"),
    path("transitions/<str:key>/functions/", transition_functions.functions, name="functions"),
    path("transitions/<str:key>/count/", acts.count, name="count"),
    path("transitions/<str:key>/new-owner/", acts.new_owner, name="new-owner"),
    path("transitions/<str:key>/staff/", transition_staff.staff, name="staff"),
    path("transitions/<str:key>/staff/template/", transition_staff.staff_template, name="staff-template"),
    path("transitions/<str:key>/leaver/", acts.leaver, name="leaver"),
    path("transitions/<str:key>/cases/", transition_staff.cases, name="cases"),
    path("transitions/<str:key>/cases/<int:number>/reply/", transition_staff.reply, name="reply"),
    path("transitions/<str:key>/day-one/<str:text>/", transitions.day_one, name="day-one"),
    path("my-transfer/", own_transfer.own_transfer, name="own-transfer"),
    path("my-transfer/answer/", own_transfer.respond, name="respond"),
]
