"""The pages of this room, a file a subject."""
