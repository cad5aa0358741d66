"""Activity as it was counted, protected, month by month."""
