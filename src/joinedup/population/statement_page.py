"""The page of the docs about statements, written from what is understood: docs/reference/statements.md.

python -m joinedup.population.statement_page > docs/reference/statements.md
"""

from __future__ import annotations

import sys

from joinedup.population.activities import activities
from joinedup.population.codelists import codelist, codelist_names
from joinedup.population.named_values import named_values
from joinedup.population.register_rules import known_registers
from joinedup.population.statements import FORMS

_HEAD = """\
# Statements

Cohorts, measures, segments and registers are made of sentences such as a clinician would say:

    from joinedup.population import cohort, open_snapshot

    overdue = cohort(
        include=["is registered", "is on the register diabetes", "had no HbA1c measured in the 15 months"],
        exclude=["is on the register palliative care"],
    )
    overdue.attrition(open_snapshot("latest"))

A sentence is one of the forms below, word for word but for names and numbers. Capitals do not matter. A sentence that
is none of them is refused, with the form that is nearest.

**The day.** A statement is true, false or unknown of a person on a day: the end of a month, or the snapshot's day. What
is unknown neither includes nor excludes: an inclusion needs true, an exclusion needs true, and the table of steps
counts the unknown. "not", "no" and "never" need the answer to be known.

**Stretches of time** end on that day. Twelve months to 31 March 2026 begin on 1 April 2025; where counting back meets a
day that the month does not have, its last day is meant.

| said | meant |
|---|---|
| `in the 12 months`, `in the 2 years`, `in the year` | so many months counted back from the day |
| `in the 30 days`, `in the 2 weeks` | so many days, the day among them |
| `in the month` | the calendar month of the day |
| `since 2012-04-01` | that day or later |
| `since 1 September` | the latest first of September or later |

**Feeds.** Registers are read from general practice. "had" and "has ever had" look at every feed; activities say which
feeds they are counted from, so that one stay in hospital is counted once.

This page is written from the grammar itself.

## Forms
"""
_LISTS = """
## Codelists

Starter lists of our own making, a few codes each. An installation puts the national reference sets, under its SNOMED CT
licence, into `definitions/codelists` of its data folder: a CSV file of the same name takes the place of ours, and
`codelists.toml` beside it says its title, system and version.

| name | what it holds | codes |
|---|---|---|"""


def statement_page() -> str:
    """Answer the page as Markdown."""
    lines = [_HEAD]
    for form in FORMS:
        lines += [f"### {form.name[0].upper()}{form.name[1:]}", ""]
        lines += [f"- `{example}`" for example in form.examples]
        lines += ["", form.meaning, ""]
    lines += ["## Registers", "", "| name | short | who is on it |", "|---|---|---|"]
    lines += [f"| {one.name} | {one.short} | {one.rule} |" for one in known_registers().values()]
    lines += ["", "## Activities", "", "| name | what is counted | from the feeds |", "|---|---|---|"]
    counted = {one.name: one for one in activities().values()}
    lines += [f"| {one.name} | {one.meaning} | {', '.join(one.feeds)} |" for _, one in sorted(counted.items())]
    lines += ["", "## Named values", "", "| name | what it is | unit | of several on one day |", "|---|---|---|---|"]
    values = {one.name: one for one in named_values().values()}
    lines += [
        f"| {one.name} | {one.title} | {one.unit or 'a code'} | the {one.same_day} |"
        for _, one in sorted(values.items())
    ]
    lines.append(_LISTS)
    lines += [f"| {name} | {codelist(name).title} | {len(codelist(name))} |" for name in codelist_names()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(statement_page())
