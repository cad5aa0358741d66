"""Tables that joinedup makes itself for a release: as the address asks, protected, with what it was made from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.http import QueryDict
from tests.made_population import make

from joinedup.errors import NotFound, Refused, RuleError
from joinedup.measures.disclosure.differences import Compared, against
from joinedup.measures.releases import services
from joinedup.measures.releases.checks import check_file
from joinedup.measures.releases.contents import asked_in, made, made_for, rows_of
from joinedup.measures.releases.files import read_file

from . import drawn_results
from .releasing import ANIL, MEI, grant, request

BP = "high-blood-pressure"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The drawn results of H's chapters, as the newest of this installation."""
    folder = drawn_results.draw(tmp_path)
    monkeypatch.setattr("joinedup.measures.results.results_folder", lambda: folder.parent)
    monkeypatch.setattr("joinedup.measures.definition.definitions", lambda: drawn_results.DEFINITIONS)
    return folder


def wanted(query: str) -> Any:
    return asked_in(QueryDict(query))


def test_an_address_without_a_measure_or_sentence_asks_for_a_file() -> None:
    assert wanted("") is None
    assert wanted("area=QM7") is None


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("measure=x&area=QM7&breakdown=sexx", "Did you mean 'sex'"),
        ("measure=x&area=QM7&months=some", "latest, all"),
        ("measure=x", "1 to 200 areas"),
    ],
)
def test_an_address_that_asks_for_what_is_not_there_says_so(query: str, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        wanted(query)


def test_a_table_of_a_measure_is_protected_and_says_what_it_was_made_from(results: Path) -> None:
    content = made(wanted(f"measure={BP}&area=QM7&area=NA1&area=Y00001&months=latest"))
    file = content.file
    assert file.columns[:5] == ("measure", "area", "area_code", "month", "group")
    by_area = {row[2]: dict(zip(file.columns, row, strict=True)) for row in file.rows}
    assert by_area["NA1"]["numerator"] == ""
    assert by_area["NA1"]["value"] == ""
    assert by_area["NA1"]["status"] == "suppressed"
    assert by_area["Y00001"]["numerator"] == "15"  # counted 13
    assert any("2026-10-31-drawn0000000" in note for note in file.notes)
    assert any("nobody in these figures is real" in note for note in file.notes)
    assert content.definition["period"] == "2026-10"
    assert content.snapshot == results.name
    assert check_file(file, shares_are_ours=True) == []


def test_every_month_and_every_group_can_be_asked_for(results: Path) -> None:
    content = made(wanted(f"measure={BP}&area=Y00001&months=all"))
    last = [row[content.file.columns.index("numerator")] for row in content.file.rows][-4:]
    assert last == ["", "10", "10", "15"]  # counted 7, 8, 12 and 13
    assert content.definition["period"] == "2024-11 to 2026-10"
    groups = made(wanted(f"measure={BP}&area=PA&breakdown=ethnic_group"))
    shown = {row[4]: row[content.file.columns.index("status")] for row in groups.file.rows}
    assert shown["Mixed"] == "suppressed"
    assert shown["White"] == ""


def test_what_is_protected_in_name_only_cannot_leave() -> None:
    from joinedup.measures import protect

    counts = pd.DataFrame({"place": ["East", "West"], "people": [3, 20]})
    with pytest.raises(RuleError, match="for inside only"):
        rows_of(protect(counts, ["place"], ["people"], mode="internal"))
    assert [row["people_status"] for row in rows_of(protect(counts, ["place"], ["people"]))] == ["suppressed", ""]


def test_an_area_or_measure_without_figures_is_not_found(results: Path) -> None:
    with pytest.raises(NotFound):
        made(wanted(f"measure={BP}&area=QM9"))
    with pytest.raises(RuleError):
        made(wanted(f"measure={BP}&area=NA1&breakdown=sex"))


def test_the_same_address_gives_the_same_bytes(results: Path) -> None:
    query = f"measure={BP}&area=QM7&months=all"
    assert made(wanted(query)).file.digest == made(wanted(query)).file.digest


@pytest.mark.django_db
def test_it_goes_through_the_queue_as_any_file_does(results: Path) -> None:
    content = made(wanted(f"measure={BP}&area=QM7&area=PA&breakdown=sex"))
    number = services.ask_release(MEI, request(kind="measures", title="High blood pressure by sex"), content)
    services.approve(ANIL, number, "Looked at each cell", publish_now=True)
    (release,) = services.public_releases()
    assert release.definition["measures"] == [BP]
    assert release.snapshot == results.name


@pytest.mark.django_db
def test_an_attack_by_difference_with_a_later_file_is_found(results: Path) -> None:
    """A place is out with one of its neighbourhoods a star; a file with the place's exact total opens the star."""
    out = made(wanted(f"measure={BP}&area=NA1&area=NA2&months=latest"))
    (star, shown) = [row[5] for row in out.file.rows]
    assert star == ""
    asked = request(kind="measures", title="High blood pressure by neighbourhood")
    number = services.ask_release(MEI, asked, out)

    def later(more: int) -> Any:
        month = out.file.rows[0][3]
        text = f"measure,area_code,month,numerator\r\n{BP},PA,{month},{int(shown) + more}\r\n"
        return services.Content(read_file(text.encode(), "later.csv"), {"how": "By a notebook"})

    exact = request(mode="suppress", explanation="Alder is a place of its own")
    waits = services.ask_release(MEI, exact, later(4))
    services.approve(ANIL, number, "Looked at each cell")
    with pytest.raises(services.NotReleasable, match="A hidden count can be worked out"):
        services.ask_release(MEI, exact, later(4))
    with pytest.raises(services.NotReleasable, match="A hidden count can be worked out"):
        services.approve(ANIL, waits, "Looked at each cell")
    # What leaves the star open may leave, and is compared: its maker's word is not asked for.
    fine = services.ask_release(MEI, exact, later(400))
    codes = {one.code for one in services.last_findings(services.release_of(fine))}
    assert "not-compared" not in codes
    assert services.content_of(services.release_of(number)).tables == out.tables
    # The same table of joinedup's own once more tells nothing new.
    assert services.findings_of(asked, out) == []


# --- counts of a cohort --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("snapshots"), residents=3000)


@pytest.fixture
def latest(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up snapshot as the newest of this installation."""
    monkeypatch.setattr("joinedup.population.snapshot.snapshots_folder", lambda: snapshot.parent)
    return snapshot


def test_counts_of_a_cohort_are_protected(latest: Path) -> None:
    content = made(wanted("sentence=is on the register hypertension&by=place&by=age_band"))
    people = [row[2] for row in content.file.rows]
    raw = content.tables[0].cells
    assert any(0 < count < 8 for count in raw.values()), "the test needs a small group"
    assert all(one == "" or int(one) % 5 == 0 for one in people)
    assert check_file(content.file, shares_are_ours=True) == []
    assert content.definition == {
        "sentences": ["is on the register hypertension"], "by": ["place", "age_band"], "period": "2026-10",
    }  # fmt: skip


def test_a_cohort_is_counted_by_known_traits_only(latest: Path) -> None:
    for query, says in (
        ("by=sexx", "Did you mean 'sex'"),
        ("by=birth_month", "expected sex"),
        ("by=sex&by=sex", "different"),
        ("by=sex&by=age_band&by=place&by=ethnic_group", "at most 3"),
    ):
        with pytest.raises(RuleError, match=says):
            made(wanted(f"sentence=is registered&{query}"))


@pytest.mark.django_db
def test_raw_counts_are_kept_for_comparing_and_shown_nowhere(latest: Path) -> None:
    content = made(wanted("sentence=is on the register hypertension&by=sex"))
    number = services.ask_release(MEI, request(kind="cohort"), content)
    release = services.release_of(number)
    assert "cells" not in str(release.definition)
    assert services.content_of(release).tables == content.tables
    services.approve(ANIL, number, "Looked at each cell", publish_now=True)
    again = made(wanted("sentence=is on the register hypertension&by=sex"))
    assert services.findings_of(request(kind="cohort"), again) == [], "the same counts once more tell nothing new"


def fewer(content: Any, group: str, people: int, *sentence: str) -> Any:
    """The same table of a cohort with one sentence more, of which fewer people of a group are."""
    (table,) = content.tables
    cells = {**table.cells, group: table.cells[group] - people}
    return replace(content, tables=(replace(table, sentences=(*table.sentences, *sentence), cells=cells),))


def exactly(content: Any) -> Any:
    """The same content, as if its counts left exact."""
    return replace(content, tables=tuple(replace(table, mode="suppress") for table in content.tables))


@pytest.mark.django_db
def test_a_cohort_that_differs_by_few_from_one_that_is_out_cannot_leave(latest: Path) -> None:
    """One sentence more takes 3 people away: exact counts give these 3 away, rounded ones do not (T45)."""
    whole = made(wanted("sentence=is on the register hypertension&by=sex"))
    second = fewer(whole, "female", 3, "is aged 19 or over")
    number = services.ask_release(MEI, request(kind="cohort"), exactly(whole))
    assert services.findings_of(request(kind="cohort"), exactly(second)) == [], "nothing is out yet"
    services.approve(ANIL, number, "Looked at each cell")
    found = services.findings_of(request(kind="cohort"), exactly(second))
    assert {(one.code, one.severity) for one in found} == {("difference", "refuse")}
    assert "female" not in str(found), "a finding names no group"
    with pytest.raises(services.NotReleasable):
        services.ask_release(MEI, request(kind="cohort"), exactly(second))
    assert services.findings_of(request(kind="cohort"), second) == []


@pytest.mark.django_db
def test_of_two_that_wait_only_the_first_is_approved_when_their_difference_is_few(latest: Path) -> None:
    whole = exactly(made(wanted("sentence=is on the register hypertension&by=sex")))
    second = fewer(whole, "male", 7, "is resident")
    first_number = services.ask_release(MEI, request(kind="cohort"), whole)
    second_number = services.ask_release(MEI, request(kind="cohort", title="A few less"), second)
    services.approve(ANIL, first_number, "Looked at each cell")
    with pytest.raises(services.NotReleasable):
        services.approve(ANIL, second_number, "Looked at each cell")
    assert services.state_of(services.release_of(second_number)) == "waiting"
    services.withdraw(MEI, first_number, "Not needed any more")
    services.approve(ANIL, second_number, "The first was never out")


@pytest.mark.parametrize(("people", "differs"), [(118, False), (117, True), (111, True), (110, False)])
def test_what_is_left_of_exact_counts_must_not_be_1_to_7(people: int, differs: bool) -> None:
    out = Compared(("is registered",), ("sex",), "2026-10", "suppress", {"female": 118, "male": 120})
    cells = {"female": people, "male": 120}
    table = Compared(("is registered", "is resident"), ("sex",), "2026-10", "suppress", cells)
    assert bool(against([table], [out])) == differs


def test_a_table_without_traits_is_compared_too() -> None:
    out = Compared(("is registered",), (), "2026-10", "suppress", {"": 500})
    table = Compared(("is registered", "is resident"), (), "2026-10", "suppress", {"": 495})
    assert against([table], [out])
    assert against([replace(table, cells={"": 490})], [out]) == []


def test_a_table_of_very_many_cells_is_asked_for_in_parts() -> None:
    cells = {f"P{number}": 20 for number in range(401)}
    with pytest.raises(RuleError, match="fewer or broader groups"):
        against([Compared(("is registered",), ("practice",), "2026-10", "nhs", cells)], [])


def by_area(kind: str, cells: dict[str, int], *sentences: str, **more: Any) -> Compared:
    parts = {"A": "N1", "B": "N1", "N1": "P1", "P1": "QM7", "QM7": ""}
    hidden = more.pop("hidden", ())
    return Compared(sentences or ("is registered",), (kind,), "2026-10", "nhs", cells, hidden, more.pop("parts", parts))


def test_practices_are_compared_with_their_place_and_neighbourhood() -> None:
    """29 of a place are out as 30: 22 of one of its two practices, as 20, leave 6 or 7 of the other."""
    practices = by_area("practice", {"A": 7, "B": 22})
    for kind, code in (("place", "P1"), ("neighbourhood", "N1")):
        (one,) = against([practices], [by_area(kind, {code: 29})])
        assert (one.code, one.severity) == ("difference", "refuse")
        assert against([by_area(kind, {code: 29})], [practices]), "the other way round, too"
    assert against([practices], [by_area("place", {"P2": 29})]) == []


def test_an_area_beside_its_place_is_the_area_alone_and_one_not_known_is_the_rest_of_its_place() -> None:
    both = replace(by_area("practice", {"P1 | A": 7, "P1 | B": 22}), dimensions=("place", "practice"))
    assert against([both], [by_area("place", {"P1": 29})])
    rest = replace(by_area("practice", {"P1 | B": 22, "P1 | Unknown": 7}), dimensions=("place", "practice"))
    assert against([rest], [by_area("place", {"P1": 29})])
    assert against([by_area("practice", {"B": 20, "Unknown": 40})], [by_area("place", {"P1": 60, "Unknown": 40})]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Is registered.", "is registered"),
        ("is  aged 18 or over", "Is aged 18 or over"),
        ("what nobody understands", "What nobody understands."),
    ],
)
def test_the_same_sentence_spelt_otherwise_counts_the_same_people(one: str, other: str) -> None:
    out = Compared((one,), ("sex",), "2026-10", "suppress", {"female": 118})
    table = Compared((other, "is resident"), ("sex",), "2026-10", "suppress", {"female": 115})
    assert against([table], [out])


def test_a_cohort_is_counted_as_it_stood_on_the_last_day_of_its_month(latest: Path) -> None:
    """The area and the age of the counted month, not those of the snapshot's day."""
    from joinedup.measures.cohorts.counts import cohort_counts
    from joinedup.measures.cohorts.held_people import HeldPeople
    from joinedup.population import open_snapshot

    snapshot = open_snapshot()
    people = HeldPeople(snapshot)
    held = people.cohort(["is registered"])
    assert cohort_counts(snapshot, ["is registered"], ["place"]).compared.cells == people.by_trait(held, "place")
    ages = people.by_trait(held, "age_band")
    cells = cohort_counts(snapshot, ["is registered"], ["age_band"]).compared.cells
    assert cells["40-64"] + cells["65-74"] + cells["18-39"] + cells["0-17"] + cells["75-84"] + cells["85+"] == sum(
        ages.values()
    )
    on = people._people["born"]
    old = (people.month - on) // 12
    assert cells["0-17"] == int((held & (old < 18).to_numpy()).sum())


def test_the_register_knows_which_area_is_a_part_of_which(latest: Path) -> None:
    (table,) = made(wanted("sentence=is registered&by=practice")).tables
    practice = next(code for code in table.cells if code != "Unknown")
    place = table.parts[table.parts[practice]]
    (whole,) = made(wanted("sentence=is registered&by=place")).tables
    assert place in whole.cells
    assert whole.parts == table.parts
    assert not [one for one in against([table], []) if "fixed list" in one.says]


@pytest.mark.django_db
def test_counting_a_cohort_for_a_release_needs_leave_to_count(latest: Path) -> None:
    asked = wanted("sentence=is registered&by=sex")
    with pytest.raises(Refused, match=r"population\.count"):
        made_for(MEI, asked)
    assert made_for(grant("Mei Sample", "population.count"), asked).tables
