"""Sharing a pot by need: weighted populations, need indices, targets, pace of change, what-if (rules MA1 to MA14)."""
