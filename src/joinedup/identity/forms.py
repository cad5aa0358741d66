"""What the pages of the room take: a verdict on a pair, and which records to part from a resident."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

LONGEST_REASON = 500


class VerdictForm(forms.Form):
    """A verdict with its reason; the request's own id makes a second click the same decision."""

    verdict = forms.ChoiceField(
        choices=[("match", ""), ("never", ""), ("unsure", "")],
        error_messages={"required": _("Choose what you found"), "invalid_choice": _("Choose what you found")},
    )
    reason = forms.CharField(
        max_length=LONGEST_REASON,
        min_length=3,
        error_messages={
            "required": _("Say why, in a few words"),
            "min_length": _("Say why, in a few words"),
            "max_length": _("Use at most 500 characters"),
        },
    )
    request = forms.UUIDField()


class PartForm(forms.Form):
    """Which of a resident's records belong to somebody else, and why."""

    records = forms.MultipleChoiceField(
        error_messages={
            "required": _("Choose the records that belong to somebody else"),
            "invalid_choice": _("Choose among the records of this resident"),
        }
    )
    reason = VerdictForm.base_fields["reason"]
    request = forms.UUIDField()

    def __init__(self, *args: Any, subjects: Iterable[UUID] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["records"].choices = [(str(one), "") for one in subjects]  # type: ignore[attr-defined]


class UndoForm(forms.Form):
    """Whether a merge of a source that is undone may come again, and why it is undone."""

    again = forms.ChoiceField(
        choices=[("never", ""), ("may", "")],
        error_messages={
            "required": _("Choose whether the source may merge them again"),
            "invalid_choice": _("Choose whether the source may merge them again"),
        },
    )
    reason = VerdictForm.base_fields["reason"]
    request = forms.UUIDField()


def errors_of(form: forms.Form) -> list[dict[str, str]]:
    """Answer the lines of the error summary, each with the address of its field."""
    if not form.is_bound:
        return []
    return [{"text": str(errors[0]), "href": f"#{name}"} for name, errors in form.errors.items()]
