"""From one legal form to the next: staff, offers, day one, plans and their signatures (rules: governance C, P)."""
