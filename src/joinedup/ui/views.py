"""The room's own pages: the choice of language."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme


def language(request: HttpRequest, code: str) -> HttpResponse:
    """Keep the language somebody chose in a cookie and send them back to where they were."""
    if code not in dict(settings.LANGUAGES):
        raise Http404
    back = request.GET.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=365 * 24 * 3600,
        secure=getattr(settings, "IS_HTTPS", False),
        httponly=True,
        samesite="Lax",
    )
    return response


# What access reads from the route table: anyone may choose a language.
language.permission = "system.read"  # type: ignore[attr-defined]
