"""A small site of its own: the layout with a few pages, without sign-in and without a database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, override_settings

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def _small_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    # Once a module: with new settings Django reads all templates again.
    backend = {**settings.TEMPLATES[0], "DIRS": [str(HERE / "templates")]}
    with override_settings(
        ROOT_URLCONF="tests.spec.ui.site",
        ROOMS=["joinedup.ui"],
        MIDDLEWARE=[
            "joinedup.ui.headers.SecurityHeaders",
            "django.middleware.gzip.GZipMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "joinedup.ui.moments.MomentOfTheSite",
            "joinedup.ui.errors.ErrorPages",
        ],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        TEMPLATES=[backend],
        NAVIGATION=["tests.spec.ui.site.entries"],
        LOADED_DEMO_DATA=["tests.spec.ui.site.is_simulated"],
        STATIC_ROOT=tmp_path_factory.mktemp("static"),
        CACHES={"drawings": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    ):
        yield


@pytest.fixture
def site(_small_site: None) -> Client:
    """A browser on a site whose rooms are only `ui`; an error in a page is answered, as on the real server."""
    return Client(raise_request_exception=False)
