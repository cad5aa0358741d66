"""Allocation by need, the single pot, contracts, payment by rule."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# A module never has the name of one of these: importing it would put it in the name's place.
_WHERE: dict[str, str] = {
    "ActivityLine": "activity_prices",
    "Band": "payment_schemes",
    "BandError": "payment_schemes",
    "BlankCell": "weighted_populations",
    "BoundaryGap": "boundaries",
    "BoundaryOverlap": "boundaries",
    "ContractTotal": "settlement",
    "Crosswalk": "denominators",
    "DenominatorError": "denominators",
    "DuplicateCode": "weighted_populations",
    "Infeasible": "pace",
    "Leaf": "capitation",
    "Lineage": "lineage",
    "LineageRow": "lineage",
    "Membership": "boundaries",
    "NoTarget": "pace",
    "NormalisationError": "weighted_populations",
    "PaceResult": "pace",
    "Payment": "blended",
    "PaymentScheme": "payment_schemes",
    "People": "denominators",
    "Price": "activity_prices",
    "PriceBook": "activity_prices",
    "PriceMissing": "activity_prices",
    "QualityMetric": "quality",
    "SchemeNotAdopted": "payment_schemes",
    "Settlement": "settlement",
    "ShareError": "splitting",
    "TotalsChanged": "lineage",
    "WeightError": "splitting",
    "WeightedPopulation": "weighted_populations",
    "allocate_tree": "capitation",
    "bands": "payment_schemes",
    "blend": "capitation",
    "blended_payment": "blended",
    "check_memberships": "boundaries",
    "contract_total": "settlement",
    "crosswalk_on": "denominators",
    "distance_from_target": "pace",
    "mechanism": "mechanisms",
    "mix_basis": "baselines",
    "money_parameters": "mechanisms",
    "need_index": "capitation",
    "next_baseline": "baselines",
    "pace_of_change": "pace",
    "parents_on": "boundaries",
    "pence_per_head": "denominators",
    "price_activity": "activity_prices",
    "profile": "splitting",
    "quality_earned": "quality",
    "quality_pool": "quality",
    "quality_score": "quality",
    "read_payment_schemes": "payment_schemes",
    "read_weighted_population": "weighted_populations",
    "registered_per_resident": "denominators",
    "resident_to_registered": "denominators",
    "scheme_for": "payment_schemes",
    "settle": "settlement",
    "split_body": "lineage",
    "split_by_days": "boundaries",
    "split_pence": "splitting",
    "succeed": "lineage",
    "top_slice": "baselines",
    "value_above_target": "activity_prices",
    "value_weighted_activity": "activity_prices",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"joinedup.money has no public name '{name}'")
    return getattr(import_module(f"joinedup.money.{_WHERE[name]}"), name)
