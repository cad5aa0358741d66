"""The population that standardised rates are weighted by: the European Standard Population of 2013.

Source: Eurostat, Revision of the European Standard Population, KS-RA-13-028, in the 19 bands up to 90 and over.
"""

from __future__ import annotations

from collections.abc import Iterable

from joinedup.measures.statistics.frames import StatError

ESP2013: dict[str, int] = {
    "0-4": 5_000, "5-9": 5_500, "10-14": 5_500, "15-19": 5_500, "20-24": 6_000, "25-29": 6_000, "30-34": 6_500,
    "35-39": 7_000, "40-44": 7_000, "45-49": 7_000, "50-54": 7_000, "55-59": 6_500, "60-64": 6_000, "65-69": 5_500,
    "70-74": 5_000, "75-79": 4_000, "80-84": 2_500, "85-89": 1_500, "90+": 1_000,
}  # fmt: skip

assert sum(ESP2013.values()) == 100_000, "the European Standard Population is one of 100,000 people"

STANDARDS = {"esp2013": ESP2013}


def band_of(label: object) -> str:
    """Answer a label of a band as the standard writes it: "0–4" and " 0 - 4" are "0-4"."""
    return str(label).replace("–", "-").replace(" ", "")


def esp2013_weights(bands: Iterable[str]) -> dict[str, int]:
    """Answer the weights of wider bands, each made of whole bands of the standard: {"0-39": 47000, "65+": 19500}.

    For `dsr(..., weight=esp2013_weights([...]))` where the data have fewer bands, or fewer ages than all (under 75).
    StatError: a band that cuts one of the standard's, or two that overlap.
    """
    edges = {_ages(label): weight for label, weight in ESP2013.items()}
    weights: dict[str, int] = {}
    taken: set[tuple[int, int]] = set()
    for band in map(band_of, bands):
        from_age, to_age = _ages(band)
        inside = {ages for ages in edges if from_age <= ages[0] and ages[1] <= to_age}
        if not inside or min(inside)[0] != from_age or max(inside)[1] != to_age or inside & taken:
            raise StatError(
                "unknown_band", [], f"Band '{band}' must be made of whole bands of the standard that no other has."
            )
        taken |= inside
        weights[band] = sum(edges[ages] for ages in inside)
    return weights


def _ages(label: str) -> tuple[int, int]:
    first, _, last = label.partition("-")
    try:
        return (int(label[:-1]), 999) if label.endswith("+") else (int(first), int(last or first))
    except ValueError:
        raise StatError("unknown_band", [], f"An age band is written as 5-9 or 90+, not '{label}'.") from None
