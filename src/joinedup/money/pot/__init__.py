"""The single pot: funds, authorities, budget lines, spending, risk share, forecasts, position (rules MB1 to MB13)."""
