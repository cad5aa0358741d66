"""Signing off: what stands in the way of each two plans, waivers by name, and who has signed which fingerprint."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from joinedup.access import grant_for, requires
from joinedup.errors import JoinedupError, NotFound, Refused
from joinedup.moment import now
from joinedup.planning import services, words
from joinedup.planning.models import CheckWaiver, Comparison
from joinedup.planning.plans import kept_plans, signing
from joinedup.planning.plans.documents import Owed
from joinedup.planning.plans.return_deadlines import standing_of
from joinedup.planning.plans.sign_off import LEAST_REASON, SYSTEM
from joinedup.planning.triangulation.standing import checks_of, share_warnings_of, standing_gaps
from joinedup.planning.views import parts
from joinedup.planning.views.disagreements import warned
from joinedup.ui import Column, Crumb, Page, Table, day

READ = "planning.read"


@requires(READ)
@require_safe
def pairs(request: Any) -> HttpResponseBase:
    """The pairs of plans of a year, with what stands in the way of each and who has signed."""
    year = parts.year_asked(request)
    comparisons = kept_plans.latest_comparisons(year)
    names = parts.names_of(
        owner for one in comparisons for owner in (one.commissioner_version.plan.owner, one.provider_version.plan.owner)
    )
    today = now().valid_on
    rows = []
    for one in comparisons:
        gaps = [gap for gap in standing_gaps([one], parts.parameters(), today) if not gap.is_settled]
        waived = {row.check_name for row in _waivers(one)}
        failed = [check for check in checks_of(one, parts.parameters())
                  if not check.passed and check.check not in waived]  # fmt: skip
        ours, theirs = one.commissioner_version.plan.owner, one.provider_version.plan.owner
        signed = {row.role if row.role == SYSTEM else row.body for row in one.signatures.all()}
        rows.append(
            {
                "pair": f"{names[ours]}: {names[theirs]}",
                "href": parts.href("sign-off", one.pk),
                "gaps": len(gaps),
                "checks": len(failed),
                "ours": _("Signed") if ours in signed else _("Not yet"),
                "theirs": _("Signed") if theirs in signed else _("Not yet"),
                "system": _("Signed") if SYSTEM in signed else _("Not yet"),
            }
        )
    return Page(
        request,
        "planning/pairs.jinja",
        title=_("Sign plans off for %(year)s") % {"year": year},
        breadcrumbs=parts.crumbs(),
        year=year,
        years=parts.years_to_choose(year),
        pairs=Table(
            [
                Column("pair", _("Plans"), "link", href_key="href"),
                Column("gaps", _("Gaps not settled"), "number"),
                Column("checks", _("Checks not passed"), "number"),
                Column("ours", _("Commissioner")),
                Column("theirs", _("Provider")),
                Column("system", _("System")),
            ],
            rows,
            caption=_("Plans that were compared"),
            name="pairs",
            empty=_("No plans of %(year)s were compared yet. Compare them where plans disagree.") % {"year": year},
        ),
    ).response()


@requires(READ)
@require_safe
def sign_off(request: Any, number: int) -> HttpResponseBase:
    """One pair of plans: what blocks signing, the checks, the waivers, the fingerprint and its signatures."""
    return _shown(request, kept_plans.comparison_of(number), [])


@requires(services.SIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def waive(request: Any, number: int) -> HttpResponseBase:
    """Let a check that is not passed stand, by name and with a reason that all partners read."""
    comparison = kept_plans.comparison_of(number)
    waived = {row.check_name for row in _waivers(comparison)}
    failed = {one.check: one for one in checks_of(comparison, parts.parameters())
              if not one.passed and one.check not in waived}  # fmt: skip
    check, reason = (str(request.POST.get(name, "")).strip() for name in ("check", "reason"))
    errors = []
    if request.method == "POST":
        if check not in failed:
            errors.append(parts.error(_("Choose the check that you waive"), "check"))
        if len(reason) < LEAST_REASON:
            errors.append(parts.error(_("Say why it may stand, in at least 10 characters"), "reason"))
        if not errors:
            signing.waive(request.grant, comparison.provider_version.pk, check, reason)
            parts.say(request, _("It is waived in your name. All partners read the reason."))
            return HttpResponseRedirect(parts.href("sign-off", number))
    if not failed and not errors:
        raise NotFound(_("No check is left to be waived."))
    return Page(
        request,
        "planning/waive.jinja",
        title=_("Waive a check"),
        breadcrumbs=parts.crumbs(*_crumbs(comparison)),
        checks=[
            {"value": key, "text": words.check_name(key), "hint": {"text": check_said(one)}}
            for key, one in failed.items()
        ],
        check=check,
        reason=reason,
        errors=errors,
        back=parts.href("sign-off", number),
    ).response(422 if errors else 200)


@requires(services.SIGN)
@require_POST
def sign(request: Any, number: int) -> HttpResponseBase:
    """Sign for a body, or last for the system; what stands in the way is said on the page."""
    comparison = kept_plans.comparison_of(number)
    body, shown = str(request.POST.get("body", "")), str(request.POST.get("fingerprint", ""))
    as_system = request.POST.get("as") == SYSTEM
    errors = []
    if shown != signing.reconciliation(comparison, parameters=parts.parameters()).hash:
        errors.append(parts.error(_("Something changed since you opened the page. Read it again, then sign"), "sign"))
    if not errors:
        try:
            signing.sign(request.grant, number, body=body, as_system=as_system, parameters=parts.parameters())
        except Refused:
            raise
        except JoinedupError as error:
            errors.append(parts.error(str(error).replace("\n- ", " ").replace("\n", " "), "sign"))
        else:
            parts.say(request, _("It is signed."))
            return HttpResponseRedirect(parts.href("sign-off", number))
    return _shown(request, comparison, errors)


def _shown(request: Any, comparison: Comparison, errors: list[dict[str, str]]) -> HttpResponseBase:
    what = signing.reconciliation(comparison, parameters=parts.parameters())
    signatures = list(comparison.signatures.order_by("pk"))
    sides = (what.commissioner, what.provider)
    names = parts.names_of([*sides, *(one.body for one in signatures)])
    checks = checks_of(comparison, parts.parameters())
    waivers = {one.check_name: one for one in _waivers(comparison)}
    today = now().valid_on
    gaps = [one for one in standing_gaps([comparison], parts.parameters(), today) if not one.is_settled]
    may_sign = parts.may(request, services.SIGN)
    signed = {one.body for one in signatures if one.role != SYSTEM}
    mine = parts.bodies_of(grant_for(request, services.SIGN), sides) if may_sign else []
    can_sign = [{"code": one, "name": names[one]} for one in mine if one not in signed]
    is_last = set(sides) <= signed and not any(one.role == SYSTEM for one in signatures)
    return Page(
        request,
        "planning/sign_off.jinja",
        title=_("Sign off: %(ours)s and %(theirs)s") % {"ours": names[sides[0]], "theirs": names[sides[1]]},
        breadcrumbs=parts.crumbs(*_crumbs(comparison)[:1]),
        number=comparison.pk,
        year=comparison.provider_version.plan.year,
        fingerprint=what.hash,
        versions=[
            {
                "name": names[one.plan.owner],
                "number": one.number,
                "href": parts.href("version", one.pk),
                "tag": words.tag(words.VERSION_STATES, kept_plans.state_of(one)),
                "hash": one.content_hash,
                "is_late": standing_of(one.plan.year, kept_plans.first_sent(one.plan), today) == "late",
            }
            for one in (comparison.commissioner_version, comparison.provider_version)
        ],
        is_free=not what.blocks,
        owed=[_owed(one, comparison) for one in signing.owed_by(comparison)],
        warnings=[warned(one, names) for one in share_warnings_of(comparison, parts.parameters())],
        gaps=Table(
            [
                Column("what", _("What"), "link", href_key="href"),
                Column("state", _("State")),
                Column("pence", _("Worth (£)"), "pence"),
                Column("owner", _("Who must resolve it")),
                Column("due", _("By"), "date"),
            ],
            [
                {
                    "what": words.subject_of(one.gap.disagreement.pair),
                    "href": parts.href("disagreement", one.number),
                    "state": words.tag(words.GAP_STATES, one.gap.state)["text"],
                    "pence": one.pence,
                    "owner": names.get(one.gap.owner, one.gap.owner),
                    "due": one.gap.due,
                }
                for one in gaps
            ],
            caption=_("Gaps that are not settled"),
            name="gaps",
            per_page=10,
            empty=_("Every gap is settled."),
        ),
        checks=Table(
            [
                Column("what", _("Check")),
                Column("state", _("Result")),
                Column("says", _("Figures")),
                Column("reason", _("Waived because")),
            ],
            [
                {
                    "what": words.check_name(one.check),
                    "state": _("Waived") if one.check in waivers else _(RESULTS[one.status]),
                    "says": check_said(one),
                    "reason": waivers[one.check].reason if one.check in waivers else "",
                }
                for one in checks
            ],
            caption=_("Whether the provider's plan agrees with itself"),
            name="checks",
            per_page=0,
            can_filter=False,
            can_sort=False,
        ),
        may_waive=may_sign and any(not one.passed and one.check not in waivers for one in checks),
        signatures=Table(
            [
                Column("body", _("For")),
                Column("role", _("In the role")),
                Column("at", _("When"), "date"),
                Column("fingerprint", _("Fingerprint signed")),
            ],
            [
                {
                    "body": names[one.body],
                    "role": _("The system") if one.role == SYSTEM else one.role.replace("_", " ").capitalize(),
                    "at": one.at,
                    "fingerprint": one.reconciliation[:16],
                }
                for one in signatures
            ],
            caption=_("Signatures"),
            name="signatures",
            per_page=0,
            can_filter=False,
            can_sort=False,
            empty=_("Nobody has signed yet. Commissioner and provider sign, the system last."),
        ),
        can_sign=can_sign if not what.blocks else [],
        system_body=sides[0] if is_last and sides[0] in mine and not what.blocks else "",
        errors=errors,
        notice=parts.said(request),
    ).response(422 if errors else 200)


def _owed(one: Owed, comparison: Comparison) -> dict[str, Any]:
    """What a document of the system lacks, in words, with the way there."""
    plan = comparison.commissioner_version.plan
    said = [_("the section “%(title)s” is empty") % {"title": title} for title in one.empty]
    said += [_("the %(stage)s was due on %(day)s, and nothing is sent") % {"stage": due.stage, "day": day(due.due)}
             for due in one.missed]  # fmt: skip
    said += [_("the %(stage)s was sent late, after %(day)s; that stands in nobody's way")
             % {"stage": due.stage, "day": day(due.due)} for due in one.late]  # fmt: skip
    return {"title": one.title, "href": parts.href("document", one.kind, system=plan.owner), "says": said}


RESULTS = {
    "passes": "Passes",
    "fails": "Fails",
    "cannot be made": "Cannot be made",
    "not applicable": "Does not apply",
}


def check_said(one: Any) -> str:
    """Answer the figures of a check in words, money in pounds; what is missing where it could not be made."""
    if one.expected is None or one.actual is None:
        return parts.sentence(one.says)
    if one.unit == "growth":
        return _("%(actual)s%%, expected at least %(expected)s%%") % {
            "actual": f"{one.actual * 100:.1f}", "expected": f"{one.expected * 100:.1f}",
        }  # fmt: skip
    return _("planned %(actual)s, expected %(expected)s, may differ by %(tolerance)s") % {
        "actual": words.figure(one.actual, one.unit),
        "expected": words.figure(one.expected, one.unit),
        "tolerance": words.figure(one.tolerance, one.unit),
    }


def _waivers(comparison: Comparison) -> list[CheckWaiver]:
    versions = (comparison.commissioner_version, comparison.provider_version)
    return list(CheckWaiver.objects.filter(version__in=versions))


def _crumbs(comparison: Comparison) -> list[Crumb]:
    year = comparison.provider_version.plan.year
    return [
        Crumb(_("Sign plans off"), parts.href("pairs", year=year)),
        Crumb(_("One pair of plans"), parts.href("sign-off", comparison.pk)),
    ]
