"""The interests and posts that follow from where people work, as the room `system` knows it (rules: I1, B4)."""

from __future__ import annotations

from collections.abc import Collection

from joinedup.governance import models
from joinedup.governance.boards.composition import PartnerPost
from joinedup.governance.interests.register import Interest, Work, interests_of_employment
from joinedup.governance.kept.registers import visible
from joinedup.moment import Moment
from joinedup.system import works_of


def employed_interests(people: Collection[str], moment: Moment) -> list[Interest]:
    """Answer the interests that people have on a day because they work for a body or hold a post in it (I1)."""
    return interests_of_employment(
        Work(one.person, one.body, one.start, one.end) for one in works_of(people, moment)
    )  # fmt: skip


def partner_posts(board: models.Board, people: Collection[str], moment: Moment) -> list[PartnerPost]:
    """Answer who of these people works for a partner of a board on a day (B4).

    Partners are the bodies for which somebody sits on the board and the members of the system's other boards, but for
    the board's own bodies.
    """
    bodies = {one.on_behalf_of for one in visible(models.SeatHolding, moment, board=board)}
    for members in models.Board.objects.filter(system=board.system).exclude(pk=board.pk).values_list("joint_of"):
        bodies.update(members[0])
    partners = bodies - {""} - set(board.joint_of)
    return [
        PartnerPost(one.person, one.body, one.start, one.end)
        for one in works_of(people, moment)
        if one.body in partners
    ]  # fmt: skip
