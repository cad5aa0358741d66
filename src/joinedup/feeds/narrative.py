"""Whether a narrative is the XHTML that FHIR R4 allows: well formed, only formatting, nothing that acts (txt-1, txt-2).

Read by its own few patterns, not by an XML parser: there is no document type, no entity to expand, nothing to fetch.
"""

from __future__ import annotations

import re

NAMESPACE = "http://www.w3.org/1999/xhtml"
# FHIR R4, narrative: the elements of HTML 4.0, chapters 7-11 (without section 4 of chapter 9) and 15, <a> and <img>.
_FORMATTING = (
    "a abbr acronym address b big blockquote br caption center cite code col colgroup dd dfn div dl dt em font h1 h2 "
    "h3 h4 h5 h6 hr i img li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul u "
    "s strike del ins bdo kbd var label"
)
_OF_FORMATTING = (
    "title style class id lang xml:lang dir accesskey tabindex span width align valign char charoff abbr axis headers "
    "scope rowspan colspan href name src alt border cellspacing cellpadding compact type value start cite datetime "
    "hreflang rel rev height bgcolor nowrap color size face clear noshade frame rules summary xmlns target "
    "usemap shape coords charset longdesc hspace vspace for"
)
_ELEMENTS, _ATTRIBUTES = frozenset(_FORMATTING.split()), frozenset(_OF_FORMATTING.split())
_TOKEN = re.compile(
    r"<!--.*?-->|<(/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*)\s*(/?)>|<", re.DOTALL
)
_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_ENTITY = re.compile(r"&(?:#(\d+|x[0-9A-Fa-f]+)|(\w+))?(;?)")
# HTML has many more; XML without a document type knows these five.
_ENTITIES = ("lt", "gt", "amp", "quot", "apos")
_ACTIVE = ("javascript:", "vbscript:")


def fault(div: str) -> str | None:
    """Answer what is wrong with the `div` of a Narrative, or None."""
    open_elements: list[str] = []
    has_text, has_begun = False, False
    at = 0
    for token in _TOKEN.finditer(div):
        between = div[at : token.start()]
        if (wrong := _text_fault(between, bool(open_elements))) is not None:
            return wrong
        has_text = has_text or bool(between.strip())
        at = token.end()
        if token[0] == "<":
            return "expected well-formed XHTML"
        if token[0].startswith("<!--"):
            continue
        closes, name, attributes, is_empty = token[1], token[2], token[3], token[4]
        if closes:
            if not open_elements or open_elements.pop() != name:
                return "expected well-formed XHTML: each element closed in its turn"
            continue
        if not open_elements and (has_begun or name != "div" or NAMESPACE not in attributes):
            return "expected one div of the XHTML namespace"
        has_begun = True
        if name not in _ELEMENTS:
            return "expected only elements that format (txt-1)"
        if (wrong := _attribute_fault(attributes)) is not None:
            return wrong
        has_text = has_text or name == "img"
        if not is_empty:
            open_elements.append(name)
    if open_elements or not has_begun:
        return "expected well-formed XHTML: each element closed"
    if div[at:].strip():
        return "expected nothing after the div"
    return None if has_text else "expected some text or an image (txt-2)"


def _text_fault(text: str, is_inside: bool) -> str | None:
    if text.strip() and not is_inside:
        return "expected text only inside the div"
    for entity in _ENTITY.finditer(text):
        name = entity[2]
        if not entity[3] or not (entity[1] or name in _ENTITIES):
            return "expected only the entities of XML"
    return None


def _attribute_fault(attributes: str) -> str | None:
    for attribute in _ATTRIBUTE.finditer(attributes):
        name, value = attribute[1], attribute[2] or attribute[3] or ""
        if name not in _ATTRIBUTES and not name.startswith("xmlns:"):
            return "expected only attributes that format (txt-1)"
        if name in ("href", "src") and value.strip().lower().startswith(_ACTIVE):
            return "expected links that do not act"
    return None
