"""The static files: hashed, gzipped, and from nowhere else."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from django.test import override_settings

from joinedup.errors import Unavailable
from joinedup.ui import assets


@pytest.fixture
def frontend(tmp_path: Path) -> Path:
    """A package like nhsuk-frontend, as small as can be."""
    dist = tmp_path / "nhsuk-frontend" / "dist" / "nhsuk"
    (dist / "assets" / "images").mkdir(parents=True)
    (dist / "assets" / "images" / "nhsuk-icon-cross.svg").write_text("<svg/>")
    (dist / "nhsuk-frontend.min.css").write_text(
        "@font-face{font-family:F;src:url(https://assets.nhs.uk/f.woff2)}a{background:url(/assets/images/nhsuk-icon-cross.svg)}"
    )
    (dist / "nhsuk-frontend.min.js").write_text("export{};//# sourceMappingURL=x.map")
    (tmp_path / "nhsuk-frontend" / "package.json").write_text(json.dumps({"version": assets.VERSION}))
    return tmp_path / "nhsuk-frontend"


def test_files_are_made_with_hashed_names_and_gzipped_twins(frontend: Path, tmp_path: Path) -> None:
    folder = tmp_path / "static"
    made = assets.prepare(frontend, folder)
    style = (folder / made["nhsuk-frontend.css"]).read_text()
    assert style == f"a{{background:url({made['nhsuk-icon-cross.svg']})}}"
    assert gzip.decompress((folder / f"{made['nhsuk-frontend.css']}.gz").read_bytes()).decode() == style
    assert "sourceMappingURL" not in (folder / made["nhsuk-frontend.js"]).read_text()
    assert {"joinedup.css", "joinedup.js", "wordmark.svg", "favicon.svg"} <= made.keys()
    assert assets.is_prepared(folder)
    with override_settings(STATIC_ROOT=folder):
        assert assets.address("joinedup.css") == f"/static/{made['joinedup.css']}"


def test_the_same_files_get_the_same_names(frontend: Path, tmp_path: Path) -> None:
    assert assets.prepare(frontend, tmp_path / "one") == assets.prepare(frontend, tmp_path / "two")


@pytest.mark.parametrize("leak", ["a{b:url(https://example.org/x.png)}", "@import '//example.org/x.css';"])
def test_a_style_sheet_that_names_another_host_is_refused(frontend: Path, tmp_path: Path, leak: str) -> None:
    style = frontend / "dist" / "nhsuk" / "nhsuk-frontend.min.css"
    style.write_text(leak)
    with pytest.raises(Unavailable, match="another host"):
        assets.prepare(frontend, tmp_path / "static")


def test_another_version_or_a_missing_package_is_refused(frontend: Path, tmp_path: Path) -> None:
    (frontend / "package.json").write_text(json.dumps({"version": "9.0.0"}))
    with pytest.raises(Unavailable, match=r"expected 10\.6\.1"):
        assets.prepare(frontend, tmp_path / "static")
    with pytest.raises(Unavailable, match="make setup"):
        assets.prepare(tmp_path / "nowhere", tmp_path / "static")
