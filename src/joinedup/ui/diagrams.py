"""A diagram of what came from what: boxes in columns from left to right, arrows between them, and the same in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from html import escape

from joinedup.errors import RuleError, did_you_mean

BOX_WIDTH, COLUMN_GAP, ROW_GAP, EDGE = 240, 72, 18, 6
# Letters that fit a box: bold ones of the name, and smaller ones of the line below, at Arial's widths.
LINE_HEIGHT, LETTERS, DETAIL_LETTERS, MOST_LINES = 20, 22, 30, 4


@dataclass(frozen=True, slots=True)
class Box:
    """One box: what it is called, a smaller line below, where it leads, and whether this page is about it."""

    id: str
    text: str
    detail: str = ""
    href: str | None = None
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow from one box to another; `words` say what happened, such as "merged on 1 April 2021"."""

    origin: str
    result: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box stands on the sheet, with the lines of its text."""

    x: int
    y: int
    height: int
    lines: tuple[str, ...]
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diagram:
    """Boxes and arrows with a title and a sentence that says what they show. `{{ diagram(d) }}` shows it.

    A box stands to the right of everything that leads to it. Arrows that close a circle are drawn but do not move
    boxes. RuleError when an arrow names a box that is not there.
    """

    boxes: Sequence[Box]
    arrows: Sequence[Arrow]
    _: KW_ONLY
    title: str
    summary: str = ""

    def __post_init__(self) -> None:
        known = {box.id for box in self.boxes}
        for arrow in self.arrows:
            for end in (arrow.origin, arrow.result):
                if end not in known:
                    raise RuleError(f"An arrow names '{end}', which is no box.{did_you_mean(end, known)}")

    @property
    def sentences(self) -> list[str]:
        """Answer each arrow in words, in the order of the arrows."""
        name = {box.id: box.text for box in self.boxes}
        return [
            f"{name[arrow.origin]} → {name[arrow.result]}" + (f": {arrow.words}" if arrow.words else "")
            for arrow in self.arrows
        ]

    @property
    def svg(self) -> str:
        """Answer the diagram as inline SVG, without style elements or attributes."""
        return draw(self)


def columns(boxes: Sequence[Box], arrows: Iterable[Arrow]) -> list[list[str]]:
    """Answer the boxes' ids in columns: each stands one column after the last of those that lead to it.

    Within a column boxes are ordered by the middle of those that lead to them, so that arrows cross little; boxes
    that nothing leads to keep their order and stand just before the first that they lead to.
    """
    order = [box.id for box in boxes]
    leads: dict[str, list[str]] = {box: [] for box in order}
    for arrow in arrows:
        if arrow.origin != arrow.result:
            leads[arrow.origin].append(arrow.result)
    forward = _without_circles(order, leads)
    before: dict[str, list[str]] = {box: [] for box in order}
    for origin, results in forward.items():
        for result in results:
            before[result].append(origin)
    depth: dict[str, int] = {}

    def reach(box: str) -> int:
        if box not in depth:
            depth[box] = max((reach(origin) + 1 for origin in before[box]), default=0)
        return depth[box]

    for box in order:
        reach(box)
    for box in order:
        if not before[box] and forward[box]:
            depth[box] = min(depth[result] for result in forward[box]) - 1
    standing: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for box in order:
        standing[depth[box]].append(box)
    for place in range(1, len(standing)):
        height = {box: row for column in standing[:place] for row, box in enumerate(column)}
        standing[place].sort(
            key=lambda box: sum(height[o] for o in before[box]) / len(before[box]) if before[box] else 0.0
        )
    return standing


def _without_circles(order: Sequence[str], leads: dict[str, list[str]]) -> dict[str, list[str]]:
    """Answer the arrows without those that lead back to where the walk came from."""
    forward: dict[str, list[str]] = {box: [] for box in order}
    done: set[str] = set()
    for start in order:
        if start in done:
            continue
        walk: list[tuple[str, int]] = [(start, 0)]
        on_walk = {start}
        while walk:
            box, number = walk.pop()
            if number < len(leads[box]):
                walk.append((box, number + 1))
                result = leads[box][number]
                if result in on_walk:
                    continue
                forward[box].append(result)
                if result not in done:
                    walk.append((result, 0))
                    on_walk.add(result)
            else:
                done.add(box)
                on_walk.discard(box)
    return forward


def wrapped(text: str, letters: int = LETTERS, most: int = MOST_LINES) -> tuple[str, ...]:
    """Answer a text as lines of at most so many letters; what does not fit ends in an ellipsis."""
    lines = [""]
    for word in text.split():
        while len(word) > letters:
            lines.append(word[: letters - 1] + "-")
            word = word[letters - 1 :]
        if len(lines[-1]) + len(word) + 1 > letters and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    lines = [line for line in lines if line]
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1][: letters - 1].rstrip() + "…"]
    return tuple(lines)


def places(diagram: Diagram) -> tuple[dict[str, Place], int, int]:
    """Answer where each box stands, and the width and height of the sheet."""
    by_id = {box.id: box for box in diagram.boxes}
    standing = columns(diagram.boxes, diagram.arrows)
    sizes = {}
    for box in diagram.boxes:
        lines, details = wrapped(box.text), wrapped(box.detail, DETAIL_LETTERS)
        sizes[box.id] = (lines, details, 20 + LINE_HEIGHT * (len(lines) + len(details)))
    heights = [sum(sizes[b][2] for b in column) + ROW_GAP * (len(column) - 1) for column in standing]
    tallest = max(heights, default=0)
    found: dict[str, Place] = {}
    for number, column in enumerate(standing):
        y = EDGE + (tallest - heights[number]) // 2
        for box_id in column:
            lines, details, height = sizes[by_id[box_id].id]
            found[box_id] = Place(EDGE + number * (BOX_WIDTH + COLUMN_GAP), y, height, lines, details)
            y += height + ROW_GAP
    width = 2 * EDGE + len(standing) * BOX_WIDTH + max(len(standing) - 1, 0) * COLUMN_GAP
    return found, width, tallest + 2 * EDGE


def draw(diagram: Diagram) -> str:
    """Answer the diagram as SVG in its natural size, since its letters must stay readable."""
    found, width, height = places(diagram)
    parts = []
    for arrow in diagram.arrows:
        a, b = found[arrow.origin], found[arrow.result]
        x1, y1, x2, y2 = a.x + BOX_WIDTH, a.y + a.height // 2, b.x - 9, b.y + b.height // 2
        bend = COLUMN_GAP // 2
        said = f"<title>{escape(arrow.words)}</title>" if arrow.words else ""
        parts.append(
            f'<path d="M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}" fill="none" stroke="#4c6272" '
            f'stroke-width="2">{said}</path><path d="M{x2} {y2 - 6}l9 6-9 6z" fill="#4c6272"/>'
        )
    for box in diagram.boxes:
        parts.append(_box(box, found[box.id]))
    role = "group" if any(box.href for box in diagram.boxes) else "img"
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="{role}" '
        f'aria-label="{escape(diagram.title)}" font-family="Arial, sans-serif" font-size="16">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>'
    )


def _box(box: Box, at: Place) -> str:
    fill, ink, edge = ("#005eb8", "#fff", "#003087") if box.is_current else ("#fff", "#212b32", "#005eb8")
    lines = []
    y = at.y + 10
    for number, line in enumerate((*at.lines, *at.details)):
        y += LINE_HEIGHT
        weight = ' font-weight="700"' if number < len(at.lines) else ' font-size="14"'
        underline = ' text-decoration="underline"' if box.href and number < len(at.lines) else ""
        lines.append(f'<text x="{at.x + 12}" y="{y - 5}" fill="{ink}"{weight}{underline}>{escape(line)} </text>')
    shape = (
        f'<rect x="{at.x}" y="{at.y}" width="{BOX_WIDTH}" height="{at.height}" rx="4" fill="{fill}" '
        f'stroke="{edge}" stroke-width="2"/>{"".join(lines)}'
    )
    if box.href and not box.is_current:
        return f'<a href="{escape(box.href)}">{shape}</a>'
    return f"<g>{shape}</g>"
