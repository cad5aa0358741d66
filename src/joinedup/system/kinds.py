"""The words for what bodies and areas are, each with its title for people (rules: governance section 1)."""

from __future__ import annotations

BODY_KINDS = {
    "stp": "Sustainability and transformation partnership",
    "ics": "Integrated care system",
    "icb": "Integrated care board",
    "icp_statutory": "Integrated care partnership (statutory committee)",
    "icp_place": "Integrated care partnership of a place",
    "icp_care_group": "Integrated care partnership of a care group",
    "partnership_board": "Partnership board",
    "ccg": "Clinical commissioning group",
    "provider_collaborative": "Provider collaborative",
    "clinical_network": "Clinical network",
    "nhs_trust": "NHS trust",
    "foundation_trust": "NHS foundation trust",
    "ics_trust": "Integrated care system trust",
    "pcn": "Primary care network",
    "gp_practice": "GP practice",
    "local_authority": "Council",
    "hwb": "Health and wellbeing board",
    "scrutiny_committee": "Scrutiny committee",
    "healthwatch": "Healthwatch",
    "vcse": "Voluntary, community or social enterprise",
    "care_provider": "Care provider",
    "csu": "Commissioning support unit",
    "nhse_region": "NHS England region",
    "nhs_england": "NHS England",
    "nhs_improvement": "NHS Improvement",
}
LEGAL_FORMS = {
    "none": "No legal form",
    "partnership": "Partnership without legal form",
    "joint_committee": "Joint committee",
    "statutory_corporate": "Statutory corporate body",
    "nhs_trust": "NHS trust",
    "foundation_trust": "NHS foundation trust",
    "council": "Council",
    "company": "Company",
    "charity": "Charity",
}
AREA_KINDS = {
    "nation": "Nation",
    "system": "Integrated care system area",
    "sub_icb_location": "Sub-ICB location",
    "place": "Place",
    "care_group": "Care group area",
    "neighbourhood": "Neighbourhood",
    "county": "County",
    "council": "Council area",
}
SERVING_ROLES = {
    "leads": "leads",
    "commissions_for": "commissions for",
    "serves": "serves",
    "located_in": "is located in",
}
LINK_KINDS = {
    "member_of": "member of",
    "part_of": "part of",
    "lead_provider_of": "lead provider of",
    "regulated_by": "regulated by",
}
STATUSES = ("substantive", "interim", "acting", "deputy")
SCHEMES = ("ods", "ons", "charity", "company")
# What a fact is about, on pages and at the terminal alike.
FACTS = {
    "Standing": "What it is",
    "Name": "Name",
    "Identifier": "Code",
    "ContactPoint": "Contact",
    "Site": "Site",
    "Serving": "Area",
    "Link": "Link to a body",
    "Part": "Small area",
    "Within": "Lies within",
    "PostStanding": "Post",
    "Employment": "Employment",
    "Assignment": "Holder of a post",
    "FunctionOwner": "Function",
}
# What a load or an import has added, in words.
COUNTED = {
    "Body": "bodies",
    "Area": "areas",
    "Person": "people",
    "Post": "posts",
    "SmallArea": "small areas",
    "ChangeEvent": "changes",
    "CodeSuccession": "successions of codes",
    "Standing": "standings",
    "Name": "names",
    "Identifier": "codes",
    "ContactPoint": "contacts",
    "Site": "sites",
    "Serving": "areas served",
    "Link": "links between bodies",
    "Part": "memberships of small areas",
    "Within": "areas within areas",
    "PostStanding": "standings of posts",
    "Employment": "employments",
    "Assignment": "post holders",
    "FunctionOwner": "owners of functions",
}
