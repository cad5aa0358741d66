"""Layout, components, charts, maps and exports that every room's pages share."""
