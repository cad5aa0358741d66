"""The check of accessibility has teeth: it finds faults that were planted, and lets a page without any pass."""

from __future__ import annotations

import pytest

GOOD = """<!doctype html><html lang="en"><head><title>A page</title></head><body><main><h1>A page</h1>
<p>Some text.</p></main></body></html>"""
FAULTS = {
    "image-alt": '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
    "label": '<input type="text">',
    "button-name": "<button></button>",
    "link-name": '<a href="/x"></a>',
    "color-contrast": '<p style="color:#777;background:#888">hard to read</p>',
    "aria-hidden-focus": '<div aria-hidden="true"><button>hidden</button></div>',
    "list": "<ul><p>not an item</p></ul>",
    "aria-required-attr": '<div role="checkbox" tabindex="0">tick</div>',
    "select-name": "<select><option>1</option></select>",
    "target-size": '<button style="width:9px;height:9px;padding:0">a</button><button '
    'style="width:9px;height:9px;padding:0">b</button>',
}


@pytest.mark.journey
def test_a_page_without_fault_passes(browser_page, assert_accessible) -> None:
    browser_page.set_content(GOOD)
    assert_accessible(browser_page)


@pytest.mark.journey
@pytest.mark.parametrize("rule", FAULTS)
def test_a_planted_fault_is_found(browser_page, assert_accessible, rule: str) -> None:
    browser_page.set_content(GOOD.replace("<p>Some text.</p>", FAULTS[rule]))
    with pytest.raises(AssertionError, match=rule):
        assert_accessible(browser_page)
