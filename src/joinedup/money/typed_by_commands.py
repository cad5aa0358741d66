"""What verbs of this room read and print: pounds and shares as they are typed, answers for people and for programs."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any

import typer

from joinedup.errors import RuleError

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Year = Annotated[str, typer.Option(help="The financial year, such as 2026/27.")]


def pence_of_pounds(text: str, name: str) -> int:
    """Answer the pence of pounds as they were typed, below 0 as well; RuleError names the option."""
    from joinedup.money.allocation.explained import pot_of_pounds

    sign = -1 if text.startswith("-") else 1
    try:
        return sign * pot_of_pounds(text.lstrip("-"))
    except RuleError:
        raise RuleError(f"M0.1: {name} is '{text}'; expected pounds such as 1234.56.") from None


def share_of(text: str, name: str, rule: str) -> Decimal:
    """Answer a share as it was typed; RuleError for what is no number."""
    from decimal import InvalidOperation

    try:
        return Decimal(text)
    except InvalidOperation:
        raise RuleError(f"{rule}: {name} is '{text}'; expected a share such as .001.") from None


def told(pence: int | None) -> str:
    """Answer pence as people read pounds; None is not known."""
    if pence is None:
        return "not known"
    from joinedup.money.ledger.trial_balances import pounds

    return pounds(pence)


def say(as_json: bool, answer: dict[str, Any], lines: list[str]) -> None:
    """Print an answer for programs, or its lines for people."""
    typer.echo(json.dumps(answer, ensure_ascii=False) if as_json else "\n".join(lines))
