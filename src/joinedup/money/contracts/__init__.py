"""Contracts: what is bought from whom, how it was awarded, and what everybody may read of it."""
