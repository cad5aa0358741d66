"""The pages of this room. Each shows an answer of `answers.py`, and says how to get the same one elsewhere."""
