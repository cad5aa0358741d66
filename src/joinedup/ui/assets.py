"""The style sheets, scripts and pictures that browsers load: made once, at set-up, into a folder of static files.

    python -m joinedup.ui.assets node_modules/nhsuk-frontend [FOLDER]

Every file gets the digest of its content in its name, so browsers may keep it for ever, and a gzipped twin. The style
sheet of nhsuk-frontend names a font on another host: the `@font-face` rules are taken out (the next font in its list is
Arial) and the making fails if any address of another host is left. The NHS's own pictures (logo, favicon) are trade
marks and are not copied; only the icons that the style sheet names are.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import re
import sys
from pathlib import Path

from joinedup.errors import Unavailable

VERSION = "10.6.1"  # of nhsuk-frontend; it and nhsuk-frontend-jinja 0.10.2 belong together
MANIFEST = "manifest.json"
PREPARED = Path(sys.prefix) / "share" / "joinedup" / "static"  # beside the programs, whatever the data folder
OWN = Path(__file__).resolve().parent / "static"
# What one file may name of another: url(...) in style sheets.
_URL = re.compile(r"url\(\s*['\"]?([^'\")]+?)['\"]?\s*\)")
_HOST = re.compile(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", re.IGNORECASE)
# Names of namespaces are not addresses: nothing is loaded from them.
_NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink")


def prepare(frontend: Path, folder: Path) -> dict[str, str]:
    """Make the static files in `folder` from the package nhsuk-frontend and our own; answers name -> hashed name.

    Raises Unavailable when the package is not there, is another version, or still names another host.
    """
    files = _of_frontend(frontend) | {path.name: path.read_bytes() for path in sorted(OWN.iterdir()) if path.is_file()}
    hashed: dict[str, str] = {}
    folder.mkdir(parents=True, exist_ok=True)
    # Pictures first, since style sheets name them by their hashed names.
    for name in sorted(files, key=lambda name: (name.endswith(".css"), name)):
        data = files[name]
        if name.endswith((".css", ".js", ".svg")):
            data = _pointed(data.decode(), hashed).encode()
            _refuse_other_hosts(name, data.decode())
        hashed[name] = _hashed_name(name, data)
        (folder / hashed[name]).write_bytes(data)
        (folder / f"{hashed[name]}.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    (folder / MANIFEST).write_text(json.dumps(hashed, indent=1, sort_keys=True))
    _addresses.cache_clear()
    return hashed


def address(name: str) -> str:
    """Answer the address of a static file by its plain name.

    Without a manifest the plain name is answered, so that a page without its style sheet is still a page.
    """
    from django.conf import settings

    return settings.STATIC_URL + _addresses(str(settings.STATIC_ROOT)).get(name, name)


def is_prepared(folder: Path) -> bool:
    """Answer whether the static files have been made in this folder."""
    return (folder / MANIFEST).exists()


@functools.cache
def _addresses(folder: str) -> dict[str, str]:
    try:
        return dict(json.loads((Path(folder) / MANIFEST).read_text()))
    except FileNotFoundError:
        return {}


def _of_frontend(frontend: Path) -> dict[str, bytes]:
    dist = frontend / "dist" / "nhsuk"
    try:
        found = json.loads((frontend / "package.json").read_text())["version"]
        style = (dist / "nhsuk-frontend.min.css").read_text()
        script = (dist / "nhsuk-frontend.min.js").read_text()
    except FileNotFoundError as error:
        raise Unavailable(f"nhsuk-frontend was not found ({error.filename} is missing). Run: make setup") from None
    if found != VERSION:
        raise Unavailable(f"nhsuk-frontend {found} was found; expected {VERSION}. Run: make setup")
    style = re.sub(r"@font-face\s*{[^}]*}", "", style)
    files = {
        "nhsuk-frontend.css": _without_source_map(style).encode(),
        "nhsuk-frontend.js": _without_source_map(script).encode(),
    }
    for icon in sorted({Path(url).name for url in _URL.findall(style) if url.startswith("/assets/images/")}):
        files[icon] = (dist / "assets" / "images" / icon).read_bytes()
    return files


def _without_source_map(text: str) -> str:
    return re.sub(r"(/\*|//)# sourceMappingURL=.*?(\*/|$)", "", text)


def _pointed(text: str, hashed: dict[str, str]) -> str:
    """Answer a style sheet whose url(...) name the hashed files beside it."""

    def point(match: re.Match[str]) -> str:
        name = match.group(1).removeprefix("/assets/images/")
        return f"url({hashed[name]})" if name in hashed else match.group(0)

    return _URL.sub(point, text)


def _refuse_other_hosts(name: str, text: str) -> None:
    for namespace in _NAMESPACES:
        text = text.replace(namespace, "")
    left = _HOST.search(text)
    if left:
        raise Unavailable(f"{name} names another host ({left.group(0)}); pages may load nothing from elsewhere.")


def _hashed_name(name: str, data: bytes) -> str:
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(data).hexdigest()[:12]}.{ending}"


def main(arguments: list[str]) -> int:
    if not 1 <= len(arguments) <= 2:
        print("usage: python -m joinedup.ui.assets node_modules/nhsuk-frontend [FOLDER]", file=sys.stderr)  # noqa: T201
        return 2
    folder = Path(arguments[1]) if len(arguments) == 2 else PREPARED
    try:
        made = prepare(Path(arguments[0]), folder)
    except Unavailable as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    print(f"{len(made)} static files in {folder}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
