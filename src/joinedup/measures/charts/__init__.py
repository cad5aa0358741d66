"""Charts of protected figures, each beside its table."""
