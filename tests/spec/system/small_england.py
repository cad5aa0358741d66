"""A drawn England of ten small areas in the form in which the real one is published, file by file.

Littleshire (`littleshire.py`) is in it: its groups 01A and 01B became 01X, and Westham (02X) joins it in July 2022. Its
partnership bore the code E54000911, its board's area bears E54000901. The rest is Bigshire (03X). Of trusts, RZ0 has
become RZ1; of practices, one is in no network and one changes its network.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

SMALL_AREAS = 10
YEARS = range(16, 25)


def csv(*rows: str) -> str:
    return "".join(",".join(cell.strip() for cell in row.split("|")) + "\n" for row in rows)


def small_area(code: str, council: str, location: str, board: str, rank: int, decile: int, people: int) -> str:
    names = {"E07000901": "Northam", "E07000902": "Southam", "E07000903": "Westham", "E07000904": "Eastham"}
    ons = {"01X": "E38000901", "02X": "E38000902", "03X": "E38000903", "QZ9": "E54000901", "QZ8": "E54000902"}
    name = {"QZ9": "NHS Littleshire Integrated Care Board", "QZ8": "NHS Bigshire Integrated Care Board"}[board]
    return (
        f"{code}|{names[council]} {code[-3:]}|E02000901|{council}|{names[council]}|{ons[location]}|{location}|"
        f"{ons[board]}|{board}|{name}|Urban|{rank}|{decile}|100|200|300|400|100|50|{people - 1150}|{people}"
    )


MASTER = csv(
    "lsoa11_code|lsoa11_name|msoa11_code|ltla22_code|ltla22_name|sicbl22_code|sicbl22_code_h|icb22_code|icb22_code_h|"
    "icb22_name|ruc|IMD_rank|IMD_decile|pop_0_4|pop_5_17|pop_18_39|pop_40_64|pop_65_74|pop_75_84|pop_85plus|pop_total",
    small_area("E01000901", "E07000901", "01X", "QZ9", 1, 1, 1500),
    small_area("E01000902", "E07000901", "01X", "QZ9", 2, 2, 1500),
    small_area("E01000903", "E07000901", "01X", "QZ9", 5, 5, 1501),
    small_area("E01000904", "E07000902", "01X", "QZ9", 7, 7, 1500),
    small_area("E01000905", "E07000902", "01X", "QZ9", 10, 10, 1500),
    small_area("E01000906", "E07000903", "02X", "QZ9", 3, 4, 1500),
    small_area("E01000907", "E07000903", "02X", "QZ9", 4, 4, 1499),
    small_area("E01000908", "E07000904", "03X", "QZ8", 6, 6, 1200),
    small_area("E01000909", "E07000904", "03X", "QZ8", 8, 8, 1200),
    small_area("E01000910", "E07000904", "03X", "QZ8", 9, 9, 1200),
)
LINEAGE = csv(
    "stp21_code|stp21_name|ccg21_code|ccg21_name|icb22_code|icb22_code_h|icb22_name|sicbl22_code|sicbl22_code_h|lsoas",
    "E54000911|Littleshire Partnership|E38000901|NHS Littleshire CCG|E54000901|QZ9|"
    "NHS Littleshire Integrated Care Board|E38000901|01X|5",
    "E54000902|Bigshire Partnership|E38000902|NHS Westham CCG|E54000901|QZ9|NHS Littleshire Integrated Care Board"
    "|E38000902|02X|2",
    "E54000902|Bigshire Partnership|E38000903|NHS Eastham CCG|E54000902|QZ8|NHS Bigshire Integrated Care Board"
    "|E38000903|03X|3",
)
SUCCESSION = csv(
    "old_code|new_code|date", "01A|01X|2020-04-01", "01B|01X|2020-04-01", "5AA|01A|2013-04-01", "RZ0|RZ1|2019-04-01"
)
BOARDS = [
    {"ods_code": "QZ9", "gss_code": "E54000901", "name": "NHS LITTLESHIRE INTEGRATED CARE BOARD"},
    {"ods_code": "QZ8", "gss_code": "E54000902", "name": "NHS BIGSHIRE INTEGRATED CARE BOARD"},
]
REGIONS = [
    {
        "NHS_ENGLAND_REGION_ONS_CODE": "E40000901",
        "NHS_ENGLAND_REGION_CODE": "Y91",
        "NHS_ENGLAND_REGION_NAME": "Midlands",
    }
]
LISTS = [
    {
        "NHS England Region": "Midlands (Y91)", "NHS England Region Code": "Y91", "ODS ICB Code": board,
        "ONS ICB Boundary Code": ons, "ICB Name": name, "ODS Sub ICB Code": location, "Local Authority": council,
        "ODS LA Code": "901", "NHS Trusts": trust, "ODS Trust Code": code,
    }
    for board, ons, name, location, council, trust, code in (
        ("QZ9", "E54000901", "Littleshire", "02X", "Northam", "Littleshire Hospitals", "RZ1"),
        ("QZ9", "E54000901", "Littleshire", "01X", "Westham", "", ""),
        ("QZ8", "E54000902", "Bigshire", "03X", "Eastham", "", ""),
    )
]  # fmt: skip
TRUSTS = [
    {"ods_code": "RZ1", "trust_name": "LITTLESHIRE HOSPITALS NHS TRUST"},
    {"ods_code": "RZ0", "trust_name": "OLD INFIRMARY NHS TRUST"},
]
COUNCILS = csv(
    "|".join(f"ltla{year}_code|ltla{year}_name" for year in YEARS),
    *(
        "|".join(f"{code}|{name}" for _ in YEARS)
        for code, name in (
            ("E07000901", "Northam"),
            ("E07000902", "Southam"),
            ("E07000903", "Westham"),
            ("E07000904", "Eastham"),
            ("W06000001", "Cwm"),
        )
    ),
)
PRACTICES = csv(
    "Practice_Code|GP_Practice_Name|Practice_Postcode|Latitude|Longitude|PCN_Code|PCN_Name|LOC22|ICS22|LAD21|Patients",
    "Y90001|North Surgery|LS1 1AA|51.9|-0.1|U90001|Northam PCN|01X|QZ9|E07000901|4000",
    "Y90002|South Surgery|LS2 1AA|51.8|-0.1|U90002|Southam PCN|01X|QZ9|E07000902|3000",
    "Y90003|Lone Surgery|LS3 1AA|51.7|-0.1|U|Unallocated|02X|QZ9|E07000903|2000",
)
LATER_PRACTICES = csv(
    "PRACTICE_CODE|PCN_ODS_CODE|PCN_NAME|postcode|lat|lon|Number of Registered Patients (Last Known Figure)",
    "Y90001|U90002|Southam PCN|LS1 1AB|51.9|-0.1|4100.5",
)
SHARES = csv("nhs_trust22_code|icb22_code|proportion_trust_came_from_icb", "RZ1|E54000901|0.75", "RZ1|E54000902|0.25")


def outlines(code: str, *codes: str) -> dict[str, Any]:
    square = {"type": "Polygon", "coordinates": [[[0, 51], [1, 51], [1, 52], [0, 51]]]}
    features = [{"type": "Feature", "properties": {code: one}, "geometry": square} for one in codes]
    return {"type": "FeatureCollection", "features": features}


FILES: dict[str, Any] = {
    "england_lsoa11_master.csv.gz": MASTER,
    "area_lineage_2021_to_2022.csv": LINEAGE,
    "ods_succession_all.csv": SUCCESSION,
    "integrated_care_boards.json": BOARDS,
    "integrated_care_boards_local_authorities.json": LISTS,
    "nhs_england_regions.json": REGIONS,
    "trusts.json": TRUSTS,
    "lookup_nhs_trusts22_icb22.csv": SHARES,
    "lookup_ltla_ltla.csv": COUNCILS,
    "wp_2022_2023.csv": PRACTICES,
    "hwe_practices_2023_24.csv": LATER_PRACTICES,
    "lsoa11_HWE.geojson": outlines("lsoa11_code", "E01000901"),
    "icb22_england.geojson": outlines("icb22_code", "E54000901", "E54000902"),
    "ltla24_england.geojson": outlines("ltla24_code", "E07000901"),
}


def text_of(name: str) -> str:
    """Answer the text of a file as it is published; JSON over several lines, so that a line can be named."""
    content = FILES[name]
    return content if isinstance(content, str) else json.dumps(content, indent=1) + "\n"


def write(folder: Path, name: str = "", content: bytes | str | None = None) -> Path:
    """Write all the files; the one that is named with other content, packed if its name says so."""
    for file in FILES:
        text = text_of(file)
        data = text.encode()
        if file == name and content is not None:
            data = content.encode() if isinstance(content, str) else content
        is_text = not (file == name and isinstance(content, bytes))
        path = folder / file
        path.write_bytes(gzip.compress(data, mtime=0) if file.endswith(".gz") and is_text else data)
    return folder
