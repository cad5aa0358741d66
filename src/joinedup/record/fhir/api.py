"""The FHIR R4 interface, under /fhir: read, vread, history, search, $everything, metadata.

Every answer about a resident is decided as on the pages: role, purpose and legitimate relationship; otherwise the
resident is as if unknown, in the same words. Programs bring a bearer token, never a cookie (rules: trust T57).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import http_date
from django.views.decorators.csrf import csrf_exempt

from joinedup.access import Grant, grant_for_resident, grants_for_residents, record, requires_token
from joinedup.errors import JoinedupError, NotFound
from joinedup.feeds import resource_id
from joinedup.identity import find_candidates, resident_of, subjects_of
from joinedup.record import sources, store
from joinedup.record.extract import span
from joinedup.record.fhir.capability import statement
from joinedup.record.fhir.outcome import BadRequest, NotServed, outcome
from joinedup.record.fhir.searching import PARAMETERS, parse
from joinedup.record.fhir.serving import references, served
from joinedup.record.store import Stored

PERMISSION = "record.full"
CONTENT_TYPE = "application/fhir+json; charset=utf-8"
DEFAULT_COUNT, MOST = 20, 1000
MOST_LOOKED_AT = 200  # residents who may be meant: most of them may be hidden from the caller
NEXT_LASTS_SECONDS = 15 * 60
NOT_HERE = "There is no such resource, or none that you may see."
# What is about no resident, and is added once to $everything when something refers to it.
DIRECTORY = ("Organization", "Practitioner", "PractitionerRole", "Location", "Medication")
_IN_ERROR = ("status=entered-in-error", "|entered-in-error")
_HANDLED = frozenset({"_count", "_summary", "_total", "_format", "_page"})

View = Callable[..., HttpResponseBase]


def fhir(view: View) -> View:
    """Make a view answer FHIR JSON only, and its errors as OperationOutcome."""

    @csrf_exempt  # Nothing here looks at a cookie.
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            if request.method not in {"GET", "HEAD"} and not request.path.endswith("/_search"):
                return answer(outcome(405, "Only reading is served here so far."), 405, Allow="GET, HEAD")
            _must_be_json(request)
            return view(request, *args, **kwargs)
        except JoinedupError as error:
            status = error.status
            said = NOT_HERE if isinstance(error, NotFound) else str(error)
            response = answer(outcome(status, said), status)
            if status == 401:
                response["WWW-Authenticate"] = 'Bearer realm="joinedup"'
            return response

    guarded.permission = getattr(view, "permission", "")  # type: ignore[attr-defined]
    return guarded


@fhir
def metadata(request: HttpRequest) -> HttpResponseBase:
    return answer(statement(settings.PUBLIC_URL + "/fhir"))


metadata.permission = "system.read"  # type: ignore[attr-defined]


@fhir
@requires_token(PERMISSION)
def read(request: HttpRequest, type_: str, id_: str) -> HttpResponseBase:
    stored = _one(request, type_, id_, "fhir.read", lambda grant, key: store.one(grant, type_, key))
    tag = f'W/"{stored.version}"'
    if request.headers.get("If-None-Match") in {tag, tag.removeprefix("W/")}:
        return HttpResponse(status=304, headers={"ETag": tag})
    return answer(_bytes(stored), ETag=tag, **{"Last-Modified": http_date(stored.stored_at.timestamp())})


@fhir
@requires_token(PERMISSION)
def vread(request: HttpRequest, type_: str, id_: str, version: str) -> HttpResponseBase:
    def of(grant: Grant, key: UUID) -> Stored:
        for stored in store.history(grant, type_, key):
            if str(stored.version) == version:
                return stored
        raise NotFound(NOT_HERE)

    stored = _one(request, type_, id_, "fhir.vread", of)
    when = http_date(stored.stored_at.timestamp())
    return answer(_bytes(stored), ETag=f'W/"{stored.version}"', **{"Last-Modified": when})


@fhir
@requires_token(PERMISSION)
def history(request: HttpRequest, type_: str, id_: str) -> HttpResponseBase:
    """Answer all versions, the newest arrival first."""
    versions: list[Stored] = []

    def of(grant: Grant, key: UUID) -> Stored:
        versions.extend(store.history(grant, type_, key))
        return versions[0]

    _one(request, type_, id_, "fhir.history", of)

    def told(row: Stored) -> bytes:
        is_first = row.version == 1
        said = {
            "request": {"method": "POST" if is_first else "PUT", "url": f"{type_}/{row.id}"},
            "response": {"status": "201" if is_first else "200", "etag": f'W/"{row.version}"'},
        }
        return orjson.dumps(said)[1:-1]

    entries = _entries(versions, told)
    return _bundle("history", entries, total=len(versions), links={"self": request.build_absolute_uri()})


@fhir
@requires_token(PERMISSION)
def search(request: HttpRequest, type_: str) -> HttpResponseBase:
    """Search one type: residents by who they are, everything else within one resident named by `patient`."""
    asked = list(_asked(request))
    if type_ == "Patient":
        return _search_patients(request, asked)
    if type_ not in PARAMETERS:
        raise BadRequest(f"{type_} cannot be searched here; it can be read by its id.")
    patients = [value for name, value in asked if name in {"patient", "patient:Patient", "subject"}]
    if len(patients) != 1:
        raise BadRequest(f"{type_}: say whose with one `patient=`: nothing is searched over all residents here.")
    wanted = parse(type_, [(n, v) for n, v in asked if n not in {"patient", "patient:Patient", "subject"} | _HANDLED])
    resident, page = _resident(patients[0]), _page(request, asked)
    if resident is None:
        return _bundle("searchset", (), total=0, links={"self": _self(request, asked)})
    try:  # Before the transaction begins: a denial is recorded in one of its own.
        grant = grant_for_resident(request, PERMISSION, resident[1])
    except NotFound:  # Somebody who may not be seen has, as somebody who does not exist, nothing.
        return _bundle("searchset", (), total=0, links={"self": _self(request, asked)})
    with transaction.atomic():
        found = wanted.matching(_visible(store.everything(grant, resident[1], [type_], known_at=page.known_at)))
        _record(grant, "fhir.search", resident[0], {"type": type_, "parameters": sorted({n for n, _ in asked})})
    return _paged(request, asked, found, page)


@fhir
@requires_token(PERMISSION)
def everything(request: HttpRequest, id_: str) -> HttpResponseBase:
    """Answer all that is held of a resident, from every source, with the organisations and people it names, once."""
    asked = list(_asked(request))
    for name, _ in asked:
        if name not in _HANDLED | {"start", "end", "_since", "_type"}:
            raise BadRequest(f"{name}: $everything knows start, end, _since, _type and _count.")
    given = dict(asked)
    types = given["_type"].split(",") if given.get("_type") else None
    page = _page(request, asked)
    resident = _resident(id_)
    if resident is None:
        raise NotFound(NOT_HERE)
    grant = grant_for_resident(request, PERMISSION, resident[1])
    with transaction.atomic():
        rows = _visible(store.everything(grant, resident[1], types, known_at=page.known_at))
        rows = _between(rows, given)
        rows.sort(key=lambda row: (row.type != "Patient", row.type, row.id.int))
        if types is None or set(types) & set(DIRECTORY):
            rows += _directory(grant, rows, types)
        _record(grant, "fhir.everything", resident[0], {"resources": len(rows)})
    return _paged(request, asked, rows, page)


def _directory(grant: Grant, rows: Sequence[Stored], types: Sequence[str] | None) -> list[Stored]:
    """Answer what about no resident these resources refer to, also through each other (a role names its body)."""
    found: dict[UUID, Stored] = {}
    new: Iterable[Stored] = rows
    wanted = DIRECTORY if types is None else tuple(set(types) & set(DIRECTORY))
    for _ in range(3):
        named = {
            (row.source, type_, source_id) for row in new for type_, source_id in references(row) if type_ in DIRECTORY
        }
        ids = {resource_id(*one): one[0] for one in named}
        new = store.directory(grant, {key: source for key, source in ids.items() if key not in found})
        found |= {row.id: row for row in new}
        if not new:
            break
    return sorted((row for row in found.values() if row.type in wanted), key=lambda row: (row.type, row.id.int))


def _search_patients(request: HttpRequest, asked: Sequence[tuple[str, str]]) -> HttpResponseBase:
    """Find residents by NHS number or name and birth date; only those whom the caller may see are answered."""
    known = {"identifier", "family", "given", "name", "birthdate", "address-postalcode", "_id"}
    for name, _ in asked:
        if name not in known | _HANDLED:
            raise BadRequest(f"{name}: Patient knows here {', '.join(sorted(known))}.")
    given = dict(asked)
    page = _page(request, asked)
    if "_id" in given:
        one = _resident(given["_id"])
        candidates = dict([one]) if one else {}
    else:
        system, _, number = given.get("identifier", "").rpartition("|")
        if system not in {"", "https://fhir.nhs.uk/Id/nhs-number"}:
            raise BadRequest("identifier: expected https://fhir.nhs.uk/Id/nhs-number|9990000018.")
        born = span(given["birthdate"])[0] if "birthdate" in given else None
        if "birthdate" in given and (born is None or len(given["birthdate"]) != 10):
            raise BadRequest("birthdate: expected a day such as 1956-03-14.")
        if not number and not (born and (given.get("family") or given.get("name"))):
            raise BadRequest("Patient: expected an NHS number, or a name with a birthdate.")
        found = find_candidates(
            nhs_number=number or None,
            family=given.get("family") or given.get("name"),
            given=given.get("given"),
            birth_date=datetime.fromisoformat(given["birthdate"]).date() if born else None,
            postcode=given.get("address-postalcode"),
            limit=MOST_LOOKED_AT,
        )
        candidates = {one.resident_id: tuple(one.subject_ids) for one in found}
    grants = grants_for_residents(request, PERMISSION, candidates)
    with transaction.atomic():
        rows: list[Stored] = []
        for resident, grant in grants.items():
            rows += store.everything(grant, candidates[resident], ["Patient"], known_at=page.known_at)
            _record(grant, "fhir.search", resident, {"type": "Patient", "parameters": sorted(given)})
        if "_id" in given:
            rows = [row for row in rows if str(row.id) == given["_id"]]
    return _paged(request, asked, rows, page)


class _Page:
    """Which part of an answer is wanted: from where, how many, by what was known when the first part was answered."""

    def __init__(self, start: int, count: int, known_at: datetime, wants_count_only: bool) -> None:
        self.start, self.count, self.known_at, self.wants_count_only = start, count, known_at, wants_count_only


def _page(request: HttpRequest, asked: Sequence[tuple[str, str]]) -> _Page:
    given = dict(asked)
    count = given.get("_count", str(DEFAULT_COUNT if not request.path.endswith("$everything") else MOST))
    if not (count.isascii() and count.isdigit() and len(count) < 6):
        raise BadRequest(f"_count: expected a whole number from 0 to {MOST}.")
    summary = given.get("_summary", "false")
    if summary not in {"false", "count"}:
        raise BadRequest("_summary: only count is served.")
    start, known_at = 0, datetime.now(UTC)
    if "_page" in given:
        try:
            said = signing.loads(given["_page"], salt=_salt(request, asked), max_age=NEXT_LASTS_SECONDS)
        except signing.BadSignature:
            raise BadRequest(
                "_page: this link is over 15 minutes old, or not one for this search. Search again."
            ) from None
        start, known_at = said["start"], datetime.fromisoformat(said["known_at"])
    return _Page(start, min(int(count), MOST), known_at, summary == "count" or int(count) == 0)


def _salt(request: HttpRequest, asked: Sequence[tuple[str, str]]) -> str:
    """Answer what a next link is bound to: who asks, and for what."""
    what = sorted((name, value) for name, value in asked if name != "_page")
    return f"fhir {request.access_actor.id} {request.path} {what}"  # type: ignore[attr-defined]


def _paged(
    request: HttpRequest, asked: Sequence[tuple[str, str]], rows: Sequence[Stored], page: _Page
) -> HttpResponseBase:
    links = {"self": _self(request, asked)}
    if page.wants_count_only:
        return _bundle("searchset", (), total=len(rows), links=links)
    shown = rows[page.start : page.start + page.count]
    if page.start + page.count < len(rows):
        said = {"start": page.start + page.count, "known_at": page.known_at.isoformat()}
        token = signing.dumps(said, salt=_salt(request, asked))
        links["next"] = _self(request, [*((n, v) for n, v in asked if n != "_page"), ("_page", token)])
    entries = _entries(shown, lambda row: b'"search":{"mode":"match"}')
    return _bundle("searchset", entries, total=len(rows), links=links)


def _self(request: HttpRequest, asked: Iterable[tuple[str, str]]) -> str:
    from urllib.parse import urlencode

    query = urlencode(list(asked))
    return f"{settings.PUBLIC_URL}{request.path}{'?' + query if query else ''}"


def _asked(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """Answer the parameters in the address or, of a POST to _search, in the form (so that no identifier need stand
    in an address)."""
    for given in (request.GET, request.POST if request.method == "POST" else {}):
        for name, values in given.lists() if hasattr(given, "lists") else ():
            for value in values:
                if value:
                    yield name, value


def _one(request: HttpRequest, type_: str, id_: str, action: str, of: Callable[[Grant, UUID], Stored]) -> Stored:
    """Decide, read and audit one resource; NotFound alike for what does not exist and what may not be seen."""
    key = _uuid(id_)
    subject = store.subject_of(type_, key) if key else None
    if key is None or subject is None:
        raise NotFound(NOT_HERE)
    if type_ in DIRECTORY:
        with transaction.atomic():
            grant = request.grant  # type: ignore[attr-defined]
            listed = store.directory(grant, {key: ""})
            if not listed:
                raise NotFound(NOT_HERE)
            # It is about no resident: the leave is for the shelf of its source.
            stored = of(replace(grant, subject_ids=frozenset({listed[0].subject_id})), key)
            record(grant, action, f"{type_}:{key}")
            return stored
    resident = resident_of(subject)
    grant = grant_for_resident(request, PERMISSION, subjects_of(resident))
    with transaction.atomic():
        found = of(grant, key)
        _record(grant, action, resident, {"type": type_, "id": str(key), "version": found.version})
    return found


def _resident(text: str) -> tuple[UUID, tuple[UUID, ...]] | None:
    """Answer the resident whose Patient this is, and all their subjects; None where it cannot be one.

    Who has no record here has no relationship either, and is denied in the same words.
    """
    key = _uuid(text.rpartition("/")[2])
    if key is None:
        return None
    resident = resident_of(key)
    return resident, subjects_of(resident)


def _uuid(text: str) -> UUID | None:
    try:
        return uuid.UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def _visible(rows: Iterable[Stored]) -> list[Stored]:
    """Leave out what was entered in error; its history still has it."""
    return [row for row in rows if not any(one.endswith(_IN_ERROR) for one in row.tokens)]


def _between(rows: Iterable[Stored], given: Mapping[str, str]) -> list[Stored]:
    """Leave out what lies outside start, end and _since; what has no date of its own is always in."""
    asked: dict[str, tuple[datetime, datetime]] = {}
    for name in ("start", "end", "_since"):
        if text := given.get(name):
            low, high = span(text.replace(" ", "+"))
            if low is None or high is None:
                raise BadRequest(f"{name}: expected a date such as 2026-03-14.")
            asked[name] = low, high
    if not asked:
        return list(rows)
    start, end, since = (asked.get(name) for name in ("start", "end", "_since"))
    return [
        row
        for row in rows
        if (since is None or row.stored_at >= since[0])
        and (start is None or row.ends is None or row.ends > start[0])
        and (end is None or row.starts is None or row.starts < end[1])
    ]


def _record(grant: Grant, action: str, resident: UUID, details: Mapping[str, Any]) -> None:
    """Write into the audit whose record was disclosed."""
    record(grant, action, f"resident:{resident}", details=details)


def _must_be_json(request: HttpRequest) -> None:
    wanted = request.GET.get("_format") or request.headers.get("Accept", "")
    if wanted and not any(one in wanted for one in ("json", "*/*", "text/html")):
        raise NotServed("Only application/fhir+json is served.")


def _bytes(stored: Stored) -> bytes:
    return served(stored, is_simulated=sources.is_simulated(stored.source))


def _entries(rows: Iterable[Stored], members: Callable[[Stored], bytes]) -> Iterator[bytes]:
    base = f"{settings.PUBLIC_URL}/fhir/"
    made_up: dict[str, bool] = {}
    for row in rows:
        if row.source not in made_up:
            made_up[row.source] = sources.is_simulated(row.source)
        url = f"{base}{row.type}/{row.id}".encode()
        body = served(row, is_simulated=made_up[row.source])
        yield b'{"fullUrl":"%b","resource":%b,%b}' % (url, body, members(row))


def _bundle(kind: str, entries: Iterable[bytes], *, total: int, links: Mapping[str, str]) -> HttpResponse:
    start = orjson.dumps({
        "resourceType": "Bundle",
        "id": str(uuid.uuid4()),
        "type": kind,
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
        "total": total,
        "link": [{"relation": relation, "url": url} for relation, url in links.items()],
    })  # fmt: skip
    body = b",".join(entries)
    return answer(start[:-1] + (b',"entry":[' + body + b"]" if body else b"") + b"}")


def answer(content: bytes | Mapping[str, Any], status: int = 200, **headers: str) -> HttpResponse:
    """Answer FHIR JSON; it is personal, so nothing on the way keeps it."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return HttpResponse(
        body, status=status, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store", **headers}
    )
