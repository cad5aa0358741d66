"""Walking every page and answer about populations, measures and releases, as a role, by the routes of the site.

As a program it writes each answer of a data folder's site into a folder: `python -m tests.spec.measures.walking out`.
"""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile, is_zipfile

BELOW = ("/population/", "/measures/", "/open/", "/api/population", "/api/measures")
NEVER = "no-such-thing"
MOST_FOLLOWED = 6  # downloads and other views of one page
# What stands for a changing piece of an address, by its name; each address is tried with the known and with another.
KNOWN: dict[str, list[str]] = {"number": ["1", "999"], "code": ["QM7", NEVER], "name": [NEVER]}
# The questions that pages and answers take; one that a page does not know it leaves unread.
QUESTIONS = (
    "?area=QM7&by=sex&breakdown=sex&measure=no-such-measure", "?month=never&area=no-such-area",
    "?sentence=is+registered&by=sex",
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What one request was answered with, in full: status, headers and body; a workbook unpacked."""

    role: str
    method: str
    address: str
    status: int
    text: str


def routes() -> Iterator[tuple[str, Any]]:
    """Yield every route below BELOW, with what answers it."""
    from django.urls import URLPattern, URLResolver, get_resolver

    def below(patterns: Any, before: str) -> Iterator[tuple[str, Any]]:
        for entry in patterns:
            if isinstance(entry, URLResolver):
                yield from below(entry.url_patterns, before + str(entry.pattern))
            elif isinstance(entry, URLPattern):
                yield before + str(entry.pattern), entry.callback

    for route, view in below(get_resolver().url_patterns, "/"):
        if route.startswith(BELOW):
            yield route, view


def permission_of(view: Any) -> str:
    """Answer the permission that a route names: a page's own, or that of an operation of the API."""
    for cell in view.__closure__ or ():
        for operation in getattr(cell.cell_contents, "operations", ()):
            return str(getattr(operation.view_func, "permission", ""))
    return str(getattr(view, "permission", ""))


def addresses(route: str, known: Mapping[str, list[str]]) -> list[str]:
    """Answer the addresses of a route: its changing pieces with what is known, and with what is not there."""
    found = [route]
    for kind, name in re.findall(r"<(?:(\w+):)?(\w+)>", route):
        piece = f"<{kind}:{name}>" if kind else f"<{name}>"
        stands_for = known.get(name) or KNOWN.get(name) or (["1"] if kind == "int" else [NEVER])
        if kind == "uuid":
            stands_for = ["00000000-0000-4000-8000-000000000000"]
        found = [address.replace(piece, quote(one)) for address in found for one in stands_for]
    return found


def client_of(role: str) -> Any:
    """Answer a browser in which the demo user of a role is signed in; "" is anonymous."""
    from django.test import Client

    client = Client(raise_request_exception=False)
    if role:
        assert client.post("/access/demo/", {"role": role}).status_code == 302
    return client


def walk(
    role: str, known: Mapping[str, list[str]], *, bodies: tuple[Mapping[str, Any], ...] = ({},), follow: bool = True
) -> Iterator[Answer]:
    """Ask every route as this role, with each question, and post each body.

    `follow` also asks for the downloads and other views that each page offers.
    """
    client = client_of(role)
    for route, _ in routes():
        for address in addresses(route, known):
            answer = ask(client, role, "GET", address)
            yield answer
            if answer.status in (302, 401, 403):  # Refused whatever is asked: once is enough.
                yield ask(client, role, "POST", address, bodies[-1])
                break
            if answer.status != 405:
                for question in QUESTIONS:
                    yield ask(client, role, "GET", address + question)
                for more in followed(answer) if follow else ():
                    yield ask(client, role, "GET", address + more)
            for body in bodies:
                yield ask(client, role, "POST", address, body)


def followed(answer: Answer) -> list[str]:
    """Answer the links of a page to other views of itself: downloads, sorting, charts of another area."""
    if answer.status != 200:
        return []
    found = [html.unescape(one) for one in re.findall(r'href="(\?[^"]+)"', answer.text)]
    downloads = [one for one in found if "-download=" in one]
    others = [one for one in found if "-download=" not in one]
    return list(dict.fromkeys(downloads + others))[:MOST_FOLLOWED]


def ask(client: Any, role: str, method: str, address: str, body: Mapping[str, Any] | None = None) -> Answer:
    response = client.post(address, dict(body or {})) if method == "POST" else client.get(address)
    content = b"".join(response.streaming_content) if response.streaming else response.content
    head = "\n".join(f"{name}: {value}" for name, value in response.headers.items() if name != "Set-Cookie")
    return Answer(role, method, address, response.status_code, head + "\n\n" + readable(content))


def readable(content: bytes) -> str:
    """Answer a body as text: a workbook or another archive as the texts in it."""
    file = BytesIO(content)
    if is_zipfile(file):
        with ZipFile(file) as parts:
            return "\n".join(f"{name}\n{parts.read(name).decode(errors='replace')}" for name in parts.namelist())
    return content.decode(errors="replace")


def known_things() -> dict[str, list[str]]:
    """Answer what there is in this data folder to put into addresses: measures, areas, snapshots, code lists."""
    from joinedup.errors import JoinedupError
    from joinedup.measures import open_results
    from joinedup.population import snapshot_ids

    found: dict[str, list[str]] = {"snapshot": [*snapshot_ids(), NEVER], "snapshot_id": [*snapshot_ids(), NEVER]}
    try:
        results = open_results()
    except JoinedupError:
        return found
    areas: dict[str, str] = {}
    for area in results.areas():
        areas.setdefault(area.kind, area.code)
    found["measure_id"] = [results.measures[0], NEVER]
    found["code"] = [areas["system"], areas["practice"], NEVER]
    return found


def main(out: Path, roles: list[str]) -> None:
    """Walk a data folder's site as these roles, and write each answer into a file."""
    import django

    django.setup()
    from django.conf import settings
    from django.db import transaction
    from django.test.utils import setup_test_environment

    setup_test_environment()
    settings.ALLOWED_HOSTS = ["*"]
    from joinedup.access import demo_users

    with transaction.atomic():
        demo_users()
    out.mkdir(parents=True, exist_ok=True)
    known = known_things()
    count = 0
    for role in roles:
        for answer in walk(role, known, follow=role == roles[0]):
            count += 1
            about = f"{answer.role or 'anonymous'} {answer.method} {answer.address} {answer.status}\n\n"
            (out / f"{count:05d}.txt").write_text(about + answer.text)
    print(count)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["analyst", "privacy_officer", ""])
