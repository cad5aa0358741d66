"""The register of interests as everybody reads it, and how far boards publish what they must (rules: I5, X2)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.assurance.scrutiny import Standing
from joinedup.governance.interests.register import ACTIONS, confirmation_coverage, conflict_loads, shown_on
from joinedup.governance.kept.conflicts import as_interest
from joinedup.governance.kept.open_record import UNDECIDED, Hashed
from joinedup.governance.kept.registers import believed, visible
from joinedup.governance.kept.scrutiny import matters_on
from joinedup.governance.meetings.chain import tier_shares
from joinedup.governance.publication.masking import public_text
from joinedup.governance.publication.register import BoardYear, ComplianceReport, compliance
from joinedup.moment import Moment, start_of_day
from joinedup.system import names_of_people


@dataclass(frozen=True)
class OpenInterests(Hashed):
    """The published register: rows of (name, kind, with whom, what, since, until), and how many are held back."""

    rows: tuple[tuple[str, str, str, str, date, date | None], ...]
    nil: tuple[str, ...]  # the names of members who declared that there is nothing
    held_back: int


def open_interests(moment: Moment, today: Moment) -> OpenInterests:
    """Answer the published register of a day (I5), withdrawn six months after an interest ended.

    The stricter of that day's rule and today's holds: what is withdrawn or redacted by now is not read by asking for
    an earlier day. Of a redacted line stand the name and the kind. Who holds a seat on the day and declared that there
    is nothing is named, too.
    """
    latest = {row.key: row for row in believed(models.Interest, today.known_at)}
    strict = {"yes": 0, "redacted": 1, "no": 2}
    found, hidden = [], 0
    rows = [
        row for row in believed(models.Interest, moment.known_at)
        if shown_on(as_interest(row), moment.valid_on) != "no" or row.publish == "no"
    ]  # fmt: skip
    holders = {row.person for row in visible(models.SeatHolding, moment)}
    name = names_of_people({row.person for row in rows} | holders, moment.valid_on, moment.known_at)
    for row in rows:
        now_says = shown_on(as_interest(latest[row.key]), today.valid_on) if row.key in latest else "no"
        shown = max(shown_on(as_interest(row), moment.valid_on), now_says, key=strict.__getitem__)
        if row.publish == "no" and row.valid.lower <= moment.valid_on and now_says == "no":
            hidden += row.valid.upper is None or row.valid.upper > moment.valid_on
        if shown == "no":
            continue
        is_whole = shown == "yes"
        found.append(
            (
                name.get(row.person, row.person), row.type, row.about_org if is_whole else "Withheld",
                public_text(row.description) if is_whole else "Withheld", row.valid.lower, row.valid.upper,
            )
        )  # fmt: skip
    confirmed: dict[str, bool] = {}
    for one in models.RegisterConfirmed.objects.filter(
        confirmed_on__lte=moment.valid_on, at__lte=moment.known_at, person__in=holders
    ).order_by("confirmed_on", "pk"):
        confirmed[one.person] = one.is_nil
    nil = sorted(name.get(person, person) for person, is_nil in confirmed.items() if is_nil)
    return OpenInterests(tuple(sorted(found, key=lambda row: (row[0], row[4], row[1]))), tuple(nil), hidden)


@dataclass(frozen=True)
class OpenMatter:
    """A matter between a board and whoever scrutinises it, as everybody reads it."""

    matter: str
    to: str
    origin: str
    board: str
    asked_on: date
    answer_by: date
    standing: Standing
    answer: str


@dataclass(frozen=True)
class OpenScrutiny(Hashed):
    """The public matters of a day, those that wait first."""

    rows: tuple[OpenMatter, ...]


def open_scrutiny(moment: Moment, today: Moment) -> OpenScrutiny:
    """Answer what everybody reads of scrutiny on a day, without names, addresses and numbers (X5).

    Private matters are left out, and those about a decision on an item that is private by now (X1).
    """
    names = {row.board_id: row.name for row in visible(models.BoardTerms, moment)}
    private = set(
        models.Decision.objects.filter(item__is_private=True, at__lte=today.known_at).values_list("pk", flat=True)
    )
    return OpenScrutiny(
        tuple(
            OpenMatter(
                public_text(one.row.matter), one.row.to, one.row.origin,
                names.get(one.row.board_id, one.row.board_id), one.row.referred_on, one.row.answer_by, one.standing,
                public_text(one.answer.text) if one.answer else "",
            )
            for one in matters_on(moment, public_only=True)
            if one.row.decision_id not in private
        )
    )  # fmt: skip


def open_compliance(year: int, moment: Moment) -> ComplianceReport:
    """Answer how far each board published what it must in a financial year, up to a day (X2). `year` 2022: 2022/23."""
    since, until = date(year, 4, 1), min(date(year + 1, 4, 1), moment.valid_on + timedelta(days=1))
    if until <= since:
        raise RuleError(f"X2: the year {year}/{(year + 1) % 100:02d} has not begun by {moment.valid_on}.")
    last_day = Moment(until - timedelta(days=1), moment.known_at)
    confirmed: dict[str, date] = {}
    for one in models.RegisterConfirmed.objects.filter(
        at__lte=moment.known_at, confirmed_on__lt=until
    ).order_by("confirmed_on"):  # fmt: skip
        confirmed[one.person] = one.confirmed_on
    holdings = visible(models.SeatHolding, last_day)
    years = []
    for terms in sorted(visible(models.BoardTerms, last_day), key=lambda row: row.name):
        meetings = list(
            models.Meeting.objects.filter(
                board=terms.board_id, at__lte=moment.known_at, starts_at__gte=start_of_day(since),
                starts_at__lt=start_of_day(until), kind__in=["decision", "extraordinary"],
            )
        )  # fmt: skip
        papers = models.PaperVersion.objects.filter(item__meeting__in=meetings, number=1, at__lte=moment.known_at)
        on_time = papers.filter(published__days_late=0, published__at__lte=moment.known_at).count()
        approved = models.MinutesVersion.objects.filter(
            meeting__in=meetings, approved_at__isnull=False, at__lte=moment.known_at, meeting__is_public=True
        ).count()
        people = {row.person for row in holdings if row.board_id == terms.board_id}
        cover = confirmation_coverage(people, confirmed, last_day.valid_on)
        years.append(
            BoardYear(
                terms.name, on_time, papers.count(), sum(one.is_public for one in meetings), len(meetings), approved,
                len(meetings), cover.confirmed, cover.people,
            )
        )  # fmt: skip
    return compliance(years)


@dataclass(frozen=True)
class DecidedYear(Hashed):
    """The decisions of a year that everybody may read: (tier, how many, percent), and (model, items, exclusions, load).

    The load is how many members were excluded by a conflict for each item decided under a model, to two places.
    """

    tiers: tuple[tuple[str, int, str], ...]
    loads: tuple[tuple[str, int, int, str], ...]


def open_decided_year(year: int, moment: Moment) -> DecidedYear:
    """Answer at which tier decisions were taken in a financial year, up to a day, and how often conflicts excluded.

    Items that are private are left out, and so is what was put off or referred (B11, I7).
    """
    until = min(date(year + 1, 4, 1), moment.valid_on + timedelta(days=1))
    rows = [
        row
        for row in models.Decision.objects.filter(
            decided_at__gte=start_of_day(date(year, 4, 1)), decided_at__lt=start_of_day(until), at__lte=moment.known_at
        ).exclude(item__is_private=True)
        if row.outcome not in UNDECIDED
    ]  # fmt: skip
    counts = Counter(row.tier for row in rows)
    items = [
        (row.model, sum(ACTIONS[one["action"]].is_excluded for one in row.conflicts_snapshot if one["action"]))
        for row in rows
        if row.item_id
    ]
    loads = conflict_loads(items)
    return DecidedYear(
        tuple((tier, counts[tier], str(share)) for tier, share in tier_shares(row.tier for row in rows).items()),
        tuple(
            (
                model, sum(one == model for one, _excluded in items),
                sum(excluded for one, excluded in items if one == model), _two_places(load),
            )
            for model, load in loads.items()
        ),
    )  # fmt: skip


def _two_places(value: Fraction) -> str:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))
