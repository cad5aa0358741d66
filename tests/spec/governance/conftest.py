"""The board of Littleshire for the chapters about what is kept: loaded once for a chapter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction


@pytest.fixture(scope="module")
def littleshire_with_a_board(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Littleshire is loaded and has a board, once for a chapter; what each test does is undone after it."""
    from . import sitting  # Applications are ready only once tests run.

    with django_db_blocker.unblock(), transaction.atomic():
        sitting.load(tmp_path_factory.mktemp("littleshire"))
        sitting.set_up_board()
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def three_groups(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Three groups on their way into four bodies, once for a chapter; what each test does is undone after it."""
    from . import three_groups as drawn

    with django_db_blocker.unblock(), transaction.atomic():
        drawn.load(tmp_path_factory.mktemp("shire"))
        yield
        transaction.set_rollback(True)
