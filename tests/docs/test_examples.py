"""Python in the docs that shows its answers is run, and answers what the page says."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if re.search(r"^```python\n>>> ", page.read_text(), re.MULTILINE)]


def test_there_are_examples_to_run() -> None:
    assert DOCS / "explanation" / "how-a-decision-is-counted.md" in PAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_answer_what_the_page_says(page: Path) -> None:
    examples = doctest.DocTestParser().get_doctest(page.read_text(), {}, page.stem, str(page), 0)
    said: list[str] = []
    outcome = doctest.DocTestRunner(optionflags=doctest.FAIL_FAST).run(examples, out=said.append)
    assert outcome.attempted > 0
    assert not outcome.failed, "".join(said)
