"""Bodies, places, neighbourhoods, posts and the people who hold them, as they were, are and will be."""
