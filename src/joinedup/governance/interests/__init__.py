"""The register of interests, and which items an interest touches (rules: governance I1 to I7)."""
