"""Forms must come from our own pages."""

from __future__ import annotations

from typing import Any

from django.middleware.csrf import CsrfViewMiddleware


class CsrfRules(CsrfViewMiddleware):
    """Django's check of form tokens, made to work with `Referrer-Policy: no-referrer` (rules: trust T55, T57).

    With that policy a browser sends `Origin: null` and no Referer even with a form of our own page, which Django
    refuses. The browser's own header Sec-Fetch-Site, which no page can set, says where such a form came from. It is
    sent over https and to this machine; where neither is so, the token alone decides, as in Django without https.
    The token is checked in every case.
    """

    def _origin_verified(self, request: Any) -> bool:
        if request.META.get("HTTP_ORIGIN") != "null":
            return bool(super()._origin_verified(request))
        came_from = request.META.get("HTTP_SEC_FETCH_SITE")
        return came_from == "same-origin" or (came_from is None and not request.is_secure())
