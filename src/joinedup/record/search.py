"""What the search box of the site says of residents: where to find one, never who there is.

The words of that box stand in the address of its page, and no address may name a person (rules: trust T54). So the box
looks at no record: it leads to the page that asks for the purpose first and sends what is typed out of sight.
"""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.access import Grant
from joinedup.access.roles import TABLE
from joinedup.feeds.nhs_number import NhsNumber, check
from joinedup.moment import Moment
from joinedup.ui import SearchResult


def find(text: str, moment: Moment, grant: Grant) -> list[SearchResult]:
    """Answer the way to the page that finds residents, to roles that may, when the words may be a person."""
    role = TABLE.roles.get(grant.role or "")
    if role is None or "record.find" not in role.permissions:
        return []
    is_number = isinstance(check(text), NhsNumber)
    is_name = len(text.split()) >= 2 and not any(character.isdigit() for character in text)
    if not (is_number or is_name):
        return []
    detail = _("Names and NHS numbers are typed there, where they stand in no address and with your purpose.")
    return [SearchResult(_("Find a resident"), reverse("record:find"), _("Resident"), detail)]
