"""Boards: seats and who holds them, what a board must consist of, and the model by which it decides."""
