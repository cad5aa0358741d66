"""What people fill in on the pages of the record, checked field by field."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from joinedup.feeds.nhs_number import NhsNumber, check
from joinedup.moment import LONDON
from joinedup.record.about_me import HEADINGS, LONGEST
from joinedup.record.handover import URGENCIES
from joinedup.record.writing import ALERT_CATEGORIES, LONGEST_NOTE
from joinedup.ui import WrittenDate, read_date

# What each purpose-bound search must hold at least, so that a page is no list of people (rules: trust T11, R89).
LEAST = _("Enter an NHS number, or a family name with a given name or a date of birth, or a date of birth and postcode")


class FindForm(forms.Form):
    """Who is looked for: by NHS number, or by name, date of birth and postcode."""

    nhs_number = forms.CharField(max_length=20, required=False)
    family = forms.CharField(max_length=100, required=False)
    given = forms.CharField(max_length=100, required=False)
    postcode = forms.CharField(max_length=12, required=False)
    born: WrittenDate = WrittenDate()

    def clean_nhs_number(self) -> str:
        text: str = self.cleaned_data["nhs_number"].strip()
        if not text:
            return ""
        found = check(text)
        if not isinstance(found, NhsNumber):
            says = _("Enter a 10 digit NHS number, such as 999 000 0018; its last digit checks the others")
            raise forms.ValidationError(says)
        return found.value

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        self.born = read_date(self.data, "born", str(_("The date of birth")))
        if self.born.problem:
            self.add_error(None, forms.ValidationError(self.born.problem, code="born"))
        elif self.born.value and self.born.value > today():
            self.add_error(None, forms.ValidationError(_("The date of birth must be in the past"), code="born"))
        values["born"] = self.born.value
        named = bool(values.get("family")) and bool(values.get("given") or values["born"])
        is_enough = values.get("nhs_number") or named or (values["born"] and values.get("postcode"))
        if not is_enough and not self.errors:
            self.add_error(None, forms.ValidationError(LEAST, code="nhs_number"))
        return values


class BreakGlassForm(forms.Form):
    """Why a record is opened without a relationship; the details of the person come with it."""

    reason_code = forms.CharField(max_length=40, required=False)
    reason = forms.CharField(max_length=2000, required=False)


class NoteForm(forms.Form):
    topic = forms.CharField(max_length=100, required=False)
    text = forms.CharField(
        max_length=LONGEST_NOTE, error_messages={"required": _("Write the note")}, strip=True, required=True
    )


class AlertForm(forms.Form):
    category = forms.ChoiceField(
        choices=list(ALERT_CATEGORIES.items()),
        error_messages={"required": _("Select what the alert is about"), "invalid_choice": _("Select one of the list")},
    )
    text = forms.CharField(min_length=3, max_length=500, error_messages={"required": _("Say what others must know")})

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for name, title in (("ends", _("The last day")), ("review", _("The day of the review"))):
            written = read_date(self.data, name, str(title))
            if written.problem:
                self.add_error(None, forms.ValidationError(written.problem, code=name))
            elif written.value and written.value < today():
                self.add_error(None, forms.ValidationError(_("%(what)s must not be in the past") % {"what": title},
                                                           code=name))  # fmt: skip
            values[name] = written.value
        return values


class ReferForm(forms.Form):
    receiver = forms.CharField(max_length=20, required=False)
    other = forms.CharField(max_length=20, required=False)
    what = forms.CharField(
        min_length=3, max_length=200, error_messages={"required": _("Say what you ask for, for example physiotherapy")}
    )
    reason = forms.CharField(min_length=10, max_length=5000, error_messages={"required": _("Say why")})
    urgency = forms.ChoiceField(choices=[(one, one) for one in URGENCIES], error_messages={"required": _("Select one")})

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        values["to"] = (values.get("other") or values.get("receiver") or "").strip().upper()
        if not values["to"]:
            self.add_error("receiver", _("Choose the organisation"))
        return values


class AboutMeForm(forms.Form):
    """One box for each heading."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key in HEADINGS:
            self.fields[key] = forms.CharField(max_length=LONGEST, required=False)


def errors_of(form: forms.Form) -> list[dict[str, str]]:
    """Answer the lines of the error summary, each with the address of its box; a form's own error names it as code."""
    if not form.is_bound:
        return []
    return [
        {"text": message, "href": f"#{error.code if field == '__all__' else field}"}
        for field, found in form.errors.as_data().items()
        for error in found
        for message in error.messages
    ]


def today() -> date:
    """Answer the day in London."""
    return datetime.now(UTC).astimezone(LONDON).date()
