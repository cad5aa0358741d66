"""What is public, in which words, and in which form (rules: governance X1 to X8)."""
