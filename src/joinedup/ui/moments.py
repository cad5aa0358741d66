"""The moment at which the whole site is looked at: a day, and optionally what was known by then.

The address always shows it (`?as_of=2022-07-01&known_at=2022-06-01`), so that a page can be shared and says the same to
everyone. The session remembers it, so that following a link does not lose it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.http import escape_leading_slashes

from joinedup.errors import RuleError
from joinedup.moment import Moment, end_of_day, now, parse_day, parse_known
from joinedup.ui.dates import WrittenDate, read_date

# Programs name their moment in each question; sign-in and files are the same at every moment.
NEVER_REDIRECTED = ("/api/", "/static/", "/access/", "/language/")
REMEMBERED = "moment"
TODAY = "today"


class MomentOfTheSite:
    """Sets `request.moment`, `request.known_on` (None when all that is known counts) and `request.is_now`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        present = now()
        _set(request, present, None, is_now=True)
        if request.path.startswith(("/api/", "/static/")):
            return self.get_response(request)
        if any(key.startswith(("as_of_", "known_at_")) for key in request.GET):
            return _answer_form(request, present)
        if request.GET.get("as_of") == TODAY:
            request.session.pop(REMEMBERED, None)
            return _to(request, {})
        try:
            asked = _asked(request, present)
        except RuleError as error:
            return _bad_date(request, {"as_of": WrittenDate(problem=str(error), wrong=("day",))})
        if asked:
            day, known = asked
            is_now = day == present.valid_on and known is None
            _set(request, Moment(day, known or present.known_at), known, is_now=is_now)
            if is_now:
                request.session.pop(REMEMBERED, None)
            else:
                remembered = {"as_of": day.isoformat(), "known_at": request.GET.get("known_at", "")}
                if request.session.get(REMEMBERED) != remembered:
                    request.session[REMEMBERED] = remembered
            return self.get_response(request)
        remembered = request.session.get(REMEMBERED)
        if remembered:
            if request.method in {"GET", "HEAD"} and not request.path.startswith(NEVER_REDIRECTED):
                return _to(request, remembered)
            known = parse_known(remembered["known_at"]) if remembered["known_at"] else None
            _set(request, Moment(parse_day(remembered["as_of"]), known or present.known_at), known, is_now=False)
        return self.get_response(request)


def _set(request: HttpRequest, moment: Moment, known: datetime | None, *, is_now: bool) -> None:
    request.moment = moment  # type: ignore[attr-defined]
    request.known_on = known  # type: ignore[attr-defined]
    request.is_now = is_now  # type: ignore[attr-defined]


def _asked(request: HttpRequest, present: Moment) -> tuple[date, datetime | None] | None:
    """Answer the day and the known time that the address names, or None when it names neither."""
    day_text, known_text = request.GET.get("as_of", ""), request.GET.get("known_at", "")
    if not day_text and not known_text:
        return None
    day = parse_day(day_text) if day_text else present.valid_on
    known = parse_known(known_text) if known_text else None
    if known and known > end_of_day(present.valid_on):
        raise RuleError("As known on must be today or in the past: nobody knows yet what will be known later.")
    # By the end of today is all that is known: there is nothing to hold back.
    return day, known if known and known < present.known_at else None


def _answer_form(request: HttpRequest, present: Moment) -> HttpResponseBase:
    """Answer the date form: a redirect to the address that shows the moment, or the form again with what is wrong."""
    day = read_date(request.GET, "as_of", "The day")
    known = read_date(request.GET, "known_at", "As known on")
    if known.value and known.value > present.valid_on:
        known = WrittenDate(
            known.day, known.month, known.year, problem="As known on must be today or in the past", wrong=("year",)
        )
    if day.problem or known.problem:
        return _bad_date(request, {"as_of": day, "known_at": known})
    is_today = day.value in {None, present.valid_on} and known.value in {None, present.valid_on}
    if is_today:
        request.session.pop(REMEMBERED, None)
        return _to(request, {})
    shown_day = day.value or present.valid_on
    return _to(request, {"as_of": shown_day.isoformat(), "known_at": known.value.isoformat() if known.value else ""})


def _to(request: HttpRequest, moment: dict[str, str]) -> HttpResponse:
    kept = [
        (key, value)
        for key, values in request.GET.lists()
        for value in values
        if not key.startswith(("as_of", "known_at"))
    ]
    query = urlencode([*kept, *((key, value) for key, value in moment.items() if value)])
    # An address that begins with two slashes would name another host.
    path = escape_leading_slashes(request.path)
    response = HttpResponseRedirect(f"{path}?{query}" if query else path)
    response["Cache-Control"] = "no-store"
    return response


def _bad_date(request: HttpRequest, typed: dict[str, WrittenDate]) -> HttpResponseBase:
    from joinedup.ui.pages import Page

    request.typed_dates = {"as_of": WrittenDate(), "known_at": WrittenDate()} | typed  # type: ignore[attr-defined]
    return Page(request, "ui/bad_date.jinja", title="There is a problem with the date").response(status=400)
