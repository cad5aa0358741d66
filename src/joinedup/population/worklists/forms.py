"""What the pages of worklists take: whom to send back, for what and why; a decision; a mark."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from joinedup.errors import JoinedupError
from joinedup.population.cohorts import cohort
from joinedup.population.worklists.rules import LEAST_REASON, STATES

MOST_LINES = 20


class AskForm(forms.Form):
    """A cohort by its name or by sentences, a line each; a title; for what and why."""

    title = forms.CharField(
        min_length=5,
        max_length=120,
        error_messages={
            "required": _("Enter a title"),
            "min_length": _("Enter a title of a few words"),
            "max_length": _("Use at most 120 characters for the title"),
        },
    )
    cohort = forms.CharField(max_length=200, required=False)
    include = forms.CharField(max_length=4000, required=False)
    exclude = forms.CharField(max_length=4000, required=False)
    purpose = forms.CharField(max_length=40, error_messages={"required": _("Choose the purpose")})
    reason = forms.CharField(
        min_length=LEAST_REASON,
        max_length=1000,
        error_messages={
            "required": _("Say what will be done for these people"),
            "min_length": _("Say what will be done for these people, in a sentence"),
            "max_length": _("Use at most 1,000 characters"),
        },
    )
    request = forms.UUIDField()

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        lines = {name: _lines(values.get(name, "")) for name in ("include", "exclude")}
        named = values.get("cohort", "").strip()
        if named and not lines["include"]:
            try:
                chosen = cohort(named)
            except JoinedupError as error:
                self.add_error("cohort", str(error))
                return values
            lines = {"include": list(chosen.include), "exclude": [*chosen.exclude, *lines["exclude"]]}
        elif not lines["include"]:
            self.add_error("include", _("Choose a cohort, or say in sentences whom it includes"))
            return values
        for name, sentences in lines.items():
            for number, sentence in enumerate(sentences, start=1):
                try:
                    cohort(include=[sentence])
                except JoinedupError as error:
                    said = str(error).split(" Statements look like:", 1)[0]
                    self.add_error(name, _("Line %(number)s: %(said)s") % {"number": number, "said": said})
                    break
            if len(sentences) > MOST_LINES:
                self.add_error(name, _("Use at most 20 lines"))
            values[f"{name}_lines"] = tuple(sentences)
        return values


class DecisionForm(forms.Form):
    """What the Caldicott guardian decides on a worklist, and why."""

    verdict = forms.ChoiceField(
        choices=[("approve", ""), ("refuse", "")],
        error_messages={"required": _("Choose what you decide"), "invalid_choice": _("Choose what you decide")},
    )
    reason = forms.CharField(
        min_length=LEAST_REASON,
        max_length=500,
        error_messages={
            "required": _("Say why, in a sentence"),
            "min_length": _("Say why, in a sentence"),
            "max_length": _("Use at most 500 characters"),
        },
    )


class MarkForm(forms.Form):
    """What was done for somebody on a worklist."""

    entry = forms.UUIDField()
    state = forms.ChoiceField(choices=[(key, "") for key in STATES])


def errors_of(form: forms.Form) -> list[dict[str, str]]:
    """Answer the lines of the error summary, each with the address of its field."""
    return (
        [{"text": str(errors[0]), "href": f"#{name}"} for name, errors in form.errors.items()] if form.is_bound else []
    )


def _lines(text: str) -> list[str]:
    return [said for line in text.splitlines() if (said := " ".join(line.split()))]
