"""What every response tells the browser to refuse, and the number by which a request can be found in the log."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from joinedup.ui.logs import log_request

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
OFF = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation",
    "gyroscope", "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "publickey-credentials-get",
    "screen-wake-lock", "usb", "xr-spatial-tracking",
)  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    # Browsers ignore it when it comes over plain http, so it may always be sent.
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in OFF),
}


class SecurityHeaders:
    """Outermost of all: its headers stand on pages, files, redirects and errors alike (rules: trust T55)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        request.request_id = uuid.uuid4().hex[:16]  # type: ignore[attr-defined]
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response[name] = value
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        if not request.path.startswith(settings.STATIC_URL):
            # Whoever carries a session may be signed in, and no copy of their pages may stay behind.
            if settings.SESSION_COOKIE_NAME in request.COOKIES or settings.SESSION_COOKIE_NAME in response.cookies:
                response["Cache-Control"] = "no-store"
            else:
                response.headers.setdefault("Cache-Control", "private, no-cache")
            log_request(request, response.status_code, time.perf_counter() - began)
        return response
