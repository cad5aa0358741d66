"""The pages of access."""

from __future__ import annotations

from django.urls import path

from joinedup.access import views

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
    path("users/", views.users, name="users"),
    path("users/invite/", views.invite, name="invite"),
    path("users/<uuid:user_id>/", views.user, name="user"),
    path("users/<uuid:user_id>/end/", views.end_access, name="end-access"),
    path("users/<uuid:user_id>/roles/<int:held_id>/end/", views.end_role, name="end-role"),
    path("audit/", views.audit, name="audit"),
    path("roles/", views.roles, name="roles"),
]
