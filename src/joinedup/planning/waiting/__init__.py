"""Queues and waiting lists: formulas, bands of weeks, stock and flow, simulation (rules ME1 to ME9, ME14, MG7, MG8)."""
