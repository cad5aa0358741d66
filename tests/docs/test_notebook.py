"""The tutorial's notebook runs from its first cell to its last, and says the same as the page beside it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.made_population import make

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial"
RUN = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


def code_of_the_page() -> list[str]:
    page = (TUTORIAL / "one-population.md").read_text()
    return [block.rstrip("\n") for block in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)]


def test_the_notebook_has_the_code_of_the_page() -> None:
    notebook = json.loads((TUTORIAL / "one-population.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert cells == code_of_the_page()
    assert all(not cell.get("outputs") for cell in notebook["cells"])


def test_from_snapshot_to_chart_takes_at_most_twenty_lines() -> None:
    lines = [line for block in code_of_the_page() for line in block.splitlines() if line.strip()]
    assert len(lines) <= 20


def test_the_notebook_runs_and_ends_with_a_chart_of_five_fifths(tmp_path: Path) -> None:
    make(tmp_path / "data" / "snapshots", residents=6_000)
    done = tmp_path / "done.ipynb"
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(TUTORIAL / "one-population.ipynb"), str(done)],
        env={**os.environ, "JOINEDUP_DATA": str(tmp_path / "data"), "IPYTHONDIR": str(tmp_path / "ipython")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    outputs = json.loads(done.read_text())["cells"][-2]["outputs"]
    drawn = "".join(next(output["data"] for output in outputs if "data" in output)["image/svg+xml"])
    assert drawn.count('aria-roledescription="bar"') == 5
    assert drawn.count('aria-roledescription="rule mark"') == 5
    assert re.search(r"deprived: -?\d+\.\d percentage points", drawn)
