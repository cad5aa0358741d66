"""Chapter 14: three ways to a statutory board; the tables and commands of the tutorial are the tests."""

from __future__ import annotations

import html
import re
import shlex
from pathlib import Path

import pytest
from django.test import Client
from typer.testing import CliRunner

from joinedup import database
from joinedup.moment import now
from joinedup.system import answers
from joinedup.system.deciding import who_decides
from joinedup.system.picture import Picture

from .conftest import See

TUTORIAL = Path(__file__).resolve().parents[3] / "docs" / "tutorial" / "three-systems.md"
WALKED = re.compile(r"^\| \[(\S+?)\]\(http://127\.0\.0\.1:8000(\S+?)\) \| (.+) \|$", re.MULTILINE)
LED = re.compile(r"^\| (/\S+) \| (\d{4}-\d\d-\d\d) \| (/\S+) \| (.+) \|$", re.MULTILINE)
BLOCK = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
TEXT = TUTORIAL.read_text()
DAYS = [(day, path, tuple(told.split(" | "))) for day, path, told in WALKED.findall(TEXT)]
ADDRESSES = LED.findall(TEXT)
COMMANDS = [line for block in BLOCK.findall(TEXT) for line in block.splitlines() if line.startswith("joinedup ")]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_systems")]


def words(page: str) -> str:
    """Answer what the main part of a page says, without its drawings and marks."""
    main = re.search(r"<main.*?</main>", page, re.DOTALL)
    assert main
    bare = re.sub(r"<svg.*?</svg>", " ", main.group(0), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", bare)).split())


def summary(page: str) -> dict[str, list[str]]:
    """Answer the summary list of a page: under each key the lines of its value."""
    rows = re.findall(r"<dt[^>]*__key[^>]*>(.*?)</dt>\s*<dd[^>]*>(.*?)</dd>", page, re.DOTALL)
    return {
        key.strip(): [html.unescape(re.sub(r"<[^>]+>", "", line)).strip() for line in re.split(r"<br>", value)]
        for key, value in rows
    }


def test_the_tutorial_walks_each_system_through_five_days() -> None:
    systems = [path.partition("?")[0] for _, path, _ in DAYS]
    assert {system: systems.count(system) for system in systems} == {
        "/system/hwe/": 5, "/system/nel/": 5, "/system/derbyshire-system/": 5,
    }  # fmt: skip
    assert all(path.endswith(f"?as_of={day}") for day, path, _ in DAYS)
    assert (len(ADDRESSES), len(COMMANDS)) == (13, 9)


@pytest.mark.parametrize(("day", "path", "told"), DAYS, ids=[path for _, path, _ in DAYS])
def test_each_day_shows_what_the_tutorial_says(day: str, path: str, told: tuple[str, ...]) -> None:
    led_by, status, legal_form, commissioners, small_areas = told
    page = Client(SERVER_NAME="127.0.0.1").get(path)
    assert page.status_code == 200
    says = summary(page.content.decode())
    assert says["Led by"] == [led_by, status]
    assert says["Legal form"] == [legal_form]
    assert [one for one in says["Care is commissioned by"] if not one.startswith("No source")] == commissioners.split(
        "; "
    )
    assert says["Small areas"] == [small_areas]
    decided = "The board itself, by majority" if legal_form == "Statutory corporate body" else "Each member decides"
    assert says["Who decides"][0].startswith(decided)


@pytest.mark.parametrize(("path", "day", "leads_to", "says"), ADDRESSES, ids=[f"{a[0]}{a[1]}" for a in ADDRESSES])
def test_an_old_address_still_leads_somewhere(path: str, day: str, leads_to: str, says: str) -> None:
    client = Client(SERVER_NAME="127.0.0.1")
    page = client.get(f"{path}?as_of={day}", follow=True)
    assert page.status_code == 200
    arrived = page.redirect_chain[-1][0] if page.redirect_chain else f"{path}?as_of={day}"
    assert arrived == f"{leads_to}?as_of={day}"
    assert says in words(page.content.decode())


def test_the_part_of_each_of_the_four_groups_is_not_told() -> None:
    client = Client(SERVER_NAME="127.0.0.1")
    says = summary(client.get("/system/derbyshire-system/?as_of=2019-03-31").content.decode())
    assert says["Care is commissioned by"][-1].startswith("No source here tells which part")
    after = summary(client.get("/system/derbyshire-system/?as_of=2019-04-01").content.decode())
    assert after["Care is commissioned by"] == ["NHS Derby and Derbyshire CCG"]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_tutorial_runs(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from joinedup.system.commands import app

    monkeypatch.setattr(database, "ready", lambda: None)
    run = CliRunner().invoke(app, shlex.split(command)[2:])
    assert run.exit_code == 0, run.output
    assert run.stdout.strip()


def test_the_same_way_at_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from joinedup.system.commands import app

    monkeypatch.setattr(database, "ready", lambda: None)
    told = CliRunner().invoke(app, ["show", "QJ2", "--as-of", "2019-04-01"]).stdout
    assert "since 2019-04-01: led by Joined Up Care Derbyshire (partnership without legal form)" in told
    assert "care commissioned by NHS Derby and Derbyshire CCG; 621 small areas" in told
    assert "followed by NHS North East London Integrated Care Board (QMF)" in (
        CliRunner().invoke(app, ["code", "07T", "--as-of", "2022-07-01"]).stdout
    )


# system               since         leader, its kind and legal form                how many commission   small areas
WAYS = {
    "hwe": [
        ("2016", "stp", "partnership", 3, 857),
        ("2020-05", "ics", "partnership", 3, 857),
        ("2022-07-01", "icb", "statutory_corporate", 1, 857),
    ],
    "nel": [
        ("2016", "stp", "partnership", 7, 1023),
        ("2021", "stp", "partnership", 7, 1023),
        ("2021-04-01", "ics", "partnership", 1, 1023),
        ("2022-07-01", "icb", "statutory_corporate", 1, 1023),
    ],
    "derbyshire-system": [
        ("2016", "stp", "partnership", 4, 621),
        ("2019-04-01", "stp", "partnership", 1, 621),
        ("2021-04-01", "ics", "partnership", 1, 621),
        ("2022-07-01", "icb", "statutory_corporate", 1, 642),
    ],
}


@pytest.mark.parametrize("system", WAYS)
def test_the_way_of_a_system_from_leader_to_leader(system: str) -> None:
    told = answers.show(Picture(now()), system)["way"]
    assert [
        (s["from"], s["led_by"]["kind"], s["led_by"]["legal_form"], len(s["commissioned_by"]), s["small_areas"])
        for s in told
    ] == WAYS[system]


def test_a_way_is_told_by_what_was_known(see: See) -> None:
    """In 2020 nobody knew of a board on 1 July 2022: the way ends with the partnership."""
    told = answers.show(see("2022-07-01", "2020-12-31"), "hwe")["way"]
    assert [s["from"] for s in told] == ["2016", "2020-05"]


def test_a_stretch_links_to_its_first_day_and_the_day_shown_is_marked() -> None:
    page = Client(SERVER_NAME="127.0.0.1").get("/system/nel/?as_of=2021-06-01").content.decode()
    assert 'href="?as_of=2021-04-01"' in page
    assert "1 April 2021 (shown)" in page
    assert "7 CCGs" in page
    assert "Who led it, and since when" in page


# legal form             by which of the two models
FORMS = [("partnership", None), ("none", None), ("joint_committee", "option1"), ("statutory_corporate", "option2")]


@pytest.mark.parametrize(("legal_form", "model"), FORMS)
def test_who_decides_follows_from_the_legal_form(legal_form: str, model: str | None) -> None:
    """Rules: governance section 8, G1. Without a model there is no decision for all."""
    deciding = who_decides(legal_form)
    assert deciding
    assert deciding.model == model
    assert ("Each member decides for itself" in deciding.sentence) == (model is None)


def test_a_form_that_leads_no_system_has_no_answer() -> None:
    assert who_decides("council") is None


# body                   on            part of                            exists
BOARDS = [
    ("jucd-board", "2021-03-18", "Joined Up Care Derbyshire", True),
    ("jucd-board", "2022-07-01", "", False),
    ("nel-ics-exec", "2020-11-30", "East London Health and Care Partnership", True),
    ("nel-ics-exec", "2022-07-01", "", False),
]


@pytest.mark.parametrize(("key", "day", "part_of", "exists"), BOARDS)
def test_the_boards_that_the_sources_name_are_to_be_confirmed(
    see: See, key: str, day: str, part_of: str, exists: bool
) -> None:
    """S4 speaks of the board that met on 18 March 2021, S2 of the executive; neither says since when it is."""
    picture = see(day)
    answer = answers.show(picture, key)
    assert answer["exists"] is exists
    if exists:
        assert [link["to"]["name"] for link in answer["links"]] == [part_of]
        assert answer["to_confirm"]
