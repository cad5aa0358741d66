"""Rosters and staff: posts, WTE, vacancies, joiners and leavers, beside what plans say and need (rules MD2, MD8)."""
