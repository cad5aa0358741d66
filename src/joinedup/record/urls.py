"""The pages of this room, under /record/."""

from __future__ import annotations

from django.urls import path

from joinedup.record.views import additions, find, own, resident, team

app_name = "record"
urlpatterns = [
    path("", find.find, name="find"),
    path("purpose/", find.purpose, name="purpose"),
    path("break-glass/", find.broken_glass, name="break-glass"),
    path("inbox/", team.inbox, name="inbox"),
    path("inbox/<uuid:handover_id>/", team.handover, name="handover"),
    path("unopened/", team.unopened, name="unopened"),
    path("mine/", own.mine, name="mine"),
    path("mine/<uuid:resident_id>/", own.own_resident, name="own-resident"),
    path("mine/<uuid:resident_id>/section/<slug:code>/", own.own_section, name="own-section"),
    path("mine/<uuid:resident_id>/timeline/", own.own_timeline, name="own-timeline"),
    path("mine/<uuid:resident_id>/entry/<slug:kind>/<uuid:entry_id>/", own.own_entry, name="own-entry"),
    path("mine/<uuid:resident_id>/documents/", own.own_documents, name="own-documents"),
    path("mine/<uuid:resident_id>/who-is-who/", own.own_identity, name="own-identity"),
    path("mine/<uuid:resident_id>/access-log/", own.own_access_log, name="own-access-log"),
    path("mine/<uuid:resident_id>/about-me/", own.own_about_me, name="own-about-me"),
    path("mine/<uuid:resident_id>/about-me/write/", own.own_write_about_me, name="own-write-about-me"),
    path("<uuid:resident_id>/", resident.resident, name="resident"),
    path("<uuid:resident_id>/section/<slug:code>/", resident.section, name="section"),
    path("<uuid:resident_id>/timeline/", resident.story, name="timeline"),
    path("<uuid:resident_id>/entry/<slug:kind>/<uuid:entry_id>/", resident.entry, name="entry"),
    path("<uuid:resident_id>/documents/", resident.documents, name="documents"),
    path("<uuid:resident_id>/who-is-who/", resident.identity, name="identity"),
    path("<uuid:resident_id>/access-log/", resident.looked, name="access-log"),
    path("<uuid:resident_id>/about-me/", additions.about_me, name="about-me"),
    path("<uuid:resident_id>/about-me/write/", additions.write_about_me, name="write-about-me"),
    path("<uuid:resident_id>/note/", additions.note, name="note"),
    path("<uuid:resident_id>/alert/", additions.alert, name="alert"),
    path("<uuid:resident_id>/withdraw/<slug:kind>/<uuid:entry_id>/", additions.withdraw, name="withdraw"),
    path("<uuid:resident_id>/refer/", team.refer, name="refer"),
]
