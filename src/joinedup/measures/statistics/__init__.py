"""Statistics on tables: rates, standardisation, inequality, control charts (rules: population PD1 to PD16)."""
