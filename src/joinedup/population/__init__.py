"""The pseudonymised population: snapshots, tables, cohorts, registers, segments, risk."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# A module never has the name of one of these: importing it would put it in the name's place.
_WHERE = {
    "cambridge_score": "cambridge",
    "clinical_areas": "inequalities",
    "codelist": "codelists",
    "Codelist": "codelists",
    "codelists_behind": "lists_behind",
    "Cohort": "cohorts",
    "cohort": "cohorts",
    "cohort_names": "cohorts",
    "compile_view": "sql_on_fhir.view_compiler",
    "core20plus5": "inequalities",
    "counted_event": "counted_events",
    "CountedEvent": "counted_events",
    "events": "evaluation",
    "events_by_month": "counted_events",
    "everybody_by_month": "people_by_month",
    "holding": "evaluation",
    "frailty_category": "frailty",
    "frailty_index": "frailty",
    "households": "homes",
    "load_postcodes": "services",
    "make_snapshot": "services",
    "multimorbidity": "cambridge",
    "one_year_risk": "frailty",
    "open_snapshot": "snapshot",
    "parse_statement": "statements",
    "PeopleByMonth": "people_by_month",
    "product_views": "sql_on_fhir.view_files",
    "read_expected_prevalence": "prevalence",
    "read_view": "sql_on_fhir.view_definition",
    "read_views": "sql_on_fhir.view_files",
    "register_prevalence": "prevalence",
    "registers": "register_rules",
    "RiskModel": "risk",
    "run_views": "sql_on_fhir.view_runner",
    "segment_list": "segment_rules",
    "segments": "segment_rules",
    "Snapshot": "snapshot",
    "snapshot_ids": "snapshot",
    "spark_rows": "sql_on_fhir.views_on_spark",
    "states": "evaluation",
    "TABLES": "tables",
    "train_admission_risk": "risk",
    "transitions": "segment_rules",
    "ViewError": "sql_on_fhir.view_errors",
    "WantedSnapshot": "services",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"joinedup.population has no public name '{name}'")
    return getattr(import_module(f"joinedup.population.{_WHERE[name]}"), name)
