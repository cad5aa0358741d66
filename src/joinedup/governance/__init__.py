"""Boards, papers, decisions, delegations, interests, risks and the transition between legal forms."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# A module never has the name of one of these: importing it would put it in the name's place.
_WHERE: dict[str, str] = {
    "AdoptionRefused": "adoption",
    "AdoptionResult": "adoption",
    "Attendance": "seats",
    "Board": "seats",
    "CountedVotes": "voting",
    "Decision": "decisions",
    "DecisionFixed": "decisions",
    "DecisionLinks": "chain",
    "GovernanceModel": "governance_models",
    "GovernanceModelError": "governance_models",
    "Holding": "seats",
    "ItemStanding": "lost_quorum",
    "KindRule": "composition",
    "MeetingCannotDecide": "decisions",
    "MeetingDates": "notice",
    "ModelChoice": "governance_models",
    "NoModel": "governance_models",
    "NobodyPresides": "voting",
    "NotQuorate": "lost_quorum",
    "NoticeTerms": "notice",
    "OfficerNotAllowed": "accountable_officer",
    "OfficerPost": "accountable_officer",
    "PaperIncomplete": "papers",
    "PaperParts": "papers",
    "Pin": "papers",
    "PinBroken": "papers",
    "Position": "adoption",
    "PowerNotInForce": "governance_models",
    "Quorum": "quorum",
    "QuorumRule": "quorum",
    "QuorumRuleError": "quorum",
    "Ratifying": "urgent",
    "ReleaseRefused": "chain",
    "Seat": "seats",
    "SpecialMajority": "voting",
    "StateRefused": "decisions",
    "Tally": "voting",
    "TierReasonMissing": "chain",
    "UnderEmbargo": "papers",
    "UrgentRefused": "urgent",
    "Vacancy": "composition",
    "Vote": "voting",
    "VoteRefused": "voting",
    "adoption_outcome": "adoption",
    "board_outcome": "adoption",
    "composition_failures": "composition",
    "count_votes": "voting",
    "decide_by_majority": "voting",
    "decide_by_special_majority": "voting",
    "leadership_failures": "composition",
    "meeting_dates": "notice",
    "missing_parts": "papers",
    "model_named": "governance_models",
    "model_on": "governance_models",
    "officer_faults": "accountable_officer",
    "quorum_of_item": "quorum",
    "ratifying": "urgent",
    "read_governance_models": "governance_models",
    "read_quorum_rule": "quorum",
    "read_special_majority": "voting",
    "standing_of_item": "lost_quorum",
    "tally": "voting",
    "tier_shares": "chain",
    "vacancies": "composition",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"joinedup.governance has no public name '{name}'")
    return getattr(import_module(f"joinedup.governance.{_WHERE[name]}"), name)
