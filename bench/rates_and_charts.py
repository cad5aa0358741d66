"""How fast standardised rates of many areas and charts of many series are made: python bench/rates_and_charts.py

The peer, PHStatsMethods, is installed into an environment of its own that is removed afterwards (it is GPL, so never a
dependency), and reckons the same rates by its own function. Where all areas would take it too long, its seconds are
those of a slice, scaled up in proportion, and the line says so. Our figures are medians of five, in memory before and
after; those of the peer are of one run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from timing import median

from joinedup.measures import ESP2013, dsr, xmr

PEER = "phstatsmethods==0.1.16"
GROUPS, SERIES, POINTS = 100_000, 10_000, 36
PATIENCE = 120.0  # seconds that the peer may take for all areas before only a slice of them is measured
LIMITS = {f"standardised rates of {GROUPS:,} groups": 0.5, f"charts of {SERIES:,} series of {POINTS} points": 1.0}

# Run by the peer's own Python: the first areas only, then, if all would be quick enough, all of them.
ASKED = """
import json, sys, time, warnings
import pandas as pd
from PHStatsMethods import ph_dsr
warnings.simplefilter("ignore")
table = pd.read_pickle(sys.argv[1])
bands, patience = int(sys.argv[2]), float(sys.argv[3])
def ask(groups):
    asked = table.iloc[: groups * bands].copy()
    began = time.perf_counter()
    found = ph_dsr(asked, "events", "people", "weight", ["area"], euro_standard_pops=False)
    return time.perf_counter() - began, found
ask(10)
groups = min(500, len(table) // bands)
taken, found = ask(groups)
if taken * len(table) / bands / groups < patience:
    groups = len(table) // bands
    taken, found = ask(groups)
columns = [c for c in found.columns if found[c].dtype.kind == "f"]
first = found.set_index("area").sort_index().iloc[:100]
print(json.dumps({"groups": groups, "seconds": taken, "first": first[columns].to_dict("index")}))
"""


def main() -> int:
    table = rates_table()
    series = series_table()
    ours = dsr(table, "events", "people", by=["area"])
    figures = {
        f"standardised rates of {GROUPS:,} groups": median(lambda: dsr(table, "events", "people", by=["area"])),
        f"charts of {SERIES:,} series of {POINTS} points": median(
            lambda: xmr(series, "value", "month", by=["series"], improvement="increase", target=0.9)
        ),
    }
    missed = 0
    for what, figure in figures.items():
        print(f"{what}: {figure:.2f} s; limit {LIMITS[what]:.1f} s, ratio {LIMITS[what] / figure:.1f}")
        missed += figure > LIMITS[what]
    print(ask_peer(table, ours, figures[f"standardised rates of {GROUPS:,} groups"]))
    return 1 if missed else 0


def rates_table() -> pd.DataFrame:
    """One row for each area and band of the European standard, as it comes from an engine: texts and whole numbers."""
    draw = np.random.default_rng(1)
    bands = len(ESP2013)
    people = draw.integers(200, 2_000, GROUPS * bands)
    return pd.DataFrame(
        {
            "area": np.repeat(np.array([f"E{number:08}" for number in range(GROUPS)], dtype=object), bands),
            "band": np.tile(np.array(list(ESP2013), dtype=object), GROUPS),
            "events": draw.binomial(people, np.tile(np.linspace(0.002, 0.08, bands), GROUPS)),
            "people": people,
            "weight": np.tile(np.array(list(ESP2013.values())), GROUPS),
        }
    )


def series_table() -> pd.DataFrame:
    """Three years of months for each series, in no order."""
    draw = np.random.default_rng(2)
    months = pd.date_range("2023-01-01", periods=POINTS, freq="MS")
    table = pd.DataFrame(
        {
            "series": np.repeat(np.array([f"S{number:05}" for number in range(SERIES)], dtype=object), POINTS),
            "month": np.tile(months.to_numpy(), SERIES),
            "value": draw.normal(0.85, 0.03, SERIES * POINTS),
        }
    )
    return table.sample(frac=1, random_state=3, ignore_index=True)


def ask_peer(table: pd.DataFrame, ours: pd.DataFrame, our_seconds: float) -> str:
    """Answer a line about the peer: its seconds, the ratio, and whether it finds the same rates."""
    folder = Path(tempfile.mkdtemp(prefix="joinedup-bench-"))
    try:
        subprocess.run([sys.executable, "-m", "venv", folder / "peer"], check=True, capture_output=True)
        python = folder / "peer" / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", PEER], check=True, capture_output=True, timeout=300)
        table.to_pickle(folder / "table.pickle")
        asked: list[str | Path] = [python, "-c", ASKED, folder / "table.pickle", str(len(ESP2013)), str(PATIENCE)]
        told = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=600)
    except (subprocess.SubprocessError, OSError) as error:
        return f"peer left out: {PEER} could not be installed or run ({type(error).__name__})"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = json.loads(told.stdout)
    seconds = found["seconds"] * GROUPS / found["groups"]
    scaled = "" if found["groups"] == GROUPS else f", scaled up from {found['seconds']:.2f} s for {found['groups']:,}"
    theirs = pd.DataFrame.from_dict(found["first"], orient="index").to_numpy()
    equal = ours.set_index("area").loc[list(found["first"]), ["value", "lower", "upper"]].to_numpy()
    agree = "which agree" if np.allclose(theirs, equal, rtol=1e-9) else "which DIFFER"
    return (
        f"peer {PEER}: {seconds:.1f} s for the same rates ({agree} in the first {len(equal)}){scaled}; "
        f"ratio {seconds / our_seconds:.0f}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
