"""Which source records are one resident."""
