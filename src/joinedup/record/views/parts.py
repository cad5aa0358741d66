"""What the pages of one resident share: the identity strip, the links between them, who sees what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control

from joinedup.access import purposes_for, relationship_in_words
from joinedup.access.roles import TABLE
from joinedup.feeds.values import SETTINGS
from joinedup.record.residents import OpenRecord, open_record, statements_of
from joinedup.record.sources import is_loaded
from joinedup.record.statement import Sender, Statement, dated_by, freshness, said_age, said_date
from joinedup.record.summary import Identity, identity_of
from joinedup.ui import Crumb, Page, instant

# A person's page is never kept by a browser or a proxy.
keeps_no_copy = cache_control(no_store=True, private=True)
NOTICE = "record.notice"
SETTING_NAMES = SETTINGS


@dataclass(frozen=True, slots=True)
class Part:
    """A link among the pages of one resident."""

    text: str
    href: str
    is_here: bool


class ResidentPage:
    """One resident's page for one reader: opened with leave, with what stands on top of all of them.

    `is_own` is for the resident's own pages, which lie at other addresses and bear the permission record.own.
    """

    def __init__(self, request: Any, resident_id: UUID, permission: str, *, is_own: bool = False) -> None:
        self.request = request
        self.is_own = is_own
        self.opened: OpenRecord = open_record(request, resident_id, permission)
        self.has_moved = self.opened.resident_id != resident_id
        self._statements: list[Statement] | None = None
        self._ages: dict[str, tuple[str, str]] = {}

    @property
    def statements(self) -> list[Statement]:
        """Answer what all sources say, read once for the page."""
        if self._statements is None:
            self._statements = statements_of(self.opened)
        return self._statements

    @property
    def identity(self) -> Identity:
        patients = [one for one in self._statements or () if one.type == "Patient"]
        if self._statements is None:
            patients = statements_of(self.opened, ["Patient"])
        return identity_of(patients, self.opened.at, self.opened.resident_id)

    def may(self, permission: str) -> bool:
        """Answer whether the reader has a role that permits this, for some purpose; the record itself decides again."""
        return bool(purposes_for(self.request, permission, self.opened.at))

    def opening_role_has(self, permission: str) -> bool:
        """Answer whether the ONE role by which this record is open permits this: what another role may is of others."""
        role = self.opened.grant.role
        return role is not None and permission in TABLE.role(role).permissions

    def href(self, name: str, **more: Any) -> str:
        """Answer the address of a page of this resident."""
        prefix = "own-" if self.is_own else ""
        return reverse(f"record:{prefix}{name}", kwargs={"resident_id": self.opened.resident_id, **more})

    def moved(self, name: str) -> HttpResponseBase:
        """Answer the way to the record that this one became part of."""
        return HttpResponseRedirect(self.href(name))

    def parts(self) -> list[Part]:
        """Answer the links to the other pages of this resident that the reader may open."""
        full = self.is_own or self.may("record.full")
        found = [(_("Summary"), "resident", self.is_own or self.may("record.summary"))]
        found += [
            (_("Timeline"), "timeline", full),
            (_("About me"), "about-me", self.is_own or self.may("record.summary")),
            (_("Documents"), "documents", full),
            (_("Who is who"), "identity", full),
        ]
        if self.is_own or self.may("record.access_log"):
            found.append((_("Who looked"), "access-log", True))
        return [
            Part(text, self.href(name), self.request.path == self.href(name))
            for text, name, allowed in found
            if allowed
        ]

    def page(self, template: str, title: str, **context: Any) -> Page:
        """Answer the page with the strip, the links and the crumbs around it."""
        if self.is_own:
            crumbs = [Crumb("joinedup", "/"), Crumb(_("Your record"), reverse("record:mine"))]
        else:
            crumbs = [Crumb("joinedup", "/"), Crumb(_("Find a resident"), reverse("record:find"))]
        who = self.identity
        # The name of a person is no title of a page: titles go into histories and tabs that others see.
        return Page(
            self.request,
            template,
            title=title,
            breadcrumbs=crumbs,
            resident=self,
            who=who,
            parts=self.parts(),
            relationship=relationship_in_words(self.opened.grant.relationship),
            broke_glass=(self.opened.grant.relationship or "").startswith("break-glass:"),
            is_simulated=is_loaded(),
            notice=self.request.session.pop(NOTICE, None),
            age_of=self.age_of,
            state_of=self.state_of,
            setting_name=setting_name,
            said=lambda statement: said_date(dated_by(statement)),
            **context,
        )

    def age_of(self, sender: Sender) -> str:
        """Answer how old a source's data are, in words."""
        return self._age(sender)[0]

    def state_of(self, sender: Sender) -> str:
        """Answer whether a source's data are green, amber or red."""
        return self._age(sender)[1]

    def _age(self, sender: Sender) -> tuple[str, str]:
        # Every line asks; a record has a few sources and hundreds of lines.
        if sender.key not in self._ages:
            said = _("never received")
            if sender.setting == "joinedup":
                said = ""
            elif sender.last_received is not None:
                said = _("received %(age)s") % {"age": said_age(sender.last_received, self.opened.at)}
            self._ages[sender.key] = (said, freshness(sender, self.opened.at))
        return self._ages[sender.key]


def setting_name(key: str) -> str:
    return SETTING_NAMES.get(key, key)


def stale_said(stale: Sequence[tuple[Sender, str]]) -> list[str]:
    """Answer a sentence for each source that has been silent for too long."""
    return [
        _("%(name)s (%(setting)s): last received %(when)s")
        % {
            "name": sender.organisation_name,
            "setting": setting_name(sender.setting),
            "when": instant(sender.last_received) if sender.last_received else _("never"),
        }
        for sender, _state in stale
    ]


def say(request: Any, text: str) -> None:
    """Keep a sentence that the next page shows once."""
    request.session[NOTICE] = text
