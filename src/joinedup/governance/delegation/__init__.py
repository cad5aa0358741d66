"""Who may decide what, up to how much, and while the post is held (rules: governance C11, D1 to D7)."""
