"""Beds, theatres, clinics, contacts and emergency spaces: what is needed, what is there (rules ME12, ME13)."""
