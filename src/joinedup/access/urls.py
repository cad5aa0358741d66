"""The pages of access."""

from __future__ import annotations

from django.urls import path

from joinedup.access import alert_views, views

app_name = "access"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("demo/", views.demo_sign_in, name="demo"),
    path("accept/<str:token>/", views.accept, name="accept"),
    path("reset/", views.ask_for_reset, name="ask-for-reset"),
    path("reset/<str:token>/", views.reset, name="reset"),
    path("account/", views.account, name="account"),
    path("account/sessions/<int:session_id>/end/", views.end_session, name="end-session"),
    path("account/tokens/", views.make_token, name="make-token"),
    path("account/tokens/<int:token_id>/end/", views.end_token, name="end-token"),
    path("purpose/", views.choose_purpose, name="purpose"),
    path("alerts/", alert_views.list_of_alerts, name="alerts"),
    path("alerts/<uuid:reference>/", alert_views.alert, name="alert"),
    path("log/<uuid:resident_id>/", alert_views.log_of_resident, name="log"),
    path("users/", views.users, name="users"),
    path("users/invite/", views.invite, name="invite"),
    path("users/<uuid:user_id>/", views.user, name="user"),
    path("users/<uuid:user_id>/end/", views.end_access, name="end-access"),
    path("users/<uuid:user_id>/roles/<int:held_id>/end/", views.end_role, name="end-role"),
    path("audit/", views.audit, name="audit"),
    path("roles/", views.roles, name="roles"),
]
