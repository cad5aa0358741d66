"""Who may see or do what, and the proof of who did: sign-in, roles, relationships, consent, break-glass, audit."""
