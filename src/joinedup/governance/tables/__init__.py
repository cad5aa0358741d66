"""The tables of this room, by subject. They only grow."""
