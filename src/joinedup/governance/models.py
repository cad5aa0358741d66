"""The tables of boards and what they decide. Rows only grow; what can change is a dated fact of which nothing is lost.

Facts of a register (terms, seats, holdings, interests, delegations) have two times, as in `system`: the days on which
they hold, and the instants at which we believed so. All else is what was done, at one instant; what is decided later
about a row is another row. The triggers of migration 0001 refuse anything else. Bodies are known by their codes, people
by their keys in `system`.
"""

from joinedup.governance.tables.agenda import (
    ItemChange,
    MeetingChange,
    PublicMinutes,
    PublishedCopy,
    Redaction,
    ReferredItem,
)
from joinedup.governance.tables.assurance import (
    Commitment,
    CommitmentEvidence,
    Objective,
    Referral,
    ReferralReply,
    Risk,
    RiskAssurance,
    RiskControl,
    RiskScore,
)
from joinedup.governance.tables.boards import (
    Board,
    BoardTerms,
    MemberAccount,
    ModelInForce,
    Seat,
    SeatHolding,
)
from joinedup.governance.tables.deciding import (
    Adoption,
    Decision,
    Delegation,
    Dissent,
    GivenAuthority,
    ProxyGiven,
    Ratification,
    Vote,
)
from joinedup.governance.tables.declaring import (
    ConflictAction,
    Gift,
    Interest,
    ItemDeclaration,
    RegisterConfirmed,
)
from joinedup.governance.tables.expecting import Expectation
from joinedup.governance.tables.meetings import (
    AgendaItem,
    Attendance,
    ItemOpened,
    Meeting,
    MinutesVersion,
    Paper,
    PaperPublished,
    PaperVersion,
    Presiding,
)
from joinedup.governance.tables.transition import (
    Application,
    ApplicationSent,
    DayOneResult,
    FunctionMap,
    NewOwner,
    StaffTransfer,
    Transition,
    TransitionCount,
    TransitionEvent,
    TransitionStep,
)

__all__ = [
    "Adoption",
    "AgendaItem",
    "Application",
    "ApplicationSent",
    "Attendance",
    "Board",
    "BoardTerms",
    "Commitment",
    "CommitmentEvidence",
    "ConflictAction",
    "DayOneResult",
    "Decision",
    "Delegation",
    "Dissent",
    "Expectation",
    "FunctionMap",
    "Gift",
    "GivenAuthority",
    "Interest",
    "ItemChange",
    "ItemDeclaration",
    "ItemOpened",
    "Meeting",
    "MeetingChange",
    "MemberAccount",
    "MinutesVersion",
    "ModelInForce",
    "NewOwner",
    "Objective",
    "Paper",
    "PaperPublished",
    "PaperVersion",
    "Presiding",
    "ProxyGiven",
    "PublicMinutes",
    "PublishedCopy",
    "Ratification",
    "Redaction",
    "Referral",
    "ReferralReply",
    "ReferredItem",
    "RegisterConfirmed",
    "Risk",
    "RiskAssurance",
    "RiskControl",
    "RiskScore",
    "Seat",
    "SeatHolding",
    "StaffTransfer",
    "Transition",
    "TransitionCount",
    "TransitionEvent",
    "TransitionStep",
    "Vote",
]
