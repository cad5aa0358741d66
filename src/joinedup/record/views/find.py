"""Finding a resident: first why, then who. Nothing that names a person stands in an address (rules: trust T54)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from joinedup.access import (
    NotNeeded,
    break_glass,
    choose_purpose,
    disclose,
    grants_for_residents,
    purposes_for,
    record,
    relationship_in_words,
    requires,
)
from joinedup.access.breaking_glass import LEAST_TEXT, REASONS, must_give_reason
from joinedup.errors import NotFound, RuleError
from joinedup.identity import Candidate, find_candidates
from joinedup.record.forms import BreakGlassForm, FindForm, errors_of
from joinedup.record.residents import OpenRecord, statements_of
from joinedup.record.sources import is_loaded
from joinedup.record.summary import Identity, address_of, identity_of
from joinedup.record.views.parts import keeps_no_copy, say
from joinedup.ui import Crumb, Page

MOST_SHOWN = 20
# All that was asked for agrees in every letter: only then may a glass be broken (rules: record R81, "one person").
EXACT = 0.99995


@dataclass(frozen=True, slots=True)
class Found:
    """A resident who may be meant and whose record the reader may open."""

    resident_id: UUID
    who: Identity
    address: str
    relationship: str


@requires("record.find")
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_no_copy
@sensitive_post_parameters("nhs_number", "family", "given", "postcode", "born_day", "born_month", "born_year")
def find(request: Any) -> HttpResponseBase:
    form = FindForm(request.POST if request.method == "POST" else None)
    found: list[Found] | None = None
    if form.is_bound and form.is_valid():
        found = search(request, form)
    return _page(request, form, found).response(400 if form.errors else 200)


@requires("record.find")
@require_POST
def purpose(request: Any) -> HttpResponseBase:
    """Keep why this reader opens records, until the session ends."""
    choose_purpose(request, request.POST.get("purpose", ""))
    return HttpResponseRedirect(reverse("record:find"))


@requires("record.break_glass")
@require_POST
@keeps_no_copy
@sensitive_post_parameters()
def broken_glass(request: Any) -> HttpResponseBase:
    """Open one record without a relationship: the person is named exactly, the reason is given, others are told."""
    form, why = FindForm(request.POST), BreakGlassForm(request.POST)
    valid = form.is_valid() & why.is_valid()
    if not valid:
        return _page(request, form, [], why=why, wants_glass=True).response(400)
    try:
        # First the reason: asked only of those who exist, it would tell without an alert who does.
        must_give_reason(why.cleaned_data["reason_code"], why.cleaned_data["reason"])
        candidate = exactly(form)
        if candidate is None:
            raise NotFound(_("No record agrees exactly with all of these details. Check each of them."))
        subjects = candidate.subject_ids
        break_glass(
            request, subjects, why.cleaned_data["reason_code"], why.cleaned_data["reason"],
            resident_id=candidate.resident_id,
        )  # fmt: skip
    except NotNeeded:
        return HttpResponseRedirect(reverse("record:resident", args=[candidate.resident_id]))
    except (RuleError, NotFound) as error:
        field = "reason" if isinstance(error, RuleError) else None
        if field is None:
            record_search(request, form, 0)
        code = "nhs_number" if field is None else "reason_code" if str(error).startswith("Select") else "reason"
        return _page(
            request, form, [], why=why, wants_glass=True, wrong={"text": str(error), "href": f"#{code}"}
        ).response(error.status)
    say(request, _("The record is open to you for an hour. A privacy officer has been told, and the resident sees it."))
    return HttpResponseRedirect(reverse("record:resident", args=[candidate.resident_id]))


def search(request: Any, form: FindForm) -> list[Found]:
    """Answer whom these details may mean, of those whose record the reader may open; the others are as if unknown."""
    values = form.cleaned_data
    candidates = find_candidates(
        values["nhs_number"] or None,
        values["family"] or None,
        values["given"] or None,
        values["born"],
        values["postcode"] or None,
        limit=200,
    )
    grants = grants_for_residents(request, "record.find", {one.resident_id: one.subject_ids for one in candidates})
    at = datetime.now(UTC)
    found = []
    for one in candidates:
        grant = grants.get(one.resident_id)
        if grant is None or len(found) == MOST_SHOWN:
            continue
        opened = OpenRecord(one.resident_id, one.subject_ids, grant, at)
        patients = statements_of(opened, ["Patient"])
        # An extract may hold the postcode only; the practice's whole address says more.
        told = sorted(patients, key=lambda patient: patient.sender.setting != "gp")
        address = max((address_of(patient.content) for patient in told), key=lambda said: said.count(","), default="")
        found.append(
            Found(
                one.resident_id,
                identity_of(patients, at, one.resident_id),
                address,
                relationship_in_words(grant.relationship),
            )
        )
    with transaction.atomic():
        for shown in found:
            disclose(grants[shown.resident_id], [shown.resident_id], "record.find", parts=["demographics"])
    record_search(request, form, len(found))
    return found


def record_search(request: Any, form: FindForm, shown: int) -> None:
    """Keep that somebody searched: which boxes they filled, and what they wrote as a keyed hash only (rules: R89)."""
    filled = {name: str(value) for name, value in form.cleaned_data.items() if value}
    text = "|".join(f"{name}={value.casefold()}" for name, value in sorted(filled.items()))
    sealed = hmac.digest(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hex()[:32]
    with transaction.atomic():
        details = {"boxes": sorted(filled), "sought": sealed, "shown": shown}
        record(request.grant, "record.find", "search:residents", details=details)


def exactly(form: FindForm) -> Candidate | None:
    """Answer the one resident with whom all these details agree in every letter.

    Needs an NHS number with a date of birth, or both names with date of birth and postcode. Raises RuleError for less.
    """
    values = form.cleaned_data
    by_number = values["nhs_number"] and values["born"]
    by_name = values["family"] and values["given"] and values["born"] and values["postcode"]
    if not (by_number or by_name):
        raise RuleError(
            _("Give the NHS number and date of birth, or both names, date of birth and postcode, exactly as recorded.")
        )
    candidates = find_candidates(
        values["nhs_number"] or None,
        values["family"] or None,
        values["given"] or None,
        values["born"],
        values["postcode"] or None,
        limit=2,
    )
    exact = [one for one in candidates if one.score >= EXACT]
    return exact[0] if len(exact) == 1 else None


def _page(
    request: Any,
    form: FindForm,
    found: list[Found] | None,
    *,
    why: BreakGlassForm | None = None,
    wants_glass: bool = False,
    wrong: dict[str, str] | None = None,
) -> Page:
    purposes = purposes_for(request, "record.find")
    chosen = request.session.get("purpose")
    return Page(
        request,
        "record/find.jinja",
        title=_("Find a resident"),
        breadcrumbs=[Crumb("joinedup", "/")],
        form=form,
        found=found,
        errors=errors_of(form) + ([wrong] if wrong else []),
        purposes=purposes,
        purpose=next((one for one in purposes if one.key == chosen), None),
        may_break_glass=bool(purposes_for(request, "record.break_glass")),
        reasons=REASONS,
        least=LEAST_TEXT,
        why=why,
        wants_glass=wants_glass,
        is_simulated=is_loaded(),
        opens_summary=bool(purposes_for(request, "record.summary")),
    )
