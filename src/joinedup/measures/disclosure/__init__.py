"""Disclosure control: what may be seen of counts of people, in one table and in all (rules: population PE1 to PE8)."""
