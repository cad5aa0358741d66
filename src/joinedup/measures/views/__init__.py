"""The pages of this room. Each shows answers of `answers.py`: protected figures, and why one is not there."""
