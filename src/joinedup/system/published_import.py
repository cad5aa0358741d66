"""Storing the published files: every small area, board, CCG, trust, council, network and practice of England.

All of it is one transaction. Things that a system file has described already keep what it says of them; the import adds
the rest, puts the published small areas in the place of the simulated ones and reports what the files contradict.
Rows go in by COPY, because 150,000 single inserts would take minutes.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model
from django.db.models.functions import Now

from joinedup.errors import FileError, did_you_mean
from joinedup.moment import start_of_day
from joinedup.system import councils, published
from joinedup.system.change import circle
from joinedup.system.facts import Basis, copy_rows, on_day, state
from joinedup.system.load import thing_id
from joinedup.system.models import (
    PARTITIONS,
    Area,
    Body,
    ChangeEvent,
    CodeSuccession,
    EventBelief,
    EventParty,
    Fact,
    Identifier,
    Link,
    Name,
    Outline,
    Part,
    Serving,
    Site,
    SmallArea,
    Source,
    Standing,
    Within,
)
from joinedup.system.periods import PartialDate
from joinedup.system.published import AGAIN, CATALOGUE
from joinedup.system.shares import largest_remainder, main_of
from joinedup.system.succession import index, report, resolve, walk_back

CCGS_BEGAN = date(2013, 4, 1)
STPS_OF_FILE = date(2021, 4, 1)
ICBS_BEGAN = date(2022, 7, 1)
BEFORE_THE_FILES = date(1992, 4, 1)
START_UNKNOWN = "The published files do not say when it began; it is shown from 1992, where the succession file starts."
OnStep = Callable[[str, int, int], None]  # what is done now, its number from 0, and how many there are
AGES = ("pop_0_4", "pop_5_17", "pop_18_39", "pop_40_64", "pop_65_74", "pop_75_84", "pop_85plus")


@dataclass(slots=True)
class Imported:
    """What an import did: counts of what was added, and lines for people about what the files leave open."""

    added: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    is_unchanged: bool = False


def store_published(folder: Path, recorded_by: str, on_step: OnStep) -> Imported:
    """Import every published file below a folder, inside the caller's transaction; `on_step` hears of each step.

    The same files twice change nothing. Raises FileError for the first thing wrong; the transaction keeps nothing.
    """
    files = published.find_files(folder)
    digests = {name: published.digest(path) for name, path in files.items()}
    stored = dict(Source.objects.filter(key__startswith="published:").values_list("key", "digest"))
    if stored and all(stored.get(f"published:{name}") == value for name, value in digests.items()):
        return Imported(files=sorted(files), is_unchanged=True)
    if stored:
        changed = [name for name, value in digests.items() if stored.get(f"published:{name}") not in (None, value)]
        raise FileError(
            ", ".join(changed) or str(folder),
            "published files were imported before, from another edition.",
            "A second edition is not supported yet: import it into an empty database.",
        )
    return _Import(files, digests, recorded_by).run(on_step)


class _Import:
    def __init__(self, files: Mapping[str, Path], digests: Mapping[str, str], recorded_by: str) -> None:
        self.files, self.recorded_by = files, recorded_by
        self.done = Imported(files=sorted(files))
        self.facts: dict[type[Fact], list[tuple[Any, ...]]] = defaultdict(list)
        self.things: dict[type[Model], list[Any]] = {Body: [], Area: []}
        self.known: dict[str, datetime] = {}
        for name in files:
            entry = CATALOGUE[name]
            Source.objects.create(
                key=f"published:{name}", title=entry.title, publisher=entry.publisher, published=entry.published,
                licence="Open Government Licence v3.0", digest=digests[name],
            )  # fmt: skip
            self.known[name] = start_of_day(PartialDate.parse(entry.published).earliest)
        self.bodies: dict[str, UUID] = {}  # ODS and ONS codes already borne by bodies ...
        self.areas: dict[str, UUID] = {}  # ... and by areas
        for code, body, area in Identifier.objects.values_list("code", "body_id", "area_id"):
            if body:
                self.bodies[code] = body
            else:
                self.areas[code] = area
        self.described = set(self.bodies) | set(self.areas)

    def run(self, on_step: OnStep) -> Imported:
        steps: list[tuple[str, Callable[[], None]]] = [
            ("reading the succession of codes", self._succession),
            ("reading small areas", self._small_areas),
            ("reading systems and CCGs", self._systems_and_ccgs),
            ("reading regions and trusts", self._regions_and_trusts),
            ("reading the lists of boards", self._lists_of_boards),
            ("reading councils", self._councils),
            ("reading practices and networks", self._practices),
            ("storing bodies, areas and facts", self._store),
            ("storing changes", self._events),
            ("replacing simulated small areas", self._replace_simulated),
            ("reading later lists of practices", self._later_practices),
            ("storing outlines", self._outlines),
            ("joining networks and neighbourhoods", self._neighbourhoods_of_networks),
        ]
        for number, (what, step) in enumerate(steps):
            on_step(what, number, len(steps))
            step()
        return self.done

    def _store(self) -> None:
        for model, things in self.things.items():
            self.done.added[model.__name__] += len(things)
            columns = [field.attname for field in model._meta.concrete_fields]
            copy_rows(model, columns, [tuple(getattr(thing, name) for name in columns) for thing in things])
        for fact_model in list(self.facts):
            self._copy(fact_model, self.facts.pop(fact_model))
        with connection.cursor() as cursor:  # Or what follows is planned for empty tables.
            cursor.execute("ANALYZE")

    # --- gathering

    def _body(self, code: str) -> tuple[UUID, bool]:
        """Answer a body by its code, and whether a system file has described it already."""
        if code in self.bodies:
            return self.bodies[code], code in self.described
        scheme = "ons" if len(code) == 9 else "ods"
        body = Body(id=thing_id("body", f"{scheme}:{code}"), key=f"{scheme}:{code.lower()}")
        self.things[Body].append(body)
        self.bodies[code] = body.id
        return body.id, False

    def _area(self, code: str, kind: str) -> tuple[UUID, bool]:
        if code in self.areas:
            return self.areas[code], code in self.described
        area = Area(id=thing_id("area", f"{kind}:{code}"), key=f"{kind.replace('_', '-')}:{code.lower()}", kind=kind)
        self.things[Area].append(area)
        self.areas[code] = area.id
        return area.id, False

    def _add(
        self, model: type[Fact], file: str, start: date, end: date | None, *values: Any, note: str = "",
        event: UUID | None = None, to_confirm: bool = False,
    ) -> None:  # fmt: skip
        """Keep a fact for COPY; `values` are what it is about and what it says, in the model's order."""
        valid = f"[{start},{end or ''})"
        known = f"[{self.known[file].isoformat()},)"
        source = f"published:{file}"
        self.facts[model].append((*values, valid, known, source, event, to_confirm, note, self.recorded_by))

    def _name_and_code(
        self, file: str, start: date, end: date | None, name: str, codes: Mapping[str, str], *,
        body: UUID | None = None, area: UUID | None = None, note: str = "",
    ) -> None:  # fmt: skip
        self._add(Name, file, start, None, body, area, None, "official", name, note=note)
        for scheme, code in codes.items():
            self._add(Identifier, file, start, end, scheme, code, body, area)

    def _copy(self, model: type[Fact], rows: list[tuple[Any, ...]]) -> None:
        names = [model._meta.get_field(name).attname for name in (*model.about, *model.says)]
        names += ["valid", "known", "source_id", "event_id", "to_confirm", "note", "recorded_by"]
        copy_rows(model, names, rows)
        self.done.added[model.__name__] += len(rows)

    # --- the files

    def _succession(self) -> None:
        path = self.files["ods_succession_all.csv"]
        self.succession = []
        lines: dict[tuple[str, str, date], int] = {}
        for line, row in published.rows(path, "old_code", "new_code", "date"):
            entry = (row["old_code"], row["new_code"], published.day(path, line, "date", row["date"]))
            if not entry[0] or not entry[1]:
                raise FileError(path.name, "a code is empty.", AGAIN, line=line, field="old_code")
            if entry in lines:
                raise FileError(path.name, "the same row stands twice.", AGAIN, line=line)
            self.succession.append(entry)
            lines[entry] = line
        _refuse_circle(path, lines)
        found = report(self.succession)
        self.done.remarks.append(
            f"Succession: {found.rows:,} rows, {found.self_rows} self rows, longest chain {found.longest_chain} steps, "
            f"{found.one_to_many} codes with several successors, {found.many_to_one} with several predecessors, "
            f"{len(found.pairs_with_two_dates)} pairs with two dates, "
            f"{len(found.two_dates_without_self_row)} of them without a self row at the earlier date."
        )
        source = f"published:{path.name}"
        copy_rows(
            CodeSuccession, ["old_code", "new_code", "on", "source_id"], [(*entry, source) for entry in self.succession]
        )
        self.done.added["CodeSuccession"] += len(self.succession)
        self.successors = index(self.succession)

    def _small_areas(self) -> None:
        path = self.files["england_lsoa11_master.csv.gz"]
        outlines, ccg_of = {}, {}
        if "lsoa11_HWE.geojson" in self.files:
            outlines = published.geometries(self.files["lsoa11_HWE.geojson"], "lsoa11_code")
        if "lsoa_lineage_three_seed_systems.csv" in self.files:
            lineage = self.files["lsoa_lineage_three_seed_systems.csv"]
            ccg_of = {
                row["lsoa11_code"]: row["ccg21_code"] for _, row in published.rows(lineage, "lsoa11_code", "ccg21_code")
            }
        from_ccgs = self._lineage()
        small_areas = []
        self.lsoas: dict[str, dict[str, str]] = {}
        boards = {row["icb22_code_h"] for row in self.lineage}
        columns = ("lsoa11_code", "lsoa11_name", "ltla22_code", "sicbl22_code_h", "icb22_code", "icb22_code_h", "ruc",
                   "IMD_rank", "IMD_decile", *AGES, "pop_total")  # fmt: skip
        for line, row in published.rows(path, *columns):
            code = row["lsoa11_code"]
            for name, known in (("sicbl22_code_h", from_ccgs.keys()), ("icb22_code_h", boards)):
                if row[name] not in known:
                    expected = f"area_lineage_2021_to_2022.csv has no '{row[name]}'.{did_you_mean(row[name], known)}"
                    raise FileError(path.name, expected, AGAIN, line=line, field=name)
            if code in self.lsoas:
                raise FileError(path.name, f"{code} stands twice.", AGAIN, line=line, field="lsoa11_code")
            self.lsoas[code] = row
            origins = from_ccgs[row["sicbl22_code_h"]]
            # A sub-ICB location made of one CCG tells the CCG of each of its small areas; else only the lineage does.
            row["ccg_2021"] = ccg_of.get(code) or (origins[0]["ccg21_code"] if len(origins) == 1 else "")
            ages = [published.whole(path, line, name, row[name]) for name in AGES]
            population = published.whole(path, line, "pop_total", row["pop_total"])
            if sum(ages) != population:
                raise FileError(path.name, f"the ages sum to {sum(ages)}, pop_total is {population}.", AGAIN, line=line,
                                field="pop_total")  # fmt: skip
            outline = json.dumps(outlines[code]) if code in outlines else None
            small_areas.append(
                (code, row["lsoa11_name"], row["ltla22_code"], row["sicbl22_code_h"], row["ccg_2021"],
                 published.whole(path, line, "IMD_rank", row["IMD_rank"]),
                 published.whole(path, line, "IMD_decile", row["IMD_decile"]),
                 population, ages, row["ruc"] == "Urban", outline, False)
            )  # fmt: skip
        if len(small_areas) != published.SMALL_AREAS_OF_ENGLAND:
            expected = (
                f"expected {published.SMALL_AREAS_OF_ENGLAND:,} small areas, found {len(small_areas):,}: it is cut off."
            )
            raise FileError(path.name, expected, AGAIN)
        stored = ["code", "name", "council", "sub_icb", "ccg_2021", "imd2019_rank", "imd2019_decile",
                   "population_mid2020", "population_by_age", "is_urban", "outline", "is_simulated"]  # fmt: skip
        copy_rows(SmallArea, stored, small_areas)
        self.small_area_ids = dict(SmallArea.objects.filter(is_simulated=False).values_list("code", "id"))
        self.done.added["SmallArea"] = len(small_areas)

    def _lineage(self) -> dict[str, list[dict[str, str]]]:
        path = self.files["area_lineage_2021_to_2022.csv"]
        columns = ("stp21_code", "stp21_name", "ccg21_code", "ccg21_name", "icb22_code", "icb22_code_h", "icb22_name",
                   "sicbl22_code", "sicbl22_code_h", "lsoas")  # fmt: skip
        self.lineage, total = [], 0
        for line, row in published.rows(path, *columns):
            total += published.whole(path, line, "lsoas", row["lsoas"])
            self.lineage.append(row)
        if total != published.SMALL_AREAS_OF_ENGLAND:
            expected = (
                f"its small areas sum to {total:,}, expected {published.SMALL_AREAS_OF_ENGLAND:,}: it is cut off."
            )
            raise FileError(path.name, expected, AGAIN, field="lsoas")
        from_ccgs = defaultdict(list)
        for row in self.lineage:
            from_ccgs[row["sicbl22_code_h"]].append(row)
        return from_ccgs

    def _systems_and_ccgs(self) -> None:
        file = "area_lineage_2021_to_2022.csv"
        boards = published.entries(self.files["integrated_care_boards.json"], "ods_code")
        icb_names = {item["ods_code"]: item for item in boards}
        systems = {row["icb22_code_h"]: row for row in self.lineage}
        stps = {row["stp21_code"]: row["stp21_name"] for row in self.lineage}
        if set(icb_names) != set(systems):
            odd = ", ".join(sorted(set(icb_names) ^ set(systems)))
            raise FileError("integrated_care_boards.json", f"does not name the same boards as {file}: {odd}.", AGAIN)
        system_area: dict[str, UUID] = {}
        for code, row in systems.items():
            area, is_described = self._area(row["icb22_code"], "system")
            system_area[code] = area
            body, has_body = self._body(code)
            if is_described and has_body:
                continue
            name = row["icb22_name"]
            if not is_described:
                start = STPS_OF_FILE if row["icb22_code"] in stps else ICBS_BEGAN
                plain = name.removeprefix("NHS ").removesuffix(" Integrated Care Board")
                self._name_and_code(file, start, None, plain, {"ons": row["icb22_code"]}, area=area)
            if not has_body:
                self._add(Standing, file, ICBS_BEGAN, None, body, "icb", "statutory_corporate", "nhs")
                self._name_and_code(file, ICBS_BEGAN, None, name, {"ods": code}, body=body)
                self._add(Serving, file, ICBS_BEGAN, None, body, area, "leads", None)
        self._parts_of_systems(system_area, stps)
        self._ccgs(system_area)

    def _parts_of_systems(self, system_area: Mapping[str, UUID], stps: Mapping[str, str]) -> None:
        """Lay the small areas into systems, and into the STPs of 2021 wherever the files tell which."""
        file = "england_lsoa11_master.csv.gz"
        stp_of_ccg = {row["ccg21_code"]: row["stp21_code"] for row in self.lineage}
        described = {self.areas[code] for code in self.described & set(self.areas)}
        unplaced = 0
        later_only: dict[str, str] = {}  # STPs of 2021 whose ONS code no system bears since
        for code, name in stps.items():
            if code not in self.areas:
                area, _ = self._area(code, "system")
                self._name_and_code(file, STPS_OF_FILE, ICBS_BEGAN, name, {"ons": code}, area=area)
                later_only[code] = name
        for lsoa, row in self.lsoas.items():
            small_area = self.small_area_ids[lsoa]
            now = system_area[row["icb22_code_h"]]
            stp = stp_of_ccg.get(row["ccg_2021"])
            before = self.areas[stp] if stp else None
            unplaced += before is None
            for area, start, end in ((before, STPS_OF_FILE, ICBS_BEGAN), (now, ICBS_BEGAN, None)):
                if area is None or area in described:
                    continue
                if before == now and start == STPS_OF_FILE:
                    end = None
                elif before == now:
                    continue
                self._add(Part, file, start, end, area, small_area, 1, PARTITIONS["system"])
        if unplaced:
            self.done.remarks.append(
                f"{unplaced:,} small areas of sub-ICB locations that were made of two CCGs cannot be placed before "
                "1 July 2022: the published files give only their number."
            )

    def _ccgs(self, system_area: Mapping[str, UUID]) -> None:
        """CCGs of 2021 from the lineage, those before them by walking back through the succession."""
        file = "area_lineage_2021_to_2022.csv"
        sub_icbs = {row["sicbl22_code_h"]: row for row in self.lineage}
        self._sub_icb_locations(file, sub_icbs, system_area)
        names: dict[str, tuple[str, str]] = {}
        most = {}
        for row in self.lineage:
            if int(row["lsoas"]) > int(most.get(row["ccg21_code"], {"lsoas": 0})["lsoas"]):
                most[row["ccg21_code"]] = row
        # The file gives no ODS code of a CCG. It passed to the sub-ICB location that took most of its small areas.
        for ons, row in most.items():
            names[row["sicbl22_code_h"]] = (row["ccg21_name"], ons)
        if len(names) != len(most):
            raise FileError(file, "two CCGs pass their code to one sub-ICB location.", AGAIN, field="ccg21_code")
        stood_in_2021 = set(names)
        everything = [(old, new, on) for old, new, on in self.succession if on <= STPS_OF_FILE]
        first = walk_back(stood_in_2021, CCGS_BEGAN, everything)
        merged: dict[tuple[str, date], list[str]] = defaultdict(list)
        ended: dict[str, date] = {}
        reached, open_codes = set(stood_in_2021), set(stood_in_2021)
        made: dict[str, list[tuple[str, date]]] = defaultdict(list)
        for old, new, on in everything:
            if on > CCGS_BEGAN and old != new:
                made[new].append((old, on))
        while open_codes:
            code = open_codes.pop()
            for old, on in made.get(code, ()):
                merged[code, on].append(old)
                ended[old] = on
                if old not in reached:
                    reached.add(old)
                    open_codes.add(old)
        began = {new: on for new, on in merged.keys()}  # noqa: C416, SIM118 - the keys are the pairs
        self.ccg_merges = []
        for code in sorted(reached):
            body, is_described = self._body(code)
            if is_described:
                continue
            name, ons = names.get(code, (f"CCG {code}", ""))
            note = "" if code in names else "The published files give its code, not its name."
            start, end = began.get(code, CCGS_BEGAN), ended.get(code, ICBS_BEGAN)
            self._add(Standing, file, start, end, body, "ccg", "statutory_corporate", "nhs")
            codes = {"ods": code}
            if ons and ons not in self.areas and ons not in self.bodies:
                codes["ons"] = ons
            self._name_and_code(file, start, end, name, codes, body=body, note=note)
        for (new, on), olds in sorted(merged.items(), key=lambda item: (item[0][1], item[0][0])):
            if new not in self.described:
                kind = "merge" if len(olds) > 1 else "recode"
                self.ccg_merges.append((f"ods:{new.lower()}:{on}", kind, on, sorted(olds), new))
        self.done.remarks.append(
            f"CCGs: {len(stood_in_2021)} on 2021-04-01, {len(first)} on {CCGS_BEGAN}, {len(reached)} in all."
        )

    def _sub_icb_locations(
        self, file: str, sub_icbs: Mapping[str, Mapping[str, str]], system_area: Mapping[str, UUID]
    ) -> None:
        by_code = defaultdict(list)
        for lsoa, row in self.lsoas.items():
            by_code[row["sicbl22_code_h"]].append(self.small_area_ids[lsoa])
        self.sub_icb_area: dict[str, UUID] = {}
        for code, row in sub_icbs.items():
            if code in self.areas:  # A system file has described it; its small areas come by its cells.
                self.sub_icb_area[code] = self.areas[code]
                continue
            # Both codes of a location were the CCG's, too: each denotes the CCG until 1 July 2022, the location since.
            key, kind = f"sub-icb:{code.lower()}", "sub_icb_location"
            area = Area(id=thing_id("area", key), key=key, kind=kind)
            self.things[Area].append(area)
            self.sub_icb_area[code] = area.id
            name = f"{row['icb22_name']} – {code}"
            self._add(Name, file, ICBS_BEGAN, None, None, area.id, None, "official", name)
            taken = Identifier.objects.filter(
                code__in=[code, row["sicbl22_code"]], valid__contains=ICBS_BEGAN, known__endswith__isnull=True
            )
            borne = {(identifier.scheme, identifier.code) for identifier in taken}
            for scheme, value in (("ods", code), ("ons", row["sicbl22_code"])):
                if (scheme, value) not in borne:
                    self._add(Identifier, file, ICBS_BEGAN, None, scheme, value, None, area.id)
            self._add(Within, file, ICBS_BEGAN, None, area.id, system_area[row["icb22_code_h"]])
            for small_area in by_code[code]:
                self._add(Part, file, ICBS_BEGAN, None, area.id, small_area, 1, PARTITIONS["sub_icb_location"])

    def _regions_and_trusts(self) -> None:
        regions = self.files.get("nhs_england_regions.json")
        fields = ("NHS_ENGLAND_REGION_CODE", "NHS_ENGLAND_REGION_NAME", "NHS_ENGLAND_REGION_ONS_CODE")
        for item in published.entries(regions, *fields) if regions else ():
            code, name = item["NHS_ENGLAND_REGION_CODE"], item["NHS_ENGLAND_REGION_NAME"]
            body, is_described = self._body(code)
            if not is_described:
                self._add(Standing, regions.name, STPS_OF_FILE, None, body, "nhse_region", "none", "nhs")
                codes = {"ods": code, "ons": item["NHS_ENGLAND_REGION_ONS_CODE"]}
                self._name_and_code(regions.name, STPS_OF_FILE, None, f"NHS England {name}", codes, body=body)
        self._trusts()

    def _trusts(self) -> None:
        path = self.files.get("trusts.json")
        names: dict[str, tuple[str, str]] = {}
        region_of = {}
        if (lookup := self.files.get("lookup_nhs_trusts22_nhs_region21.csv")) is not None:
            for _, row in published.rows(lookup, "nhs_trust22_code", "nhs_trust22_name", "nhs_region21_nhs_code"):
                names[row["nhs_trust22_code"]] = (row["nhs_trust22_name"], lookup.name)
                region_of[row["nhs_trust22_code"]] = row["nhs_region21_nhs_code"]
        for item in published.entries(path, "ods_code", "trust_name") if path else ():
            names.setdefault(item["ods_code"], (title_case(item["trust_name"]), path.name))
        last = max((on for _, _, on in self.succession), default=ICBS_BEGAN)
        gone = 0
        for code, (name, file) in sorted(names.items()):
            successors = resolve(code, last, self.successors)
            is_gone = code not in successors
            end = max(self.successors[code]) if is_gone else None
            gone += is_gone
            body, is_described = self._body(code)
            if not is_described:
                start = max((on for _, new, on in self.succession if new == code), default=None)
                if end and start and start >= end:
                    start = None
                kind = "foundation_trust" if "FOUNDATION" in name.upper() else "nhs_trust"
                note = "" if start else START_UNKNOWN
                self._add(Standing, file, start or BEFORE_THE_FILES, end, body, kind, kind, "nhs", note=note,
                          to_confirm=start is None)  # fmt: skip
                self._name_and_code(file, start or BEFORE_THE_FILES, end, name, {"ods": code}, body=body)
            region = self.bodies.get(region_of.get(code, ""))
            if region and not is_gone and not is_described:
                self._add(Link, lookup.name, STPS_OF_FILE, None, body, region, "part_of", None)
        self.done.remarks.append(
            f"Trusts: {len(names)} listed, without dates; {gone} of them have a successor by {last} and are shown as "
            "ended then."
        )
        self._shares_of_trusts()

    def _lists_of_boards(self) -> None:
        """Take region and trusts of each board from a table whose columns are lists that only stand side by side (T10).

        Regions are matched by code: a name reads "Midlands (Y60)". Councils are counted, not stored: the list lacks
        some, and has no codes that other files share.
        """
        path = self.files.get("integrated_care_boards_local_authorities.json")
        if path is None:
            return
        regions: dict[str, set[str]] = defaultdict(set)
        trusts: dict[str, set[str]] = defaultdict(set)
        listed: dict[str, set[str]] = defaultdict(set)
        boards = {row["icb22_code_h"] for row in self.lineage}
        fields = ("ODS ICB Code", "NHS England Region Code", "ODS Trust Code", "Local Authority")
        for row in published.entries(path, *fields):
            board = row["ODS ICB Code"]
            if board not in boards:
                raise FileError(path.name, f"no board has the code '{board}'.", AGAIN, field="ODS ICB Code")
            regions[board].add(row["NHS England Region Code"])
            trusts[board].add(row["ODS Trust Code"])
            listed[board].add(row["Local Authority"])
        stated = set(Serving.objects.filter(role="located_in").values_list("body_id", "area_id"))
        districts: dict[str, set[str]] = defaultdict(set)
        ons_code = {}
        for lsoa in self.lsoas.values():
            districts[lsoa["icb22_code_h"]].add(lsoa["ltla22_code"])
            ons_code[lsoa["icb22_code_h"]] = lsoa["icb22_code"]
        for board, codes in sorted(regions.items()):
            body, is_described = self._body(board)
            for code in sorted(codes):
                if code in self.bodies and not is_described:
                    self._add(Link, path.name, ICBS_BEGAN, None, body, self.bodies[code], "regulated_by", None)
            area = self.areas[ons_code[board]]
            for trust in sorted(trusts[board] - {""}):
                if trust in self.bodies and (self.bodies[trust], area) not in stated:
                    self._add(Serving, path.name, ICBS_BEGAN, None, self.bodies[trust], area, "located_in", None)
            is_single_tier = all(code[:3] in {"E06", "E08", "E09"} for code in districts[board])
            if is_single_tier and len(listed[board] - {""}) != len(districts[board]):
                self.done.remarks.append(
                    f"{board}: {path.name} lists {len(listed[board] - {''})} councils; small areas of "
                    f"{len(districts[board])} lie in it."
                )

    def _shares_of_trusts(self) -> None:
        path = self.files.get("lookup_nhs_trusts22_icb22.csv")
        if path is None:
            return
        shares: dict[str, dict[str, Decimal]] = defaultdict(dict)
        last_line = {}
        column = "proportion_trust_came_from_icb"
        for line, row in published.rows(path, "nhs_trust22_code", "icb22_code", column):
            if row["icb22_code"] not in self.areas:
                raise FileError(path.name, f"no ICB has the code '{row['icb22_code']}'.", AGAIN, line=line,
                                field="icb22_code")  # fmt: skip
            share = published.amount(path, line, column, row[column], least=0)
            shares[row["nhs_trust22_code"]][row["icb22_code"]] = share
            last_line[row["nhs_trust22_code"]] = line
        stated = set(Serving.objects.filter(role="serves").values_list("body_id", "area_id"))
        for trust, by_icb in shares.items():
            if abs(sum(by_icb.values()) - 1) > Decimal("1e-6"):
                expected = f"the shares of {trust} sum to {sum(by_icb.values())}, expected 1."
                raise FileError(path.name, expected, AGAIN, line=last_line[trust], field=column)
            if main_of(by_icb) is None:
                self.done.remarks.append(
                    f"{trust} has two systems with the same largest share: a person must say which leads."
                )
            body = self.bodies.get(trust)
            for icb, share in by_icb.items():
                if body and (body, self.areas[icb]) not in stated:
                    self._add(Serving, path.name, ICBS_BEGAN, None, body, self.areas[icb], "serves", round(share, 6))

    def _councils(self) -> None:
        path = self.files.get("lookup_ltla_ltla.csv")
        self.council_merges = []
        if path is None:
            return
        years = list(range(2016, 2025))
        columns = [f"ltla{year % 100}_{what}" for year in years for what in ("code", "name")]
        table = []
        for line, row in published.rows(path, *columns):
            empty = next((column for column in columns if not row[column]), None)
            if empty:
                raise FileError(path.name, "a code or name is empty.", AGAIN, line=line, field=empty)
            table.append({year: (row[f"ltla{year % 100}_code"], row[f"ltla{year % 100}_name"]) for year in years})
        lives = {c: life for c, life in councils.lifetimes(table).items() if c.startswith("E")}
        recoded = {}
        for change in councils.changes(table):
            if change.new in lives:
                if change.kind == "recode":
                    recoded[change.new] = change.old[0]
                else:
                    self.council_merges.append(
                        (
                            f"ons:{change.new.lower()}:{change.year}",
                            "merge",
                            date(change.year, 4, 1),
                            list(change.old),
                            change.new,
                        )
                    )
        merged_into = {
            old: new for _, _, on, olds, new in self.council_merges for old in olds if on >= date(2023, 1, 1)
        }
        self.by_council: dict[str, list[int]] = defaultdict(list)
        for lsoa, row in self.lsoas.items():
            self.by_council[row["ltla22_code"]].append(self.small_area_ids[lsoa])
        # A system file describes a council by its area, which bears the code; the council serves it.
        councils_of = dict(
            Serving.objects.filter(area__kind="council", role="serves", body__standings__kind="local_authority")
            .values_list("area_id", "body_id")
            .distinct()
        )
        for code, (name, first, gone) in sorted(lives.items()):
            start, end = date(first, 4, 1), date(gone, 4, 1) if gone else None
            area, area_described = self._council_area(code, recoded)
            if area in councils_of:
                self.bodies[code] = councils_of[area]
                continue
            body, body_described = self._body(code)
            note = "The file begins in 2016." if first == years[0] else ""
            if not body_described and code not in recoded:
                self._add(
                    Standing, path.name, start, end, body, "local_authority", "council", "local_government", note=note
                )
                self._name_and_code(path.name, start, end, name, {}, body=body)
                self._add(Serving, path.name, start, end, body, area, "serves", None)
            if not area_described:
                self._name_and_code(path.name, start, end, name, {"ons": code}, area=area)
                self._parts_of_council(path.name, code, area, start, end, merged_into)

    def _council_area(self, code: str, recoded: Mapping[str, str]) -> tuple[UUID, bool]:
        if code in recoded:
            self.areas[code] = self.areas[recoded[code]]
            return self.areas[code], code in self.described
        return self._area(code, "council")

    def _parts_of_council(
        self, file: str, code: str, area: UUID, start: date, end: date | None, merged_into: Mapping[str, str]
    ) -> None:
        codes = [code, *(old for old, new in merged_into.items() if new == code)]
        for old in codes:
            for small_area in self.by_council.get(old, ()):
                self._add(Part, file, start, end, area, small_area, 1, PARTITIONS["council"])

    def _practices(self) -> None:
        path = self.files.get("wp_2022_2023.csv")
        # Of each practice in a network: the network, the council it stands in, its patients and its ICB.
        self.council_of_practice: dict[str, tuple[str, str, int, str]] = {}
        if path is None:
            return
        start = date(2022, 4, 1)
        networks: dict[str, str] = {}
        locations_of: dict[str, set[str]] = defaultdict(set)
        unallocated = 0
        columns = ("Practice_Code", "GP_Practice_Name", "Practice_Postcode", "Latitude", "Longitude", "PCN_Code",
                   "PCN_Name", "LOC22", "ICS22", "LAD21", "Patients")  # fmt: skip
        listed = set()
        for line, row in published.rows(path, *columns, may_have_bom=True):
            code, network = row["Practice_Code"], row["PCN_Code"]
            if code in listed:
                raise FileError(path.name, f"{code} stands twice.", AGAIN, line=line, field="Practice_Code")
            listed.add(code)
            for name in ("Latitude", "Longitude"):
                if row[name]:
                    published.amount(path, line, name, row[name])
            body, is_described = self._body(code)
            if is_described:
                continue
            patients = published.whole(path, line, "Patients", row["Patients"])
            self._add(
                Standing, path.name, start, None, body, "gp_practice", "none", "primary_care", note="Listed in 2022/23."
            )
            self._name_and_code(path.name, start, None, row["GP_Practice_Name"], {"ods": code}, body=body)
            self._add(Site, path.name, start, None, body, row["Practice_Postcode"],
                      row["Longitude"] or None, row["Latitude"] or None, patients)  # fmt: skip
            if row["LOC22"] in self.sub_icb_area:
                self._add(
                    Serving, path.name, ICBS_BEGAN, None, body, self.sub_icb_area[row["LOC22"]], "located_in", None
                )
            if network in {"U", ""}:  # "U" says that the practice is in no network; it is not a network.
                unallocated += 1
                continue
            if network not in networks:
                networks[network] = row["PCN_Name"]
                pcn, _ = self._body(network)
                self._add(
                    Standing, path.name, start, None, pcn, "pcn", "none", "primary_care", note="Listed in 2022/23."
                )
                self._name_and_code(path.name, start, None, row["PCN_Name"], {"ods": network}, body=pcn)
            locations_of[network].add(row["LOC22"])
            self.council_of_practice[code] = (network, row["LAD21"], patients, row["ICS22"])
            self._add(Link, path.name, start, None, body, self.bodies[network], "member_of", None)
        for network, locations in locations_of.items():
            for location in sorted(locations & set(self.sub_icb_area)):
                area = self.sub_icb_area[location]
                self._add(Serving, path.name, ICBS_BEGAN, None, self.bodies[network], area, "located_in", None)
        several = sum(1 for locations in locations_of.values() if len(locations) > 1)
        self.done.remarks.append(
            f"Practices: {unallocated} belong to no network (code U); "
            f"{several} networks span several sub-ICB locations."
        )

    # --- after the rows are in

    def _events(self) -> None:
        for key, kind, on, olds, new in [*self.ccg_merges, *self.council_merges]:
            file = "lookup_ltla_ltla.csv" if key.startswith("ons:") else "ods_succession_all.csv"
            originals = [self.bodies[old] for old in olds if old in self.bodies]
            event = ChangeEvent.objects.create(
                id=thing_id("event", key), key=key, kind=kind if len(originals) > 1 else "absorb"
            )
            known = self.known[file]
            belief = EventBelief.objects.create(
                event=event, known=(known, None), effective_on=on, certainty="in_force",
                source_id=f"published:{file}", recorded_by=self.recorded_by,
            )  # fmt: skip
            EventParty.objects.bulk_create(
                [EventParty(belief=belief, body_id=body, side="original") for body in originals]
                + [EventParty(belief=belief, body_id=self.bodies[new], side="result")]
            )
        self.done.added["ChangeEvent"] = len(self.ccg_merges) + len(self.council_merges)

    def _replace_simulated(self) -> None:
        """Let the published small areas of each cell take over every area that its simulated ones belonged to.

        All simulated small areas of a cell belong to the same areas, so one of them speaks for its cell.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO system_part (area_id, small_area_id, weight, partition, valid, from_precision, to_precision,
                                         known, source_id, event_id, to_confirm, note, recorded_by)
                SELECT p.area_id, real.id, p.weight, p.partition, p.valid, p.from_precision, p.to_precision,
                       p.known, p.source_id, p.event_id, p.to_confirm, p.note, %s
                  FROM system_part p
                  JOIN (SELECT min(id) AS id, council, sub_icb, ccg_2021 FROM system_smallarea
                         WHERE is_simulated AND retired_at IS NULL GROUP BY council, sub_icb, ccg_2021) sim
                    ON sim.id = p.small_area_id
                  JOIN system_smallarea real ON NOT real.is_simulated AND real.council = sim.council
                   AND real.sub_icb = sim.sub_icb AND real.ccg_2021 = sim.ccg_2021
                """,
                [self.recorded_by],
            )
            self.done.added["Part"] += cursor.rowcount
        retired = SmallArea.objects.filter(is_simulated=True, retired_at__isnull=True).update(retired_at=Now())
        if retired:
            self.done.remarks.append(
                f"{retired:,} simulated small areas were retired; the published ones took their place."
            )

    def _outlines(self) -> None:
        for file, code in (("icb22_england.geojson", "icb22_code"), ("ltla24_england.geojson", "ltla24_code")):
            if file in self.files:
                Outline.objects.bulk_create(
                    Outline(code=name, geometry=geometry, source_id=f"published:{file}")
                    for name, geometry in published.geometries(self.files[file], code).items()
                )

    def _later_practices(self) -> None:
        """State what the list of 2023/24 says otherwise of practices that the earlier list had."""
        path = self.files.get("hwe_practices_2023_24.csv")
        if path is None:
            return
        basis = Basis(self.known[path.name], Source.objects.get(key=f"published:{path.name}"), self.recorded_by)
        days, moved, listed, new = on_day(date(2023, 4, 1)), 0, set(), []
        size = "Number of Registered Patients (Last Known Figure)"
        columns = ("PRACTICE_CODE", "PCN_ODS_CODE", "PCN_NAME", "postcode", "lat", "lon", size)
        for line, row in published.rows(path, *columns):
            code, network = row["PRACTICE_CODE"], row["PCN_ODS_CODE"]
            listed.add(code)
            if code not in self.bodies or network not in self.bodies:
                new.append(code)
                continue
            practice = Body.objects.get(id=self.bodies[code])
            numbers = {
                name: published.amount(path, line, name, row[name]) if row[name] else None
                for name in ("lat", "lon", size)
            }
            says = {
                "postcode": row["postcode"],
                "longitude": None if numbers["lon"] is None else float(numbers["lon"]),
                "latitude": None if numbers["lat"] is None else float(numbers["lat"]),
                "registered_patients": None if numbers[size] is None else round(numbers[size]),
            }
            state(Site, {"body": practice}, says, days, basis)
            to = Body.objects.get(id=self.bodies[network])
            others = Link.objects.filter(body=practice, kind="member_of", known__endswith__isnull=True).exclude(to=to)
            for other in others.select_related("to"):
                state(Link, {"body": practice, "to": other.to, "kind": "member_of"}, None, days, basis)
                moved += 1
            state(Link, {"body": practice, "to": to, "kind": "member_of"}, {"share": None}, days, basis)
        before = {code for code, (_, _, _, icb) in self.council_of_practice.items() if icb == "QM7"}
        self.done.remarks.append(
            f"Practices 2023/24: {len(listed)} listed, {moved} changed network, {len(new)} new ones or with a network "
            f"that the earlier list lacks are left out, {len(before - listed)} of the earlier list are missing "
            "(a list is no proof that they closed)."
        )

    def _neighbourhoods_of_networks(self) -> None:
        """Say which neighbourhoods each network serves, by where the patients of its practices are registered.

        A neighbourhood is a set of small areas, a network a group of practices: both exist, linked and dated. Until
        partners say what each team covers, the council of a practice tells; shares of a network sum to 1.
        """
        file = "wp_2022_2023.csv"
        if file not in self.files:
            return
        neighbourhood_of = dict(
            Part.objects.filter(area__kind="neighbourhood", known__endswith__isnull=True)
            .values_list("small_area__council", "area_id")
            .distinct()
        )
        patients: dict[str, Counter[UUID | None]] = defaultdict(Counter)
        for network, council, many, _ in self.council_of_practice.values():
            patients[network][neighbourhood_of.get(council)] += many
        for network, by_area in patients.items():
            total = sum(by_area.values())
            weights = largest_remainder(10**6, list(by_area.values()) if total else [1] * len(by_area))
            for area, weight in zip(by_area, weights, strict=True):
                if area is not None and weight:
                    note = "By where its practices are; to be confirmed by the network."
                    share = Decimal(weight) / 10**6
                    body = self.bodies[network]
                    self._add(Serving, file, ICBS_BEGAN, None, body, area, "serves", share, note=note, to_confirm=True)
        self._copy(Serving, self.facts.pop(Serving, []))


def _refuse_circle(path: Path, lines: Mapping[tuple[str, str, date], int]) -> None:
    after: dict[str, set[str]] = defaultdict(set)
    for old, new, _ in lines:
        if old != new:
            after[old].add(new)
    if way := circle(after):
        pairs = set(itertools.pairwise(way))
        line = max(line for (old, new, _), line in lines.items() if (old, new) in pairs)
        expected = f"the codes go in a circle: {' → '.join(way)}."
        raise FileError(path.name, expected, AGAIN, line=line, field="new_code")


def title_case(name: str) -> str:
    """Write a name in capitals as names are written: small words small, NHS in capitals."""
    small = {"and", "of", "the", "for", "on", "in", "upon"}
    words = [word.lower() if word.lower() in small else word.capitalize() for word in name.split()]
    joined = " ".join(words).replace("Nhs", "NHS")
    return joined[:1].upper() + joined[1:]
