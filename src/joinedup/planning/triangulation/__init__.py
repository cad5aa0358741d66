"""Where plans disagree, with each other and with themselves, and how that is settled (rules MD4 to MD6, MD8)."""
