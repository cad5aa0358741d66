"""A drawn system, small enough to see whole: Littleshire, made of three cells, seven small areas and 10,500 people.

Two groups (01A, 01B) merge into 01X on 1 April 2020. The partnership becomes an integrated care system on 1 April 2021
by a letter of 19 March. The board QZ9 was planned for 1 April 2022 and came on 1 July; on that day Westham moves in
from Bigshire, and 01X is dissolved into the board.
"""

from __future__ import annotations

from pathlib import Path

TOML = """\
[system]
key = "littleshire"
name = "Littleshire"
area = "littleshire"

[[source]]
key = "plan"
title = "Plan for Littleshire"
published = "2016-03-15"

[[source]]
key = "letter"
title = "Letter to stakeholders"
published = "2021-03-19"

[[source]]
key = "order"
title = "Order of establishment"
published = "2022-07-01"

[[cell]]
key = "01X-north"
council = "E07000901"
council_name = "Northam"
sub_icb = "01X"
ccg_2021 = "E38000901"
small_areas = 3
population_mid2020 = 4501
imd2019_deciles = [1, 1, 0, 0, 1, 0, 0, 0, 0, 0]

[[cell]]
key = "01X-south"
council = "E07000902"
council_name = "Southam"
sub_icb = "01X"
ccg_2021 = "E38000901"
small_areas = 2
population_mid2020 = 3000
imd2019_deciles = [0, 0, 0, 0, 0, 0, 1, 0, 0, 1]

[[cell]]
key = "02X-west"
council = "E07000903"
council_name = "Westham"
sub_icb = "02X"
ccg_2021 = "E38000902"
small_areas = 2
population_mid2020 = 2999
imd2019_deciles = [0, 0, 0, 2, 0, 0, 0, 0, 0, 0]

[[area]]
key = "littleshire"
kind = "system"
source = "plan"
names = [{ name = "Littleshire", from = "2016" }]
codes = [
  { scheme = "ons", code = "E54000911", from = "2016", to = "2022-07-01" },
  { scheme = "ons", code = "E54000901", from = "2022-07-01", source = "order" },
]
cells = [{ cells = ["01X-*"], from = "2016" }]

[[area]]
key = "bigshire"
kind = "system"
source = "plan"
names = [{ name = "Bigshire", from = "2016" }]
cells = [{ cells = ["02X-west"], from = "2016" }]

[[area]]
key = "north"
kind = "place"
source = "plan"
names = [{ name = "Northam", from = "2013-04-01" }]
within = [{ area = "littleshire", from = "2016" }]
cells = [{ cells = ["01X-north"], from = "2013-04-01" }]

[[area]]
key = "south"
kind = "place"
source = "plan"
names = [{ name = "Southam", from = "2013-04-01" }]
within = [{ area = "littleshire", from = "2016" }]
cells = [{ cells = ["01X-south"], from = "2013-04-01" }]

[[body]]
key = "littleshire-ics"
kind = "stp"
legal_form = "partnership"
sector = "nhs"
source = "plan"
from = "2016"
names = [{ name = "Littleshire Partnership" }]
serves = [{ area = "littleshire", role = "leads", to = "2022-07-01" }]

[[body]]
key = "littleshire-icb"
kind = "icb"
legal_form = "statutory_corporate"
sector = "nhs"
source = "order"
names = [{ name = "NHS Littleshire Integrated Care Board" }]
codes = [{ scheme = "ods", code = "QZ9" }]
serves = [{ area = "littleshire", role = "leads" }]

[[body]]
key = "ccg-north"
kind = "ccg"
legal_form = "statutory_corporate"
sector = "nhs"
source = "plan"
from = "2013-04-01"
names = [{ name = "NHS Northam CCG" }]
codes = [{ scheme = "ods", code = "01A" }]
serves = [{ area = "north", role = "commissions_for" }]

[[body]]
key = "ccg-south"
kind = "ccg"
legal_form = "statutory_corporate"
sector = "nhs"
source = "plan"
from = "2013-04-01"
names = [{ name = "NHS Southam CCG" }]
codes = [{ scheme = "ods", code = "01B" }]
serves = [{ area = "south", role = "commissions_for" }]

[[body]]
key = "ccg-littleshire"
kind = "ccg"
legal_form = "statutory_corporate"
sector = "nhs"
source = "plan"
names = [{ name = "NHS Littleshire CCG", from = "2020-04-01" }]
codes = [{ scheme = "ods", code = "01X" }, { scheme = "ons", code = "E38000901" }]

[[body]]
key = "littleshire-trust"
kind = "nhs_trust"
legal_form = "nhs_trust"
sector = "nhs"
source = "plan"
from = "2010-04-01"
names = [{ name = "Littleshire Hospitals" }]
codes = [{ scheme = "ods", code = "RZ1" }]
contacts = [{ kind = "web", value = "https://trust.example.org" }]
links = [{ kind = "member_of", body = "littleshire-ics", from = "2016", share = "0.75" }]

[[person]]
key = "a-leader"
names = [{ name = "A Leader", source = "plan" }]

[[post]]
key = "leader"
body = "ccg-littleshire"
title = "Accountable officer"
source = "plan"
from = "2020-04-01"

[[employment]]
person = "a-leader"
employer = "ccg-littleshire"
post = "leader"
fte = "1"
source = "plan"
from = "2020-05"

[[assignment]]
person = "a-leader"
works_for = "ccg-littleshire"
post = "leader"
fte = "0.6"
source = "plan"
from = "2020-05"

[[assignment]]
person = "a-leader"
works_for = "littleshire-ics"
fte = "0.4"
source = "plan"
from = "2020-05"

[[function]]
key = "commission"
title = "Commission hospital care"
source = "plan"
owners = [
  { area = "north", body = "ccg-north", from = "2013-04-01" },
  { area = "south", body = "ccg-south", from = "2013-04-01" },
]

[[event]]
key = "merger"
kind = "merge"
originals = ["ccg-north", "ccg-south"]
results = ["ccg-littleshire"]
source = "plan"
beliefs = [{ certainty = "in_force", effective = "2020-04-01", known = "2020-04-01" }]

[[event]]
key = "becomes-ics"
kind = "redesignate"
originals = ["littleshire-ics"]
results = ["littleshire-ics"]
source = "letter"
becomes = { kind = "ics", legal_form = "partnership" }
name = "Littleshire Integrated Care System"
beliefs = [{ certainty = "in_force", effective = "2021-04-01" }]

[[event]]
key = "board"
kind = "found"
originals = []
results = ["littleshire-icb"]
source = "letter"
beliefs = [
  { certainty = "proposed", effective = "2022-04-01", known = "2020-11-26" },
  { certainty = "in_force", effective = "2022-07-01", source = "order" },
]

[[event]]
key = "end-of-01x"
kind = "dissolve"
originals = ["ccg-littleshire"]
results = ["littleshire-icb"]
source = "order"
beliefs = [{ certainty = "in_force", effective = "2022-07-01" }]

[[event]]
key = "westham"
kind = "boundary_change"
originals = []
results = []
source = "order"
cells = ["02X-west"]
from_area = "bigshire"
to_area = "littleshire"
beliefs = [{ certainty = "in_force", effective = "2022-07-01" }]

# End of file
"""


def write(folder: Path, *changes: tuple[str, str], name: str = "littleshire.toml") -> Path:
    """Write the system into a folder with words replaced; each must stand exactly once, so that a change is one."""
    text = TOML
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def line_of(path: Path, words: str) -> int:
    """Answer the number of the only line of a file that holds these words, counted from 1."""
    found = [number for number, line in enumerate(path.read_text().split("\n"), 1) if words in line]
    assert len(found) == 1, f"{words!r} stands in lines {found}"
    return found[0]
