"""What all drawings share: an SVG that needs no style of its own, kept by the digest of what it shows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

# Change it when the same values are to be drawn differently: drawings kept from before are then not found.
EDITION = 1
_STYLE_ELEMENT = re.compile(r"<style\b.*?</style>|<style\b[^>]*/>", re.DOTALL | re.IGNORECASE)
_STYLE_ATTRIBUTE = re.compile(r"""\sstyle=(?:"([^"]*)"|'([^']*)')""")
_HANDLER = re.compile(r"""\son[a-z]+=(?:"[^"]*"|'[^']*')""", re.IGNORECASE)


def kept(what: str, draw: Callable[[], str]) -> str:
    """Answer the drawing of `what` from the cache "drawings", drawing it when it is not there."""
    from django.core.cache import caches  # type: ignore[import-untyped]  # A drawing itself needs no Django.

    key = f"{EDITION}-{digest(what)}"
    found = caches["drawings"].get(key)
    if found is None:
        found = draw()
        caches["drawings"].set(key, found)
    return str(found)


def digest(what: str) -> str:
    """Answer the name under which a drawing is kept."""
    return hashlib.sha256(what.encode()).hexdigest()[:32]


def without_styles(svg: str) -> str:
    """Answer the SVG with each inline style turned into attributes, and without style elements and event handlers.

    The site's Content-Security-Policy refuses inline styles, so a browser would drop them: as attributes they count.
    """
    svg = _STYLE_ELEMENT.sub("", svg)
    svg = _HANDLER.sub("", svg)
    return re.sub(r"<[a-zA-Z][^<>]*>", lambda tag: _attributes(tag.group(0)), svg)


def _attributes(tag: str) -> str:
    styles = _STYLE_ATTRIBUTE.findall(tag)
    if not styles:
        return tag
    tag = _STYLE_ATTRIBUTE.sub("", tag)
    given = set(re.findall(r"\s([a-zA-Z:-]+)=", tag))
    added = ""
    for double, single in styles:
        for part in (double or single).replace("&quot;", "'").split(";"):
            name, colon, value = part.partition(":")
            if colon and name.strip() not in given:
                added += f' {name.strip()}="{value.strip()}"'
    end = "/>" if tag.endswith("/>") else ">"
    return tag[: -len(end)] + added + end


def rounded(svg: str, places: int = 1) -> str:
    """Answer the SVG with the numbers of its paths and moves rounded: no eye sees a thousandth of a pixel."""

    def shorter(match: re.Match[str]) -> str:
        return re.sub(r"-?\d+\.\d+", lambda number: f"{float(number.group(0)):.{places}f}", match.group(0))

    return re.sub(r'\s(?:d|transform|x|y|x1|x2|y1|y2|width|height)="[^"]*"', shorter, svg)
