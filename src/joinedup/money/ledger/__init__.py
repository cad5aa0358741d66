"""The double-entry ledger of the pot: posting, reading, its proof, and partners' trial balances (rules MB3, MB14)."""
