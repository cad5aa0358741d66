"""A page: one room's template inside the layout that all rooms share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import escape_leading_slashes
from django.utils.module_loading import import_string
from django.utils.translation import get_language

from joinedup.moment import LONDON, now
from joinedup.ui.dates import WrittenDate, written
from joinedup.ui.exports import Provenance
from joinedup.ui.tables import Table


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step on the way from the front page to here."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """A link in the header. `menu` is the bar below it, or the account corner; a `post` entry is a button."""

    text: str
    href: str
    menu: Literal["main", "account"] = "main"
    method: Literal["get", "post"] = "get"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One thing that a room found: its name, its page, what kind of thing it is and a line about it."""

    title: str
    href: str
    kind: str
    detail: str = ""


class Page:
    """One page of the site, ready to be answered.

    `template` extends `ui/page.jinja` and fills its block `content`; the rest of the keywords are the template's.
    Breadcrumbs lead from the front page to this page's parent.
    """

    def __init__(
        self, request: HttpRequest, template: str, *, title: str, breadcrumbs: Sequence[Crumb] = (), **context: Any
    ) -> None:
        self.request = request
        self.template = template
        self.title = title
        self.breadcrumbs = list(breadcrumbs)
        self.context = context

    def response(self, status: int = 200) -> HttpResponseBase:
        """Answer the page, or the file when the address asks for the download of one of its tables."""
        if self.request.method in {"GET", "HEAD"} and any(key.endswith("-download") for key in self.request.GET):
            provenance = Provenance(page=self.title, as_of=self._moment(), address=self._address())
            for table in tables_in(self.context):
                file = table.download(self.request, provenance)
                if file is not None:
                    return file
        return HttpResponse(self.html(), status=status)

    def html(self) -> str:
        """Answer the page as text."""
        return render_to_string(
            self.template, {**self.context, "title": self.title, "site": Site(self)}, request=self.request
        )

    def _moment(self) -> Any:
        return getattr(self.request, "moment", None) or now()

    def _address(self) -> str:
        return settings.PUBLIC_URL + self.request.path if hasattr(settings, "PUBLIC_URL") else self.request.path


class Site:
    """What the layout shows around any page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.request = page.request
        self.breadcrumbs = page.breadcrumbs
        self.moment = getattr(page.request, "moment", None) or now()
        self.is_now = getattr(page.request, "is_now", True)
        # A page that reports a failure must not ask the database again for its menu.
        self.is_bare = bool(page.context.get("is_bare"))
        self._navigation: list[NavigationEntry] | None = None

    @property
    def path(self) -> str:
        """Answer the page's path as a form may name it: one that begins with two slashes would name another host."""
        return escape_leading_slashes(self.request.path)

    @property
    def crumbs(self) -> list[dict[str, str]]:
        """Answer the breadcrumbs as the NHS.UK macro takes them."""
        return [{"text": crumb.text, "href": crumb.href} for crumb in self.breadcrumbs]

    @property
    def footer(self) -> list[dict[str, Any]]:
        """Answer the links of the footer: the languages of the site."""
        here = self.request.get_full_path()
        return [
            {
                "text": name,
                "href": f"{reverse('language', kwargs={'code': code})}?{urlencode({'next': here})}",
                "attributes": {"lang": code, "hreflang": code} | ({"aria-current": "true"} if current else {}),
            }
            for code, name, current in self.languages
        ]

    @property
    def navigation(self) -> list[NavigationEntry]:
        if self.is_bare:
            return []
        if self._navigation is None:
            paths = getattr(settings, "NAVIGATION", [])
            self._navigation = [e for path in paths for e in import_string(path)(self.request)]
        return self._navigation

    def is_here(self, entry: NavigationEntry) -> bool:
        """Answer whether the page lies under this link, and under no other that leads nearer to it."""
        return bool(self._leads_here(entry)) and self._leads_here(entry) == max(map(self._leads_here, self.navigation))

    def _leads_here(self, entry: NavigationEntry) -> int:
        path = entry.href.split("?", 1)[0]
        is_above = self.request.path == path or (path != "/" and self.request.path.startswith(path))
        return len(path) if is_above else 0

    @property
    def has_simulated_data(self) -> bool:
        if self.is_bare:
            return False
        return any(import_string(path)() for path in getattr(settings, "LOADED_DEMO_DATA", []))

    @property
    def known_on(self) -> Any:
        """Answer the day whose knowledge is shown, or None when it is all that is known."""
        asked = getattr(self.request, "known_on", None)
        return asked.astimezone(LONDON) if asked else None

    @property
    def day_boxes(self) -> WrittenDate:
        typed = getattr(self.request, "typed_dates", None)
        return typed["as_of"] if typed else written(self.moment.valid_on)

    @property
    def known_boxes(self) -> WrittenDate:
        typed = getattr(self.request, "typed_dates", None)
        if typed:
            return typed["known_at"]
        return written(self.known_on.date()) if self.known_on else WrittenDate()

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Answer the parameters that the date form must carry along: all but the dates and the page numbers."""
        return [
            (key, value)
            for key, values in self.request.GET.lists()
            for value in values
            if not key.startswith(("as_of", "known_at")) and not key.endswith(("-page", "-download"))
        ]

    @property
    def today_href(self) -> str:
        return "?" + urlencode([*self.kept, ("as_of", "today")])

    @property
    def languages(self) -> list[tuple[str, str, bool]]:
        """Answer (code, own name, is it the one in use) for each language of the site."""
        current = get_language()
        return [(code, name, code == current) for code, name in settings.LANGUAGES]


def tables_in(value: Any) -> Iterator[Table]:
    """Answer every table within a page's values, also those in lists and beside charts, maps and diagrams."""
    if isinstance(value, Table):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from tables_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from tables_in(inner)
    elif isinstance(getattr(value, "table", None), Table):
        yield value.table
