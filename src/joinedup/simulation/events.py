"""What happens to the people of a block within three years: seen, measured, referred, treated, cared for.

How often is drawn for the whole block at once from yearly rates by age, sex, deprivation, conditions and a person's own
need; the events are then made one by one, so that they hang together: a referral leads to an appointment, that to a
waiting list, that to an admission.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from joinedup.simulation.conditions import BANDS
from joinedup.simulation.consultations import BY_AGE, FOR_WOMEN, OTHERWISE, SPECIALTY_OF
from joinedup.simulation.days import FIRST_DAY, LAST_DAY, WEEKDAY
from joinedup.simulation.emergency import BIRTH, ILLNESSES, PLANNED, URGENT_CARE_GROUPS, concept
from joinedup.simulation.health import BLACK, SOUTH_ASIAN, YEARS, Health
from joinedup.simulation.measurements import MEASURES, PANELS
from joinedup.simulation.people import YEAR_DAYS
from joinedup.simulation.services import SOCIAL_CARE, TEAMS, VOLUNTARY
from joinedup.simulation.world import (
    Activity,
    Admission,
    Attendance,
    Block,
    Consultation,
    Contact,
    Episode,
    Jab,
    Measurement,
    Outpatient,
    Person,
    Referral,
    Report,
    Result,
    SocialCare,
    Stay,
    Waiting,
    World,
)

Floats = NDArray[np.float64]
# Consultations with a clinical entry, a year, by age band.
CONSULTATIONS: Final = (1.7, 0.58, 0.85, 1.05, 1.2, 1.45, 1.8, 2.5, 3.2)
REVIEWED: Final = frozenset(("hypertension", "diabetes_type_2", "asthma", "copd", "chronic_kidney_disease"))
# Share of those invited who have the influenza vaccine: from 65, at risk below, children (UKHSA 2023 to 2024, rounded).
FLU_OLD, FLU_AT_RISK, FLU_CHILD = 0.78, 0.41, 0.44
AT_RISK: Final = ("diabetes_type_1", "diabetes_type_2", "copd", "coronary_heart_disease", "heart_failure", "stroke",
                  "chronic_kidney_disease", "liver_disease", "learning_disability", "multiple_sclerosis")  # fmt: skip
RICH_TIMES: Final = 8
"""How many times as often a rich resident is seen and measured."""
RUN_IN: Final = 550
"""Days before the first: who was referred then may still wait, be treated or be visited when the years begin.

