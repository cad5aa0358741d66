"""What people fill in, checked field by field."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from joinedup.access.roles import TABLE
from joinedup.errors import RuleError
from joinedup.moment import parse_day
from joinedup.ui import read_date


class SignInForm(forms.Form):
    email = forms.CharField(max_length=254, error_messages={"required": _("Enter your email address")})
    password = forms.CharField(max_length=1000, strip=False, error_messages={"required": _("Enter your password")})


class AskForResetForm(forms.Form):
    email = forms.EmailField(
        error_messages={
            "required": _("Enter your email address"),
            "invalid": _("Enter an email address in the correct format, like name@example.com"),
        }
    )


class ChoosePasswordForm(forms.Form):
    # Nothing is asked twice (WCAG 3.3.7, redundant entry): a typing error is mended by asking for a new link.
    password = forms.CharField(max_length=1000, strip=False, error_messages={"required": _("Enter a password")})


class InviteForm(forms.Form):
    name = forms.CharField(max_length=200, error_messages={"required": _("Enter the name")})
    email = forms.EmailField(
        error_messages={
            "required": _("Enter the email address"),
            "invalid": _("Enter an email address in the correct format, like name@example.com"),
        }
    )


class GiveRoleForm(forms.Form):
    role = forms.ChoiceField(error_messages={"required": _("Select a role")})
    body_code = forms.CharField(max_length=30, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role: Any = self.fields["role"]
        role.choices = [(role.key, role.title) for role in TABLE.roles.values()]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        # Three boxes a date, as the NHS design asks for it; the whole date has one error.
        for name, title in (("valid_from", _("The first day")), ("valid_to", _("The day it ends"))):
            written = read_date(self.data, name, str(title))
            if written.problem:
                self.add_error(None, forms.ValidationError(written.problem, code=name))
            values[name] = written.value
        return values


class AuditFilterForm(forms.Form):
    day = forms.CharField(max_length=10, required=False)
    actor = forms.CharField(max_length=300, required=False)
    action = forms.CharField(max_length=60, required=False)

    def clean_day(self) -> Any:
        text = self.cleaned_data["day"]
        try:
            return parse_day(text) if text else None
        except RuleError as error:
            raise forms.ValidationError(str(error)) from None
