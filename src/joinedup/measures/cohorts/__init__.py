"""Counting cohorts on a page, line by line and by groups, protected together."""