Without them every list would be empty on the first day, and planned care would seem to grow for most of a year.
"""


_Dated = Consultation | Measurement | Jab | Referral | Attendance | Outpatient | Admission | Report


def uniforms(rng: np.random.Generator) -> Callable[[], float]:
    """Answer a function that answers another number from 0 to 1 each time.

    They are drawn in thousands and handed out without a step of Python: there are about 60 for each resident.
    """
    return chain.from_iterable(iter(lambda: rng.random(4096).tolist(), None)).__next__


class Happening:
    """Makes the events of one block."""

    def __init__(self, world: World, block: Block, health: Health) -> None:
        self.world, self.block, self.health = world, block, health
        self.rng = block.rng("events")
        self.draw = uniforms(self.rng)
        people = block.people
        self.people = people
        self.old = [(LAST_DAY - one.birth) / YEAR_DAYS for one in people]
        self.ages = np.array(self.old)
        self.band = np.clip(np.searchsorted(np.array(BANDS), self.ages, side="right") - 1, 0, 8)
        self.gradient = np.array([(5.5 - one.decile) / 9 for one in people])
        self.need = health.need / 1.24
        self.starts = [arrival(one) for one in people]
        self.ends = [one.death or LAST_DAY for one in people]
        self.spans = [max(1, end - start) for start, end in zip(self.starts, self.ends, strict=True)]
        # One by one a list is asked faster than an array.
        self.is_with = {key: one.tolist() for key, one in health.has.items()}
        self.symptoms = [next(keys for since, keys in reversed(BY_AGE) if age >= since) for age in self.old]
        # Who came, was born or died within the years has less time for events.
        self.share = np.array(
            [max(0.0, end - start) / (LAST_DAY - FIRST_DAY) for start, end in zip(self.starts, self.ends, strict=True)]
        )
        self.earlier = [
            max(0, FIRST_DAY - max(FIRST_DAY - RUN_IN, one.birth)) if start == FIRST_DAY else 0
            for one, start in zip(people, self.starts, strict=True)
        ]
        self.times = np.array([RICH_TIMES if "rich" in one.tags else 1 for one in people], dtype=float)
        self.men = np.array([one.sex == "male" for one in people])
        self.number, self.prefix = 0, f"{block.number:05d}"

    def id(self, letter: str) -> str:
        """Answer the id of a new event."""
        self.number += 1
        return f"{letter}{self.prefix}{self.number:05d}"

    def whole(self, below: int) -> int:
        """Answer a whole number from 0."""
        return int(self.draw() * below)

    def around(self, mean: float, spread: float) -> float:
        """Answer a number around a mean, from the sum of three (near enough to a bell)."""
        draw = self.draw
        return mean + spread * 2 * (draw() + draw() + draw() - 1.5)

    def long(self, median: float) -> float:
        """Answer a length of time whose few long ones are several times the median."""
        draw = self.draw
        return median * (0.35 + 1.1 * draw() + 1.6 * draw() ** 6 + (1.8 * draw() if draw() < 0.12 else 0))

    def day(self, person: int) -> int:
        """Answer a day within the person's time."""
        return self.starts[person] + int(self.draw() * self.spans[person])

    def weekday(self, person: int) -> int:
        """Answer a Monday to Friday within the person's time where there is one."""
        start = self.starts[person]
        day = start + int(self.draw() * self.spans[person])
        late = WEEKDAY[day] - 4
        return day if late <= 0 else max(start, day - late)

    @contextmanager
    def before_the_years(self) -> Iterator[None]:
        """Let what is made be asked for in the run-in: only what then happens within the years is kept of it."""
        kept = self.starts, self.spans, self.share
        self.starts = [FIRST_DAY - many for many in self.earlier]
        self.spans = [max(1, many) for many in self.earlier]
        self.share = np.array(self.earlier) / (LAST_DAY - FIRST_DAY)
        yield
        self.starts, self.spans, self.share = kept

    def clock(self, opens: int = 8, closes: int = 18) -> int:
        """Answer a minute of an opening hour, on fives."""
        return opens * 60 + int(self.draw() * (closes - opens) * 12) * 5

    def yearly(self, percents: tuple[float, ...], deprived: float = 1.0, men: float = 1.0) -> Floats:
        """Answer how often something is expected in the years, by person, from yearly rates by age band."""
        rate = np.array(percents)[self.band] * deprived**self.gradient * YEARS * self.share
        if men != 1.0:
            rate = rate * np.where(self.men, 2 * men, 2.0) / (1 + men)
        return np.asarray(rate)

    def raised(self, rate: Floats, by: tuple[tuple[str, float], ...]) -> Floats:
        """Answer the rate, higher for those with certain conditions."""
        for key, times in by:
            rate = rate * np.where(self.health.has[key], times, 1.0)
        return rate

    def happen(self, rate: Floats) -> list[int]:
        """Answer the persons to whom it happens, each as often as it does."""
        return np.repeat(np.arange(len(rate)), self.rng.poisson(rate)).tolist()

    # --- the practice

    def practice_on(self, one: Person, day: int) -> str:
        """Answer the practice at which somebody was registered on a day."""
        return one.previous_practice if one.previous_practice and day < one.registered_on else one.practice

    def consultations(self) -> None:
        draw, add = self.draw, self.block.consultations.append
        for n in self.happen(self.yearly(CONSULTATIONS, 1.25, 0.82) * self.need * self.times):
            one, day = self.people[n], self.weekday(n)
            lasting = [key for key, onset, end, _ in self.block.conditions[n] if not end and onset <= day]
            if lasting and draw() < 0.38:
                reason = lasting[int(draw() * len(lasting))]
            else:
                symptoms = self.symptoms[n]
                reason = symptoms[int(draw() * len(symptoms))]
                if reason in FOR_WOMEN and one.sex == "male":
                    reason = "backache"
            add(self._consultation(one, day, reason))
        for n, episodes in enumerate(self.block.conditions):
            for episode in episodes:
                if self.starts[n] <= episode.onset < self.ends[n] and draw() < 0.8:
                    add(self._consultation(self.people[n], episode.onset, episode.key))

    def _consultation(self, one: Person, day: int, reason: str) -> Consultation:
        draw = self.draw
        how = draw()
        at_home = one.frailty > 0.3 and draw() < 0.2
        mode = "home" if at_home else "face_to_face" if how < 0.64 else "telephone" if how < 0.94 else "online"
        return Consultation(
            self.id("G"), one.index, self.practice_on(one, day), day, self.clock(), 5 + int(draw() * 14), mode, reason,
            int(draw() * 6),
        )  # fmt: skip

    def measurements(self) -> None:
        has = self.health.has
        adult = self.ages >= 18
        heart = has["hypertension"] | has["diabetes_type_2"] | has["coronary_heart_disease"] | has["stroke"]
        often = self.share * YEARS * np.sqrt(self.need) * (1 + (self.times - 1) / 2.2)
        for key, rate in (
            ("blood_pressure", np.where(adult, np.where(heart, 1.9, 0.34), 0.02)),
            ("bmi", np.where(adult, np.where(heart, 0.9, 0.2), 0.1)),
            ("smoking", np.where(self.ages >= 15, np.where(heart | has["copd"] | has["asthma"], 0.9, 0.22), 0)),
            ("alcohol", np.where(adult, np.where(heart, 0.5, 0.1), 0)),
            ("pulse", np.where(adult, np.where(has["atrial_fibrillation"], 1.2, 0.12), 0.02)),
            ("peak_flow", np.where(has["asthma"] & (self.ages >= 6), 0.7, 0)),
            ("frailty", np.where((self.ages >= 65) & (self.health.frailty > 0.12), 0.5, 0)),
            ("phq9", np.where(has["depression"], 0.6, 0)),
            ("gad7", np.where(has["anxiety"], 0.5, 0)),
        ):
            for n in self.happen(rate * often):
                self._measure(n, key)
        for n, one in enumerate(self.people):
            if one.birth >= FIRST_DAY and self.starts[n] == one.birth and self.ends[n] > one.birth + 20:
                weight = round(self.around(3.4, 0.45), 2)
                self._add(one, min(one.birth + 12, LAST_DAY), "weight", weight)

    def _add(self, one: Person, day: int, key: str, value: float, second: float = 0.0) -> None:
        add = self.block.measurements.append
        add(Measurement(self.id("O"), one.index, self.practice_on(one, day), day, key, value, second))

    def _measure(self, n: int, key: str) -> None:
        one, has, draw = self.people[n], self.is_with, self.draw
        day, age = self.weekday(n), self.old[n]
        if key == "blood_pressure":
            mean = 108 + min(age, 75) * 0.3 + (one.bmi - 24) * 0.5 + (9 if has["hypertension"][n] else 0)
            systolic = round(self.around(mean, 10))
            self._add(one, day, key, systolic, round(systolic * 0.48 + self.around(14, 6)))
        elif key == "bmi":
            self._add(one, day, key, round(max(12.5, self.around(one.bmi, 0.7)), 1))
        elif key == "smoking":
            self._add(one, day, key, float(("never", "ex", "current").index(one.smoking)))
        elif key == "alcohol":
            heavy = has["alcohol_dependence"][n]
            self._add(one, day, key, float(round(30 + 60 * draw() if heavy else 24 * draw() ** 2.4)))
        elif key == "frailty":
            self._add(one, day, key, float(min(8, max(1, round(2 + one.frailty * 13)))))
        elif key in ("phq9", "gad7"):
            self._add(one, day, key, float(round(3 + 15 * draw() * draw() + 3 * draw())))
        elif key == "peak_flow":
            usual = 300 if age < 14 else 520 if one.sex == "male" else 400
            self._add(one, day, key, float(round(self.around(usual * (1 - 0.15 * draw()), 45) / 10) * 10))
        else:
            self._add(one, day, key, float(round(self.around(74, 8))))

    def immunisations(self) -> None:
        has, draw = self.health.has, self.draw
        risk = np.any([has[key] for key in AT_RISK], axis=0)
        # Uptake falls with deprivation and is lower in Black and some Asian groups (UKHSA 2023 to 2024).
        black = np.array([one.ethnicity in BLACK for one in self.people])
        asian = np.array([one.ethnicity in SOUTH_ASIAN for one in self.people])
        willing = np.where(black, 0.68, np.where(asian, 0.84, 1.02)) * 0.8**self.gradient
        for year in (2023, 2024, 2025, 2026):
            season = FIRST_DAY + round((year - 2023) * YEAR_DAYS) - 30
            uptake = np.where(self.ages >= 65, FLU_OLD, np.where(risk, FLU_AT_RISK, 0.06))
            uptake = np.where((self.ages >= 2) & (self.ages < 11), FLU_CHILD, uptake) * willing
            for n in np.flatnonzero(self.rng.random(len(uptake)) < uptake).tolist():
                self._jab(n, season + self.whole(50), "influenza", 1)
            for n in np.flatnonzero((self.ages >= 75) & (self.rng.random(len(uptake)) < 0.62 * willing)).tolist():
                self._jab(n, season + 5 + self.whole(60), "covid_19", 1)
        for n, one in enumerate(self.people):
            age = self.old[n]
            if age < 8:
                for weeks, key, dose in ((8, "six_in_one", 1), (12, "six_in_one", 2), (16, "six_in_one", 3),
                                         (53, "mmr", 1), (175, "mmr", 2)):  # fmt: skip
                    if draw() < 0.94 * willing[n] ** 0.4:
                        self._jab(n, one.birth + weeks * 7 + self.whole(24), key, dose)
            elif 12 <= age < 16 and draw() < 0.7 * willing[n]:
                self._jab(n, one.birth + round(12.6 * YEAR_DAYS) + self.whole(200), "hpv", 1)
            elif 65 <= age < 72:
                if draw() < 0.66 * willing[n]:
                    self._jab(n, one.birth + round(65.1 * YEAR_DAYS) + self.whole(500), "pneumococcal", 1)
                if draw() < 0.55 * willing[n]:
                    self._jab(n, one.birth + round(66 * YEAR_DAYS) + self.whole(900), "shingles", 1)

    def _jab(self, n: int, day: int, key: str, dose: int) -> None:
        one = self.people[n]
        # Those of earlier years are in the record as well, when the practice of today had the person then.
        if max(one.birth, FIRST_DAY - 1500) <= day < self.ends[n]:
            self.block.jabs.append(Jab(self.id("J"), one.index, self.practice_on(one, day), day, key, dose))

    # --- hospital, at once

    def emergencies(self) -> None:
        for key, illness in ILLNESSES.items():
            rate = self.yearly(illness.per_thousand, illness.deprived) / 1000
            rate = self.raised(rate, illness.raised_by) * np.sqrt(self.need) * np.minimum(self.times, 3)
            for n in self.happen(rate):
                self._attend(n, key, self.day(n))
        # People who come without an illness that is found.
        rate = self.yearly((0.2, 0.06, 0.09, 0.08, 0.07, 0.06, 0.06, 0.07, 0.1), 1.7) * self.need
        for n in self.happen(rate):
            self._attend(n, "", self.day(n))
        for n, one in enumerate(self.people):
            if one.death and one.death_place == "hospital" and one.death > self.starts[n] + 1:
                key = {"copd": "copd_exacerbation", "stroke": "stroke_acute", "heart_failure": "heart_failure_acute",
                       "coronary_heart_disease": "heart_attack"}.get(one.death_cause, "pneumonia")  # fmt: skip
                before = 1 + self.whole(14)
                self._attend(n, key, max(self.starts[n], one.death - before), dies=True)

    def _attend(self, n: int, key: str, day: int, *, dies: bool = False) -> None:
        draw, one = self.draw, self.people[n]
        site = self.world.organisation("acute", one.trust).sites[0].ods
        illness = ILLNESSES.get(key)
        age = self.old[n]
        arrives = int((7 + 16 * (draw() + draw()) / 2 + (4 if draw() < 0.2 else 0)) * 60) % 1440
        waits = int(self.long(170))
        is_in = dies or bool(illness and draw() < illness.admitted * (1.0 if age >= 65 else 0.85))
        attendance, admission = self.id("E"), self.id("H") if is_in else ""
        complaint = illness.complaint if illness else ("abdominal_pain", "chest_pain", "back_pain", "limb_injury",
                                                       "rash", "fever")[self.whole(6)]  # fmt: skip
        found = key if illness and draw() < 0.93 else ""
        acuity = 2 if is_in and draw() < 0.6 else 3 if is_in or draw() < 0.5 else 4 if draw() < 0.85 else 5
        group = URGENT_CARE_GROUPS[min(6, self.whole(4) + (3 if is_in else 0))]
        left = not is_in and draw() < 0.035
        self.block.attendances.append(
            Attendance(attendance, one.index, one.trust, site, day, arrives, waits,
                       draw() < 0.16 + (0.35 if age >= 75 else 0) + (0.3 if is_in else 0), complaint,
                       "" if left else found, acuity, admission, left, group[0], group[2])
        )  # fmt: skip
        if draw() < (0.75 if is_in else 0.18):
            self._report(n, one.trust, day, min(1430, arrives + 50), ("urea_and_electrolytes", "full_blood_count",
                                                                     "inflammation")[self.whole(3)])  # fmt: skip
        if not is_in:
            return
        assert illness is not None or dies
        illness = illness or ILLNESSES["pneumonia"]
        start = day * 1440 + arrives + waits
        nights = self.long(illness.days) * (0.7 if age < 65 else 1.15)
        end = start + int(max(0.15, nights - 0.6) * 1440)
        end = end - end % 1440 + self.clock(10, 19) if nights >= 1 else end
        end = max(end, start + 90)
        is_dead = dies or (one.death > 0 and end // 1440 >= one.death)
        if is_dead:
            end = max(one.death * 1440 + 60 + self.whole(1300), start + 30)
        self._admit(n, admission, start, end, method="21", illness=key or "pneumonia", specialty=illness.specialty,
                    attendance=attendance, hrg=illness.hrg, median=illness.days, pence=illness.pence,
                    died=is_dead)  # fmt: skip

    def _admit(
        self, n: int, id_: str, start: int, end: int, *, method: str, illness: str, specialty: str, hrg: str,
        median: float, pence: int, attendance: str = "", waiting: str = "", procedure: str = "", diagnosis: str = "",
        day_case: bool = False, died: bool = False,
    ) -> None:  # fmt: skip
        draw, one = self.draw, self.people[n]
        site = self.world.organisation("acute", one.trust).sites[0]
        is_here_still = end // 1440 > LAST_DAY
        main = diagnosis or concept(illness).icd10
        day = start // 1440
        others = [concept(c.key).icd10 for c in self.block.conditions[n] if not c.end and c.onset <= day]
        diagnoses = tuple(dict.fromkeys((main, *(code for code in others if code != main))))[:12]
        stays = self._stays(site.wards, start, end, specialty, method, day_case, self.old[n])
        nights = max(0, end // 1440 - day)
        cost = int(pence * (0.62 + 0.38 * nights / max(1.0, median)) * (1 + 0.04 * min(8, len(diagnoses) - 1)))
        place = "79" if died else "54" if one.line.find("Care Home") >= 0 else "19" if draw() < 0.93 else "54"
        self.block.admissions.append(
            Admission(
                id_, one.index, one.trust, site.ods, day, start % 1440, 0 if is_here_still else end // 1440,
                0 if is_here_still else end % 1440, method, day_case, specialty, diagnoses, illness, procedure, stays,
                "" if is_here_still else place, died and not is_here_still, attendance, waiting, hrg, cost,
            )
        )  # fmt: skip
        if not day_case:
            for _ in range(1 + min(5, nights // 4)):
                at = start + self.whole(max(60, min(end, LAST_DAY * 1440) - start))
                if at // 1440 <= LAST_DAY:
                    panel = ("urea_and_electrolytes", "full_blood_count", "liver_function", "inflammation")[
                        self.whole(4)
                    ]
                    self._report(n, one.trust, at // 1440, at % 1440, panel)

    def _stays(
        self, wards: tuple[str, ...], start: int, end: int, specialty: str, method: str, day_case: bool, age: float
    ) -> tuple[Stay, ...]:
        if day_case:
            return (Stay("Endoscopy Unit" if specialty == "301" else "Day Surgery Unit", start // 1440, start % 1440),)
        last = {
            "320": "Coronary Care Unit", "328": "Stroke Unit", "110": "Orthopaedic Ward", "501": "Maternity Unit",
            "430": "Elderly Care Ward", "340": "Respiratory Ward", "420": "Children's Ward", "361": "Renal Unit",
        }.get(specialty) or ("Children's Ward" if age < 16 else wards[1 + self.whole(6)])  # fmt: skip
        if age < 16:
            last = "Children's Ward"
        first = {"21": "Emergency Assessment Unit", "31": "Delivery Suite"}.get(method, "Surgical Assessment Unit")
        stays = [Stay(first, start // 1440, start % 1440)]
        moves = start + 240 + self.whole(1200)
        if moves < end - 120:
            stays.append(Stay(last, moves // 1440, moves % 1440))
            again = moves + 1440 * (1 + self.whole(4))
            if again < end - 600 and self.draw() < 0.28:
                stays.append(Stay(wards[1 + self.whole(8)], again // 1440, again % 1440))
        return tuple(stay for stay in stays if stay.day <= LAST_DAY)

    def births(self) -> None:
        for n, child in enumerate(self.people):
            if child.mother < 0 or child.birth <= FIRST_DAY + 2 or child.previous_postcode:
                continue
            m = child.mother - self.block.first
            mother = self.people[m]
            if child.birth <= self.starts[m] + 1 or (mother.death and mother.death <= child.birth):
                continue
            if any(other.mother == child.mother and other.birth == child.birth and other.index < child.index
                   for other in self.people[max(0, n - 400) : n]):  # fmt: skip
                continue  # Twins are one delivery.
            way = "section" if self.draw() < 0.38 else "normal"
            opcs, icd10, _, hrg, pence, days = BIRTH[way]
            born = child.birth * 1440 + child.birth_minute
            start = max(born - 60 - self.whole(1200), (child.birth - 1) * 1440)
            end = born + int(self.long(days) * 1440)
            self._admit(m, self.id("H"), start, end, method="31", illness="", specialty="501", hrg=hrg, median=days,
                        pence=pence, procedure=opcs, diagnosis=icd10)  # fmt: skip

    # --- hospital, planned

    def planned(self) -> None:
        for key, treatment in PLANNED.items():
            rate = self.raised(self.yearly(treatment.per_thousand, 1.05, treatment.men) / 1000, treatment.raised_by)
            for n in self.happen(rate):
                self._planned(n, key)
        clinics = self.yearly((0.1, 0.09, 0.09, 0.12, 0.14, 0.17, 0.22, 0.3, 0.28), 1.1, 0.85) * np.sqrt(self.need)
        for n in self.happen(clinics * np.minimum(self.times, 3)):
            one = self.people[n]
            day = self.weekday(n)
            known = [c.key for c in self.block.conditions[n] if c.key in SPECIALTY_OF and c.onset <= day]
            if self.old[n] < 16:
                reason, specialty = known[0] if known else "", "420"
            elif known and self.draw() < 0.7:
                reason = known[self.whole(len(known))]
                specialty = SPECIALTY_OF[reason]
            else:
                reason, specialty = "", OTHERWISE[self.whole(len(OTHERWISE))]
            if specialty == "502" and one.sex == "male":
                specialty = "101"
            self._clinic(n, day, specialty, reason, follow_ups=self.whole(4))

    def _clinic(self, n: int, day: int, specialty: str, reason: str, follow_ups: int) -> tuple[int, str]:
        """Refer, book and see somebody; answer the day of the first appointment and the referral."""
        draw, one = self.draw, self.people[n]
        urgent = reason.endswith("_cancer") or draw() < 0.06
        priority = "two_week_wait" if urgent else "urgent" if draw() < 0.16 else "routine"
        wait = 6 + self.whole(9) if urgent else int(self.long(28 if priority == "urgent" else 84))
        seen = self._open_day(day + max(3, wait))
        state = "active" if seen > LAST_DAY else "revoked" if draw() < 0.03 else "completed"
        referral = self.id("R")
        asked = Referral(
            referral, one.index, self.practice_on(one, day), day, one.trust, specialty, priority, reason, state
        )
        if day >= FIRST_DAY:
            self.block.referrals.append(asked)
        if state == "revoked":
            return 0, referral
        at, is_first, before = seen, True, len(self.block.outpatients)
        for _ in range(1 + follow_ups):
            if one.death and at >= one.death:
                break
            outcome = self._appointment(n, at, max(day, at - 40 - self.whole(60)), specialty, referral, is_first)
            if at > LAST_DAY:
                break
            if outcome == "attended":
                is_first = False
            at = self._open_day(at + 21 + int(self.long(70)))
            if at > LAST_DAY + 240:
                break
        if day < FIRST_DAY and len(self.block.outpatients) > before:
            self.block.referrals.append(asked)
        return seen, referral

    def _open_day(self, day: int) -> int:
        return day + max(0, 7 - WEEKDAY[day]) * (WEEKDAY[day] > 4)

    def _appointment(self, n: int, day: int, booked: int, specialty: str, referral: str, is_first: bool) -> str:
        draw, one = self.draw, self.people[n]
        if day < FIRST_DAY:
            return "attended"
        # Missed appointments: 8 % in all, twice as many in deprived areas and among young adults.
        missed = 0.065 * 2.2 ** self.gradient[n] * (1.5 if 16 <= self.old[n] < 35 else 1.0)
        what = draw()
        if day > LAST_DAY:
            outcome = "booked"
        elif what < missed:
            outcome = "did_not_attend"
        elif what < missed + 0.06:
            outcome = "cancelled_by_patient" if draw() < 0.5 else "cancelled_by_hospital"
        else:
            outcome = "attended"
        site = self.world.organisation("acute", one.trust).sites[0].ods
        pence = (17800 if is_first else 10400) + 37 * int(specialty) % 4000
        booked = min(max(booked, FIRST_DAY), LAST_DAY)
        self.block.outpatients.append(
            Outpatient(self.id("P"), one.index, one.trust, site, day, self.clock(9, 17), booked, specialty, is_first,
                       outcome, referral, "", "WF01B" if is_first else "WF01A",
                       pence if outcome == "attended" else 0)
        )  # fmt: skip
        return outcome

    def _planned(self, n: int, key: str) -> None:
        draw, one, treatment = self.draw, self.people[n], PLANNED[key]
        referred = self.weekday(n)
        reason = treatment.raised_by[0][0] if treatment.raised_by else ""
        if reason and not self.is_with[reason][n]:
            reason = ""
        repeats = {"chemotherapy": 6, "dialysis": 20, "injection_eye": 5}.get(key, 1)
        seen, referral = self._clinic(n, referred, treatment.specialty, reason, follow_ups=0)
        if not seen or seen > LAST_DAY:
            return
        listed = seen + self.whole(6)
        wait = 10 + self.whole(12) if repeats > 1 else int(self.long(95) * 1.12 ** self.gradient[n])
        priority = 2 if repeats > 1 or reason.endswith("_cancer") else 3 if draw() < 0.3 else 4
        comes = self._open_day(listed + max(4, wait))
        dies = one.death and comes >= one.death
        removed = draw() < 0.05
        if listed > LAST_DAY:
            return
        entry = self.id("W")
        admission = self.id("H") if not dies and not removed and comes <= LAST_DAY else ""
        end = one.death if dies and one.death <= LAST_DAY else comes if comes <= LAST_DAY else 0
        ended = "" if not end else "died" if dies else "removed" if removed else "treated"
        site = self.world.organisation("acute", one.trust).sites[0].ods
        if not end or end >= FIRST_DAY:
            self.block.waiting.append(
                Waiting(entry, one.index, one.trust, site, treatment.specialty, treatment.opcs, referred, listed, end,
                        ended, priority, admission, referral)
            )  # fmt: skip
        for number in range(repeats):
            if not admission:
                return
            in_at = comes * 1440 + self.clock(7, 13)
            as_day_case = draw() < treatment.day_case
            out_at = (
                in_at + 240 + self.whole(300) if as_day_case else in_at + int(self.long(treatment.days) * 1440) + 600
            )
            if comes >= FIRST_DAY:
                self._admit(n, admission, in_at, out_at, method="11" if number == 0 else "13", illness="",
                            specialty=treatment.specialty, hrg=treatment.hrg, median=treatment.days,
                            pence=treatment.pence, waiting=entry if number == 0 else "", procedure=treatment.opcs,
                            diagnosis=treatment.icd10, day_case=as_day_case)  # fmt: skip
            comes = self._open_day(comes + {"chemotherapy": 21, "dialysis": 3}.get(key, 42))
            admission = self.id("H") if comes <= LAST_DAY and not (one.death and comes >= one.death) else ""

    # --- the laboratory

    def laboratory(self) -> None:
        has = self.health.has
        often = self.share * YEARS * np.sqrt(self.need) * (1 + (self.times - 1) / 2)
        adult = np.interp(self.ages, [0, 15, 30, 50, 70, 90], [0.02, 0.08, 0.2, 0.34, 0.55, 0.6])
        diabetic = has["diabetes_type_1"] | has["diabetes_type_2"]
        heart = has["hypertension"] | has["coronary_heart_disease"] | has["stroke"]
        for panel, rate in (
            ("urea_and_electrolytes", adult * 0.55 + 0.5 * (heart | has["chronic_kidney_disease"] | diabetic)),
            ("full_blood_count", adult * 0.6),
            ("liver_function", adult * 0.4),
            ("hba1c", adult * 0.22 + 1.4 * diabetic + 0.6 * has["prediabetes"]),
            ("lipids", adult * 0.22 + 0.5 * (heart | diabetic)),
            ("thyroid", adult * 0.2 + 0.8 * has["hypothyroidism"]),
            ("iron", adult * 0.1),
        ):
            for n in self.happen(rate * often * 0.4):
                one, day = self.people[n], self.weekday(n)
                self._report(n, self.practice_on(one, day), day, self.clock(8, 17), panel)

    def _report(self, n: int, asked_by: str, day: int, minute: int, panel: str) -> None:
        one, draw = self.people[n], self.draw
        results = tuple(self._result(n, key) for key in PANELS[panel].measures)
        corrected = 0.0
        if draw() < 0.012:
            measure = MEASURES[results[0].key]
            corrected = round(results[0].value * (0.8 + 0.4 * draw()), measure.places)
        self.block.reports.append(
            Report(self.id("L"), one.index, one.trust, asked_by, min(day, LAST_DAY), minute, panel, results, corrected)
        )

    def _result(self, n: int, key: str) -> Result:
        measure, has = MEASURES[key], self.is_with
        mean = (measure.low + measure.high) / 2
        spread = measure.spread
        man = self.people[n].sex == "male"
        if key == "hba1c":
            mean = (
                57
                if has["diabetes_type_2"][n]
                else 63
                if has["diabetes_type_1"][n]
                else 44
                if has["prediabetes"][n]
                else 36
            )
            spread = 11 if mean > 50 else 2.5
        elif key == "egfr":
            mean, spread = (47, 7) if has["chronic_kidney_disease"][n] else (max(64, 118 - self.old[n] * 0.65), 8)
        elif key == "creatinine":
            mean = (132 if has["chronic_kidney_disease"][n] else 76) * (1.1 if man else 0.9)
        elif key == "cholesterol":
            mean = 4.3 if has["coronary_heart_disease"][n] or has["diabetes_type_2"][n] else 5.2
        elif key == "haemoglobin":
            mean = (147 if man else 132) - (9 if has["chronic_kidney_disease"][n] else 0)
        elif key in ("crp", "alt", "bilirubin", "tsh", "ferritin", "troponin"):
            mean, spread = mean * 0.6, spread * (0.5 + 4 * self.draw() ** 6)
        value = round(max(0.1 if measure.places else 1, self.around(mean, spread)), measure.places)
        flag = "H" if value > measure.high else "L" if value < measure.low else ""
        return Result(key, value, flag)

    # --- community, mental health, social care, voluntary sector

    def care_episodes(self) -> None:
        draw = self.draw
        for key, team in TEAMS.items():
            rate = self.raised(self.yearly(team.per_thousand, team.deprived) / 1000, team.raised_by)
            if team.setting == "community":
                rate = rate * np.where(self.ages >= 65, 0.6 + 2.4 * self.health.frailty, 1.0)
            for n in self.happen(rate * np.sqrt(self.need)):
                one = self.people[n]
                provider = one.community if team.setting == "community" else one.mental_health
                referred = self.weekday(n)
                starts = referred + 1 + int(self.long(2 if team.days_between < 7 else 28))
                contacts: list[Contact] = []
                at = starts
                for _ in range(max(1, round(self.long(team.contacts)))):
                    at = self._open_day(at)
                    if at >= self.ends[n]:
                        break
                    if at >= FIRST_DAY:
                        mode = ("face_to_face", "telephone", "video", "group")[min(3, int(draw() ** 2.2 * 4))]
                        contacts.append(
                            Contact(self.id("K"), at, self.clock(9, 17), 20 + 5 * self.whole(9), mode, draw() > 0.09)
                        )
                    at += max(1, int(team.days_between * (0.6 + 0.8 * draw())))
                if referred < FIRST_DAY and not contacts:
                    continue
                is_over = bool(contacts) and at < LAST_DAY - 30
                whom = ("gp", "gp", "acute", "self", "social_care", "other")[self.whole(6)]
                reason = next((c for c, _ in team.raised_by if self.is_with[c][n]), "")
                end = contacts[-1].day + self.whole(20) if is_over else one.death
                self.block.episodes.append(
                    Episode(self.id("T"), one.index, provider, team.setting, key, referred, whom,
                            min(end, LAST_DAY) if end else 0, reason, tuple(contacts), team.pence * len(contacts))
                )  # fmt: skip

    def social_care(self) -> None:
        has, draw = self.health.has, self.draw
        younger = 0.003 + 0.72 * has["learning_disability"] + 0.16 * (has["schizophrenia"] | has["multiple_sclerosis"])
        younger = younger + 0.08 * has["alcohol_dependence"] + 0.04 * has["stroke"]
        older = 0.02 + 1.1 * self.health.frailty * np.interp(self.ages, [65, 75, 85, 95], [0.35, 0.7, 1.2, 1.5])
        older = older + 0.3 * has["dementia"]
        rate = np.where(self.ages >= 65, older, younger) * 1.6**self.gradient * np.sqrt(self.share)
        rate = np.where(self.ages < 18, 0, np.minimum(rate, 0.95))
        draws = self.rng.random(len(rate))
        for n, one in enumerate(self.people):
            is_home = "Care Home" in one.line
            if one.council and self.old[n] >= 18 and (draws[n] < rate[n] or (is_home and draw() < 0.62)):
                self._social(n, is_home)
            elif one.council and one.is_carer and draw() < 0.35:
                day = self.weekday(n)
                self._care(one, "request", "", day, day, "support for carers", "carer")
                self._care(one, "service", "carer_support", day + 20, min(day + 200, LAST_DAY), "", "carer")

    def _care(self, one: Person, event: str, service: str, start: int, end: int, outcome: str, reason: str) -> None:
        if start > LAST_DAY or (one.death and start >= one.death):
            return
        if one.death and (not end or end > one.death):
            end = one.death
        weekly = SOCIAL_CARE[service].weekly_pence if service else 0
        weekly = int(weekly * (0.7 + 0.6 * self.draw()))
        self.block.social_care.append(
            SocialCare(self.id("S"), one.index, one.council, event, service, start, min(end, LAST_DAY), outcome, weekly,
                       reason)
        )  # fmt: skip

    def _social(self, n: int, is_home: bool) -> None:
        one, has, draw = self.people[n], self.is_with, self.draw
        reason = (
            "learning_disability" if has["learning_disability"][n]
            else "memory" if has["dementia"][n]
            else "mental_health" if has["schizophrenia"][n] or (self.old[n] < 65 and has["depression"][n])
            else "physical" if draw() < 0.85 else "social"
        )  # fmt: skip
        asked = self.weekday(n)
        helped = is_home or draw() < 0.64
        self._care(one, "request", "", asked, asked, "assessment" if helped else "advice only", reason)
        if not helped:
            return
        assessed = asked + int(self.long(24))
        self._care(one, "assessment", "", asked + 2, assessed, "eligible", reason)
        if is_home:
            service = "nursing_care" if draw() < 0.4 else "residential_care"
        elif reason == "learning_disability":
            service = ("supported_living", "direct_payment", "day_care")[self.whole(3)]
        else:
            services = ("home_care", "reablement", "home_care", "direct_payment", "equipment", "telecare", "respite")
            service = services[self.whole(len(services))]
        begins = assessed + 2 + self.whole(20)
        lasts = SOCIAL_CARE[service].is_long
        self._care(one, "service", service, begins, 0 if lasts and draw() < 0.72 else begins + 42 + self.whole(200), "",
                   reason)  # fmt: skip
        if service == "reablement" and draw() < 0.55:
            self._care(one, "service", "home_care", begins + 43, 0, "", reason)
        if begins + 365 < LAST_DAY:
            self._care(one, "review", "", begins + 350, begins + 352, "continues", reason)

    def voluntary(self) -> None:
        draw, has = self.draw, self.health.has
        lonely = np.array([one.lives_alone for one in self.people]) * (self.ages >= 60)
        carer = np.array([one.is_carer for one in self.people])
        rate = np.where(self.ages < 17, 0, 0.024 + 0.11 * lonely + 0.12 * carer + 0.05 * has["depression"]
                        + 0.05 * has["anxiety"]) * 2.6**self.gradient * self.share  # fmt: skip
        keys = tuple(VOLUNTARY)
        for n in self.happen(rate):
            one = self.people[n]
            if one.is_carer and draw() < 0.6:
                key = "carers_group"
            elif lonely[n] and draw() < 0.7:
                key = ("befriending", "lunch_club", "transport", "walking_group")[self.whole(4)]
            elif one.decile <= 4 and draw() < 0.6:
                key = ("food_bank", "debt_advice", "housing_advice")[self.whole(3)]
            else:
                key = keys[self.whole(len(keys))]
            day = self.weekday(n)
            every = 7 if VOLUNTARY[key].is_long else 12
            sessions = tuple(
                at for at in range(day + 3, day + 4 + every * (2 + self.whole(9)), every) if at < self.ends[n]
            )
            before = 2 + self.whole(5)
            organisation = self.world.voluntary[self.whole(len(self.world.voluntary))].ods
            self.block.activities.append(
                Activity(self.id("V"), one.index, organisation, key,
                         ("self", "link_worker", "gp", "social_care")[self.whole(4)], day,
                         sessions[-1] if sessions and sessions[-1] < LAST_DAY - 21 else 0, sessions, before,
                         min(10, before + self.whole(4)))
            )  # fmt: skip


def arrival(one: Person) -> int:
    """Answer the first day from which the partners here can have seen somebody: the years' first, birth or arrival."""
    came = one.moved_on if one.previous_postcode and not one.previous_practice else 0
    if one.previous_practice:
        came = 0
    return min(max(FIRST_DAY, one.birth, came), LAST_DAY)


def happen(world: World, block: Block, health: Health) -> None:
    """Fill a block with events, each list ordered by person and day."""
    making = Happening(world, block, health)
    making.consultations()
    making.measurements()
    making.immunisations()
    making.emergencies()
    making.births()
    making.planned()
    with making.before_the_years():
        making.planned()
        making.care_episodes()
    _part_overlapping(block)
    making.laboratory()
    making.care_episodes()
    making.social_care()
    making.voluntary()
    for events in (
        block.consultations, block.measurements, block.jabs, block.referrals, block.attendances, block.outpatients,
        block.admissions, block.reports,
    ):  # fmt: skip
        events.sort(key=_by_day)
    block.waiting.sort(key=lambda one: (one.person, one.listed))
    block.episodes.sort(key=lambda one: (one.person, one.referred))
    block.social_care.sort(key=lambda one: (one.person, one.start))
    block.activities.sort(key=lambda one: (one.person, one.start))


def _part_overlapping(block: Block) -> None:
    """Nobody lies in two beds: of two admissions that overlap the planned one, or else the first, stays."""
    block.admissions.sort(key=lambda one: (one.person, one.day, one.minute))
    kept: list[Admission] = []
    dropped: set[str] = set()
    for one in block.admissions:
        last = kept[-1] if kept else None
        if last and last.person == one.person and (not last.end_day or one.day * 1440 + one.minute
                                                   < last.end_day * 1440 + last.end_minute):  # fmt: skip
            if not one.died and (last.waiting or not one.waiting or last.died):
                if not one.waiting:
                    dropped.add(one.id)
                    continue
            elif not last.waiting:
                dropped.add(last.id)
                kept.pop()
        kept.append(one)
    block.admissions[:] = kept
    block.attendances[:] = [
        one._replace(admission="") if one.admission in dropped else one for one in block.attendances
    ]


def _by_day(one: _Dated) -> tuple[int, int]:
    return one.person, one.day
