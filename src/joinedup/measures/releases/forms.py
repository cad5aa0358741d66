"""What the pages of releases take: what to release, to whom and why; a decision with its reason."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from joinedup.measures.releases.steps import MODES, RECIPIENTS


class AskForm(forms.Form):
    """What somebody asks to release; the file itself, or what joinedup is to make, comes beside it."""

    title = forms.CharField(
        min_length=5,
        max_length=120,
        error_messages={
            "required": _("Enter a title"),
            "min_length": _("Enter a title of a few words"),
            "max_length": _("Use at most 120 characters for the title"),
        },
    )
    purpose = forms.CharField(
        min_length=10,
        max_length=1000,
        error_messages={
            "required": _("Say what it is for"),
            "min_length": _("Say what it is for, in a few words"),
            "max_length": _("Use at most 1,000 characters for the purpose"),
        },
    )
    recipient_kind = forms.ChoiceField(
        choices=[(key, "") for key in RECIPIENTS],
        error_messages={"required": _("Choose who receives it"), "invalid_choice": _("Choose who receives it")},
    )
    recipient = forms.CharField(max_length=200, required=False)
    mode = forms.ChoiceField(choices=[(key, "") for key in MODES], required=False)
    how = forms.CharField(max_length=1000, required=False)
    explanation = forms.CharField(max_length=1000, required=False)
    request = forms.UUIDField()

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if values.get("recipient_kind") not in (None, "public") and not values.get("recipient", "").strip():
            self.add_error("recipient", _("Name the body that receives it"))
        return values


class FileAskForm(AskForm):
    """The same for a file that an analyst made: how it was made must be said."""

    how = forms.CharField(
        min_length=10,
        max_length=1000,
        error_messages={
            "required": _("Say how the file was made"),
            "min_length": _("Say how the file was made, in a few words"),
            "max_length": _("Use at most 1,000 characters"),
        },
    )
    mode = forms.ChoiceField(
        choices=[(key, "") for key in MODES],
        error_messages={
            "required": _("Choose how counts are protected"),
            "invalid_choice": _("Choose how counts are protected"),
        },
    )


class ReasonForm(forms.Form):
    """Why a release is withdrawn."""

    reason = forms.CharField(
        min_length=3,
        max_length=500,
        error_messages={
            "required": _("Say why, in a few words"),
            "min_length": _("Say why, in a few words"),
            "max_length": _("Use at most 500 characters"),
        },
    )


class DecisionForm(ReasonForm):
    """What a second person decides on a release, and why."""

    verdict = forms.ChoiceField(
        choices=[("publish", ""), ("approve", ""), ("refuse", "")],
        error_messages={"required": _("Choose what you decide"), "invalid_choice": _("Choose what you decide")},
    )
    field_order = ("verdict", "reason")


def errors_of(form: forms.Form) -> list[dict[str, str]]:
    """Answer the lines of the error summary, each with the address of its field."""
    if not form.is_bound:
        return []
    return [{"text": str(errors[0]), "href": f"#{name}"} for name, errors in form.errors.items()]
