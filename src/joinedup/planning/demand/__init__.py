"""Activity to come, and the beds, theatres, clinics and contacts that it needs (rules ME10 to ME13)."""
