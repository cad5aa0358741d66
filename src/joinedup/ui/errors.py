"""Errors as pages that say what to do, and as JSON under /api/ and /fhir/.

`handler400` to `handler500` are for the route table (`handler404 = "joinedup.ui.errors.not_found"` and so on); the
middleware answers what views raise.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from joinedup.errors import JoinedupError, Unavailable
from joinedup.ui.outcomes import outcome
from joinedup.ui.pages import Page

logger = logging.getLogger("joinedup.errors")
AWAY = (OperationalError, InterfaceError, Unavailable)


class ErrorPages:
    """Turns what a view raises into a page of the right status: short text, what to do, the request's number."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path:  # No address of ours holds one, and the database takes none.
            return answer(request, 400)
        response = self.get_response(request)
        if response.status_code == 405 and not request.path.startswith(("/api/", "/fhir/")):
            page = answer(request, 405)  # Django's own is empty.
            page["Allow"] = response["Allow"]
            return page
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if isinstance(error, AWAY):
            logger.error("unavailable", exc_info=error, extra={"request_id": _number(request)})
            return answer(request, 503)
        if isinstance(error, JoinedupError):
            return answer(request, error.status, str(error))
        if isinstance(error, Http404):
            return answer(request, 404)
        if isinstance(error, PermissionDenied):
            return answer(request, 403)
        if isinstance(error, BadRequest | SuspiciousOperation):
            return answer(request, 400)
        logger.error("failed", exc_info=error, extra={"request_id": _number(request)})
        return answer(request, 500)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    return answer(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    return answer(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    return answer(request, 404)


def failed(request: HttpRequest) -> HttpResponseBase:
    """Answer what failed before the page began, such as the look-up of a session in a database that went away."""
    return answer(request, 503 if isinstance(sys.exception(), AWAY) else 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answer a form that came without its token: mostly a page that stayed open too long."""
    return answer(
        request, 403, _("This form was open too long, or cookies are off. Go back, reload the page and send it again.")
    )


def answer(request: HttpRequest, status: int, message: str = "") -> HttpResponseBase:
    """Answer an error as its page, or as JSON under /api/ and /fhir/; `message` was written for people."""
    title, advice = _said(status)
    lines = [line for line in message.splitlines() if line.strip()] or advice
    response: HttpResponseBase
    if request.path.startswith("/api/"):
        response = JsonResponse({"error": " ".join(lines), "request_id": _number(request)}, status=status)
    elif request.path.startswith("/fhir/"):
        response = JsonResponse(outcome(status, " ".join(lines)), status=status)
        response["Content-Type"] = "application/fhir+json; charset=utf-8"
    else:
        try:
            response = Page(
                request,
                "ui/error.jinja",
                title=title,
                lines=lines,
                request_id=_number(request),
                is_bare=status >= 500,
            ).response(status)
        except Exception as error:
            # The layout itself may be what is broken, for example when the database went away under its menu.
            logger.error("failed.error_page", exc_info=error, extra={"request_id": _number(request)})
            response = HttpResponse(
                f"{title}\n\n{' '.join(lines)}\n{_number(request)}\n", status=status, content_type="text/plain"
            )
    if status >= 500:
        response["Cache-Control"] = "no-store"
    if status == 503:
        response["Retry-After"] = "60"
    return response


def _said(status: int) -> tuple[str, list[str]]:
    known = {
        400: (_("This address cannot be read"), [_("Check the address, or go back and try again.")]),
        403: (
            _("You cannot see this page"),
            [_("Your role does not include it. If it should, ask your administrator.")],
        ),
        404: (
            _("Page not found"),
            [
                _("If you typed the address, check it is correct. If you pasted it, check you copied all of it."),
                _("It may not exist on the date you are looking at: try today, or search."),
            ],
        ),
        405: (_("This page is not opened like this"), [_("Go back, and use the button or the link on the page.")]),
        409: (_("This was changed meanwhile"), [_("Go back, look at the present state and try again.")]),
        422: (_("This cannot be done"), [_("Correct what was given and try again.")]),
        503: (
            _("The service is unavailable"),
            [_("The database does not answer at the moment. Nothing you had saved is lost. Try again in a minute.")],
        ),
    }
    failed_text = (
        _("Sorry, something went wrong"),
        [_("What you did may not have been saved. Try again in a minute, and tell us if it happens again.")],
    )
    return known.get(status, failed_text if status >= 500 else known[400])


def _number(request: HttpRequest) -> str:
    return getattr(request, "request_id", "")
