"""How fast a board pack becomes tagged PDF: python bench/board_pack.py

A pack of at least 200 pages: 30 items, each with two papers of 26 paragraphs, their parts, declarations, expected
effects, decisions and citations. CPU seconds of making the PDF/UA-1 from the values; reading them is not in it.
"""

from __future__ import annotations

import io
import sys
import time
from datetime import UTC, date, datetime

from joinedup.governance.publication.pack import Cited, Pack, PackItem, PackPaper
from joinedup.governance.publication.pack_pdf import pdf_of

PAGES, LIMIT = 200, 20.0
SENTENCE = "The board is asked to weigh what residents said against what the services can do within the year. "


def main() -> int:
    import pypdf

    began = time.process_time()
    made = pdf_of(pack())
    seconds = time.process_time() - began

    pages = len(pypdf.PdfReader(io.BytesIO(made)).pages)
    print(
        f"a board pack of {pages} pages as tagged PDF: {seconds:.2f} CPU s; limit {LIMIT:.1f} s, ratio "
        f"{LIMIT / seconds:.1f}; {len(made) / 1e6:.1f} MB"
    )
    print("Peer: WeasyPrint took 15.8 s for 200 pages on another machine; it is not installed here.")
    return 1 if seconds > LIMIT or pages < PAGES else 0


def pack() -> Pack:
    facts = (("Purposes", SENTENCE), ("Better quality of care", SENTENCE), ("Evidence", SENTENCE), ("Cost", "£0.00"))
    cites = tuple(Cited("Measure", f"measure-{number}", SENTENCE) for number in range(6))
    papers = tuple(PackPaper(f"p{n}", 1, f"Paper {n}", facts, (SENTENCE * 7,) * 26, cites) for n in range(2))
    items = tuple(
        PackItem(n, f"Matter {n}", "For decision", False, facts, facts, (SENTENCE,) * 3, f"d-{n}", facts, papers)
        for n in range(1, 31)
    )
    return Pack(
        "m", "b", "A board, 23 September 2022", facts, items, (SENTENCE,) * 5, (SENTENCE,) * 20, "members",
        date(2022, 9, 23), datetime(2022, 9, 20, tzinfo=UTC),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
