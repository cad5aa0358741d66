"""What is kept, read as of a day by what was known at an instant, as the values that the rules take."""
