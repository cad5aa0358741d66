"""What the public does not read of a response: names, ways to reach people, and small numbers (X4, X5, X6)."""

from __future__ import annotations

import pytest

from joinedup.errors import RuleError
from joinedup.governance import Response, hide_small_numbers, mask, public_copy
from joinedup.governance.publication.masking import NAME_WITHHELD, Removed

LETTER = "Ring 01632 960123 or write to a.person@example.org, NHS number 943 476 5919, ZZ99 3VZ."


def test_what_names_a_person_goes_and_the_mask_says_what_went() -> None:
    found = mask(LETTER)
    assert found.text == (
        "Ring [telephone removed] or write to [e-mail removed], NHS number [NHS number removed], [postcode removed]."
    )
    assert found.removed == (
        Removed("telephone", 12), Removed("e-mail", 20), Removed("nhs-number", 12), Removed("postcode", 8),
    )  # fmt: skip
    assert not found.needs_a_person


# terms                                      text                                    masked
NAMES = [
    (["Alpha", "Alpha Lane Surgery"], "Alpha Lane Surgery wrote", "[name removed] wrote"),
    (["Alpha"], "Alpha Lane Surgery wrote", "[name removed] Lane Surgery wrote"),
    (["Alpha Lane", "Lane Surgery"], "Alpha Lane Surgery wrote", "[name removed] wrote"),
    (["alpha lane"], "ALPHA  LANE's ramp", "[name removed]'s ramp"),
    (["Al"], "Alpha and Al", "Alpha and [name removed]"),
    (["name", "removed"], "My name is Jo, ring 01632 960123", "My [name removed] is Jo, ring [telephone removed]"),
    (["", " . "], "Dr. Jo wrote.", "Dr. Jo wrote."),
    (["José"], "JOSÉ came", "[name removed] came"),
]


@pytest.mark.parametrize(("terms", "text", "masked"), NAMES, ids=[text for _, text, _ in NAMES])
def test_the_longest_name_goes_whole(terms: list[str], text: str, masked: str) -> None:
    assert mask(text, terms).text == masked
    assert mask(masked, terms).text == masked


# text                                  masked
REACHES = [
    ("+44 1632 960123", "[telephone removed]"),
    ("0044 (0)1632 960123", "[telephone removed]"),
    ("(01632) 960 123", "[telephone removed]"),
    ("07700900123", "[telephone removed]"),
    ("07700.900.123", "[telephone removed]"),
    ("9434765919", "[NHS number removed]"),
    ("943-476-5919", "[NHS number removed]"),
    ("Ward 1 943476591 9", "Ward 1 [NHS number removed]"),
    ("943\u200b476\u200b5919", "[NHS number removed]"),
    ("９４３４７６５９１９", "[NHS number removed]"),
    ("٩٤٣٤٧٦٥٩١٩", "[NHS number removed]"),
    ("x@y.org.uk", "[e-mail removed]"),
    ("ｘ＠ｙ.org", "[e-mail removed]"),
    ("sg13 8ar", "[postcode removed]"),
    ("SG138AR", "[postcode removed]"),
    ("In 2021 we paid £1,250,000 for 300 beds", "In 2021 we paid £1,250,000 for 300 beds"),
    ("A1 road, M25, item B12", "A1 road, M25, item B12"),
]


@pytest.mark.parametrize(("text", "masked"), REACHES, ids=[ascii(text) for text, _ in REACHES])
def test_ways_to_reach_a_person_go_in_every_spelling(text: str, masked: str) -> None:
    assert mask(text).text == masked


def test_ten_digits_with_a_wrong_check_digit_go_to_a_person() -> None:
    found = mask("My number is 943 476 5918.")
    assert (found.text, found.to_check, found.needs_a_person) == ("My number is 943 476 5918.", 1, True)
    assert mask(LETTER + " 943 476 5918").to_check == 1


def test_a_name_is_published_with_consent_alone() -> None:
    response = Response(
        "Jo Alpha", "Jo Alpha of Alpha Lane writes: see jo.alpha@example.org", email="jo.alpha@example.org",
        telephone="01632 960123", attachments=("Signed, Jo Alpha, 01632 960123",), file_names=("jo alpha.docx",),
        quoted=("> From: Jo Alpha <jo.alpha@example.org>",), names=("Alpha Lane",),
    )  # fmt: skip
    copy = public_copy(response)
    assert copy.name == NAME_WITHHELD == "Name withheld"
    assert copy.body == "[name removed] of [name removed] writes: see [e-mail removed]"
    assert copy.attachments == ("Signed, [name removed], [telephone removed]",)
    assert copy.file_names == ("[name removed].docx",)
    assert copy.quoted == ("> From: [name removed] <[e-mail removed]>",)
    assert [one.kind for one in copy.log["body"]] == ["name", "name", "e-mail"]
    assert response.body.startswith("Jo Alpha of")  # who wrote it still sees it, and so does the authority


def test_with_consent_the_name_stands_and_the_rest_goes_all_the_same() -> None:
    copy = public_copy(Response("Jo Alpha 01632 960123", "I, Jo Alpha, agree. 943 476 5918", consent_publish_name=True))
    assert (copy.name, copy.body) == ("Jo Alpha [telephone removed]", "I, Jo Alpha, agree. 943 476 5918")
    assert copy.needs_a_person
    assert public_copy(Response(" ", "x", consent_publish_name=True)).name == NAME_WITHHELD


# counts              as published             total
CELLS = [
    ([12, 3, 9], ("12", "*", "*"), 24),
    ([20, 2, 1], ("*", "*", "*"), 23),
    ([30, 4, 4, 12], ("30", "*", "*", "12"), 50),
    ([0, 3, 9], ("0", "*", "*"), 12),
    ([12, 5, 9], ("12", "5", "9"), 26),
    ([0, 0], ("0", "0"), 0),
    ([3, 0], ("*", "0"), None),  # fewer than 5 in all
    ([1, 1, 1, 1, 1, 30], ("*",) * 6, 35),  # five people in five cells would be one each
    ([1, 1, 1, 1, 1], ("*",) * 5, None),
    ([5, 3, 5, 6], ("*", "*", "*", "6"), 19),  # equal ones together
    ([5, 4, 4], ("*", "*", "*"), 13),  # beside a 5 that is shown, 8 people in two cells would be 4 and 4
]


@pytest.mark.parametrize(("cells", "shown", "total"), CELLS, ids=[str(cells) for cells, _, _ in CELLS])
def test_small_numbers_are_hidden_with_others_beside_them(
    cells: list[int], shown: tuple[str, ...], total: int | None
) -> None:
    found = hide_small_numbers(cells)
    assert (found.in_stars, found.total) == (shown, total)


def test_a_count_is_a_whole_number() -> None:
    with pytest.raises(RuleError, match="a count is -1"):
        hide_small_numbers([3, -1])
    with pytest.raises(RuleError, match="the threshold is 1; expected 2 or more"):
        hide_small_numbers([3], threshold=1)
