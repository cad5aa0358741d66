"""Risks, the board assurance framework and commitments (rules: governance K1 to K5, P5)."""
