"""Payment by rule: schemes of each year, settlement and explained statements (rules MC1 to MC7)."""
