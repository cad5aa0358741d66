"""Releases: asked for, checked, decided, published."""
