"""Charts, maps and diagrams: pictures that need no script and no style, with their words and figures beside them."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from django.test import Client

from joinedup.errors import RuleError
from joinedup.ui import Arrow, Box, Column, Diagram, Feature, Map, Table, tile
from joinedup.ui.diagrams import columns, wrapped
from joinedup.ui.drawings import without_styles
from joinedup.ui.maps import NO_FIGURE, draw, number_classes

NOTHING = Table([Column("a", "A")], [], caption="Nothing", name="nothing")


def a_map(*features: Feature, **choices: object) -> Map:
    return Map(features, title="A map", summary="It shows.", table=NOTHING, projection="identity", **choices)  # type: ignore[arg-type]


# an SVG as drawn                                        as the site may show it
STYLES = [
    ('<path style="fill: red; stroke:#fff"/>', '<path fill="red" stroke="#fff"/>'),
    ('<path fill="blue" style="fill:red">', '<path fill="blue">'),
    ("<text style='font-size: 12px'>a</text>", '<text font-size="12px">a</text>'),
    ("<svg><style>p{}</style><g/></svg>", "<svg><g/></svg>"),
    ('<rect onclick="alert(1)" x="1"/>', '<rect x="1"/>'),
    ("<text>style=&quot;a&quot;</text>", "<text>style=&quot;a&quot;</text>"),
]


@pytest.mark.parametrize(("drawn", "allowed"), STYLES)
def test_inline_styles_become_attributes(drawn: str, allowed: str) -> None:
    assert without_styles(drawn) == allowed


# numbers                          classes, each by its smallest and largest number
CLASSES = [
    ([], []),
    ([5], ["5"]),
    ([1, 2, 2, 3], ["1", "2", "3"]),
    ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], ["1 to 2", "3 to 4", "5 to 6", "7 to 8", "9 to 10"]),
    ([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 1000], ["0", "1 to 3", "4 to 1,000"]),
]


@pytest.mark.parametrize(("numbers", "labels"), CLASSES)
def test_numbers_fall_into_classes_named_by_what_is_in_them(numbers: list[float], labels: list[str]) -> None:
    place_of, found = number_classes(numbers)
    assert found == labels
    assert set(place_of) == set(numbers)


def test_a_map_names_and_links_each_area() -> None:
    drawn = a_map(Feature("a", "Harlow <&>", tile(0, 0), value="West Essex", href="/area/a?x=1&y=2"))
    svg = draw(drawn)
    assert "<title>Harlow &lt;&amp;&gt;: West Essex</title>" in svg
    assert '<a href="/area/a?x=1&amp;y=2">' in svg
    assert [key.label for key in drawn.keys] == ["West Essex"]


def test_tiles_touch_and_rows_grow_downwards() -> None:
    svg = draw(a_map(Feature("a", "A", tile(0, 0)), Feature("b", "B", tile(0, 1))))
    first, second = (int(y) for y in re.findall(r'd="M\d+ (\d+)l', svg))
    assert first < second
    side = int(re.findall(r'd="M\d+ \d+l(\d+) 0', svg)[0])
    assert second == first + side


def test_north_is_up_and_degrees_of_longitude_are_narrower() -> None:
    square = {"type": "Polygon", "coordinates": [[[0, 60], [2, 60], [2, 61], [0, 61], [0, 60]]]}
    svg = draw(Map([Feature("a", "A", square)], title="", summary="", table=NOTHING))
    _, _, width, height = (int(n) for n in re.findall(r'viewBox="(\d+) (\d+) (\d+) (\d+)"', svg)[0])
    assert abs((width - 80) / (height - 80) - 1) < 0.02  # at 60 degrees north two of longitude are one of latitude
    assert re.findall(r'd="M\d+ (\d+)l', svg)[0] == str(height - 40)  # the southern corner is at the bottom


def test_areas_without_a_figure_say_so() -> None:
    drawn = a_map(Feature("a", "A", tile(0, 0), value=3), Feature("b", "B", tile(1, 0)))
    assert [key.label for key in drawn.keys] == ["3", NO_FIGURE]


def test_categories_keep_the_order_and_the_words_of_the_legend() -> None:
    features = [Feature(word, word, tile(n, 0), value=word) for n, word in enumerate("cab")]
    drawn = a_map(*features, legend={"b": "Bee", "a": "Ay"})
    assert [key.label for key in drawn.keys] == ["Bee", "Ay", "c"]
    assert len({key.colour for key in drawn.keys}) == 3


def test_many_areas_are_left_out_of_the_tab_order_because_the_table_leads_to_them() -> None:
    few = a_map(*[Feature(str(n), "A", tile(n, 0), href=f"/{n}") for n in range(60)])
    many = a_map(*[Feature(str(n), "A", tile(n, 0), href=f"/{n}") for n in range(61)])
    assert "tabindex" not in draw(few)
    assert draw(many).count('tabindex="-1"') == 61


def test_an_area_smaller_than_a_dot_is_still_drawn() -> None:
    speck = {"type": "Polygon", "coordinates": [[[0, 0], [1e-9, 0], [0, 1e-9], [0, 0]]]}
    assert re.search(r'd="M\d+ \d+h4v4h-4z"', draw(a_map(Feature("a", "A", tile(0, 0)), Feature("b", "B", speck))))


def test_a_geometry_that_maps_cannot_draw_is_named() -> None:
    with pytest.raises(RuleError, match="'A road' is a LineString"):
        draw(a_map(Feature("r", "A road", {"type": "LineString", "coordinates": [[0, 0], [1, 1]]})))


def test_the_real_small_areas_are_light(reference: Path) -> None:
    file = json.loads((reference / "humaniverse_geographr" / "lsoa11_HWE.geojson").read_text())
    features = [
        Feature(
            area["properties"]["lsoa11_code"],
            area["properties"]["lsoa11_name"],
            area["geometry"],
            value=float(number % 10),
            href=f"/area/{area['properties']['lsoa11_code']}",
        )
        for number, area in enumerate(file["features"])
    ]
    svg = draw(Map(features, title="Small areas", summary="", table=NOTHING))
    assert svg.count("<path") == 857
    assert svg.count("<a ") == 857
    assert len(gzip.compress(svg.encode())) < 120_000
    assert "style" not in svg


# arrows                                            columns
LAYOUTS = [
    ([], [["a", "b", "c", "d"]]),
    (["ab", "bc", "cd"], [["a"], ["b"], ["c"], ["d"]]),
    (["ac", "bc", "cd"], [["a", "b"], ["c"], ["d"]]),
    (["ab", "bc", "ac", "dc"], [["a"], ["b", "d"], ["c"]]),  # d stands just before what it leads to
    (["ad", "db", "dc"], [["a"], ["d"], ["b", "c"]]),
    (["ab", "ba", "cd"], [["a", "c"], ["b", "d"]]),  # the arrow back moves nothing
    (["aa", "bc", "cd"], [["a", "b"], ["c"], ["d"]]),
]


@pytest.mark.parametrize(("arrows", "expected"), LAYOUTS)
def test_each_box_stands_after_those_that_lead_to_it(arrows: list[str], expected: list[list[str]]) -> None:
    assert columns([Box(name, name) for name in "abcd"], [Arrow(*pair) for pair in arrows]) == expected


def test_a_diagram_says_the_same_in_words() -> None:
    diagram = Diagram([Box("a", "CCG"), Box("b", "ICB")], [Arrow("a", "b", "became on 1 July 2022")], title="T")
    assert diagram.sentences == ["CCG → ICB: became on 1 July 2022"]
    assert "<title>became on 1 July 2022</title>" in diagram.svg
    with pytest.raises(RuleError, match="'x', which is no box"):
        Diagram([Box("a", "A")], [Arrow("a", "x")], title="T")


def test_long_names_are_wrapped_and_cut_with_an_ellipsis() -> None:
    assert wrapped("NHS North East London CCG", 14) == ("NHS North East", "London CCG")
    assert wrapped("Llanfairpwllgwyngyll", 10) == ("Llanfairp-", "wllgwyngy-", "ll")
    assert wrapped("one two three four", 5, 2) == ("one", "two…")


def test_a_page_of_drawings_has_their_words_and_figures_and_no_style(site: Client) -> None:
    page = site.get("/drawings/").content.decode()
    assert page.count("<figure") == 3
    assert 'aria-label="Referrals"' in page
    assert "They rose." in page
    assert "CCG → ICB: became" in page
    assert page.count("Show the figures as a table") == 2
    assert "style=" not in page
    assert "<style" not in page
    assert "Vega" not in page


def test_a_chart_is_drawn_once(site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Referrals" in site.get("/drawings/").content.decode()
    monkeypatch.setattr("joinedup.ui.charts.draw", lambda *_: "drawn again")
    monkeypatch.setattr("joinedup.ui.maps.draw", lambda *_: "drawn again")
    assert "drawn again" not in site.get("/drawings/").content.decode()


def test_the_figures_are_open_while_the_reader_sorts_them(site: Client) -> None:
    assert '<details class="nhsuk-details" open>' not in site.get("/drawings/").content.decode()
    assert '<details class="nhsuk-details" open>' in site.get("/drawings/?months-sort=n").content.decode()


def test_an_area_whose_figure_may_not_be_shown_is_hatched_and_not_blank() -> None:
    drawn = a_map(
        Feature("a", "A", tile(0, 0), value=3),
        Feature("b", "B", tile(1, 0), detail="suppressed, between 1 and 7", is_hatched=True, href="/b"),
        Feature("c", "C", tile(2, 0)),
    )
    svg = draw(drawn)
    name = re.findall(r'<pattern id="([^"]+)"', svg)[0]
    assert svg.count(f'fill="url(#{name})"') == 1
    assert "<title>B: suppressed, between 1 and 7</title>" in svg
    assert [(key.label, key.is_hatched) for key in drawn.keys] == [
        ("3", False),
        ("Suppressed", True),
        (NO_FIGURE, False),
    ]


def test_a_map_of_suppressed_areas_only_still_says_so() -> None:
    drawn = a_map(Feature("a", "A", tile(0, 0), is_hatched=True))
    assert [key.label for key in drawn.keys] == ["Suppressed"]
