"""Worklists: a cohort that goes back to the record side, with whose leave, and who opened it."""
