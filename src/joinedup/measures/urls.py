"""The addresses of this room, under /measures/."""

from __future__ import annotations

from joinedup.measures.release_urls import release_patterns

app_name = "measures"
urlpatterns = [*release_patterns]
