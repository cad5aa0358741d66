"""Who sits on the demo's boards: people with made-up names, their seats, and the demo users who are among them."""

from __future__ import annotations

from datetime import date
from typing import Final

from joinedup.demo_boards.sitting import SINCE, Script

BODY = "QM7"
# The seats of the partnership board: key, title, kind, further kinds, whether it votes, who sits there, for which body.
SEATS: Final = (
    ("chair", "Chair", "chair", (), True, "hwe-chair", ""),
    ("chief-executive", "Chief executive", "leader", (), True, "hwe-chief", BODY),
    ("ned-1", "Non-executive member, vice-chair", "non_exec", (), True, "hwe-member", ""),
    ("ned-2", "Non-executive member, audit", "non_exec", (), True, "hwe-audit", ""),
    ("finance", "Director of finance", "exec", (), True, "hwe-finance", BODY),
    ("medical", "Medical director", "exec", ("clinical",), True, "hwe-medical", BODY),
    ("nursing", "Director of nursing", "exec", ("clinical",), True, "hwe-nursing", BODY),
    ("trust-acute", "Member, acute trusts", "partner_trust", (), True, "hwe-acute", "RWG"),
    ("trust-mental-health", "Member, mental health", "partner_trust", ("mental_health",), True, "hwe-mind", "RWR"),
    ("primary-care", "Partner member, primary care", "partner_primary_care", ("clinical",), True, "hwe-gp", ""),
    ("council-herts", "Partner member, Hertfordshire", "partner_la", (), True, "hwe-herts", ""),
    ("council-essex", "Partner member, Essex", "partner_la", (), True, "hwe-essex", ""),
    ("vcse", "Partner member, voluntary sector", "vcse", (), True, "hwe-vcse", ""),
    ("secretary", "Board secretary", "exec", (), False, "hwe-secretary", BODY),
)  # fmt: skip
# The mental health and learning disability partnership, and the provider collaborative: as above.
MENTAL_HEALTH_SEATS: Final = (
    ("chair", "Independent chair", "chair", (), True, "hwe-mhld-chair", ""),
    ("trust", "Mental health trust", "mental_health", (), True, "hwe-mind", "RWR"),
    ("commissioner", "Integrated care board", "exec", (), True, "hwe-mhld-buyer", BODY),
    ("clinical", "Psychiatrist", "clinical", (), True, "hwe-mhld-doctor", "RWR"),
    ("council", "Hertfordshire County Council", "partner_la", (), True, "hwe-herts", "606"),
    ("vcse", "Voluntary sector", "vcse", (), True, "hwe-mhld-vcse", ""),
    ("experience", "Expert by experience, learning disability", "patient", (), True, "hwe-mhld-expert", ""),
)  # fmt: skip
PROVIDER_SEATS: Final = (
    ("chair", "Independent chair", "chair", (), True, "hwe-providers-chair", ""),
    ("west-herts", "West Hertfordshire Teaching Hospitals", "partner_trust", (), True, "hwe-acute", "RWG"),
    ("east-north", "East and North Hertfordshire", "partner_trust", (), True, "hwe-providers-enh", "RWH"),
    ("harlow", "The Princess Alexandra Hospital", "partner_trust", (), True, "hwe-providers-pah", "RQW"),
    ("mental-health", "Hertfordshire Partnership", "partner_trust", ("mental_health",), True, "hwe-mind", "RWR"),
    ("community", "Hertfordshire Community", "community_health", (), True, "hwe-community", "RY4"),
    ("nurse", "Nurse of the five trusts", "clinical", (), True, "hwe-providers-nurse", ""),
)  # fmt: skip
NAMES: Final = {
    "hwe-chief": "Jane Sample", "hwe-audit": "Omar Sample", "hwe-finance": "Ruth Sample", "hwe-medical": "Tunde Sample",
    "hwe-nursing": "Grace Sample", "hwe-acute": "Peter Sample", "hwe-mind": "Leila Sample", "hwe-gp": "Anil Sample",
    "hwe-herts": "Maura Sample", "hwe-essex": "Colin Sample", "hwe-vcse": "Esme Sample",
    "hwe-place-lead-1": "Hugh Sample", "hwe-place-lead-2": "Nell Sample", "hwe-place-lead-3": "Victor Sample",
    "hwe-community": "Bridget Sample",
    "hwe-mhld-chair": "Iris Sample", "hwe-mhld-buyer": "Kofi Sample", "hwe-mhld-doctor": "Rosa Sample",
    "hwe-mhld-vcse": "Dilip Sample", "hwe-mhld-expert": "Billy Sample",
    "hwe-providers-chair": "Edith Sample", "hwe-providers-enh": "Stefan Sample", "hwe-providers-pah": "Amara Sample",
    "hwe-providers-nurse": "Joan Sample",
}  # fmt: skip
# Demo users (by role) and the people they are on the boards.
ACCOUNTS: Final = {"chair": "hwe-chair", "board_secretary": "hwe-secretary", "member": "hwe-member"}
EVERYBODY: Final = tuple(seat[5] for seat in SEATS if seat[4])


def write_people(script: Script) -> None:
    """Write down who holds seats, and which demo users they are."""
    from joinedup.access import User
    from joinedup.governance.acts import boards as acts
    from joinedup.system import keep_person

    told = script.told(SINCE, "08:00")
    users = {role: User.objects.get(is_demo=True, email=f"{role}@demo.invalid") for role in ACCOUNTS}
    names = dict(NAMES) | {person: users[role].name for role, person in ACCOUNTS.items()}
    for key, name in names.items():
        keep_person(
            script.grant, key, name, since=date(2020, 1, 1), source="demo-boards", reason="Simulated boards' people",
            **told,
        )  # fmt: skip
    for role, person in ACCOUNTS.items():
        acts.name_account(
            script.grant, f"user:{users[role].pk}", person, since=SINCE, reason="a simulated sign-in", **told
        )
