"""The pages of planning, a file a subject."""
