"""Write the reference pages from the code: commands, settings, errors, roles. `make docs` runs it.

Each page says at its head that it is written by this file; tests/docs fails when one of them is stale.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MADE = "<!-- Written by docs/reference/write.py (make docs). Change the code, not this page. -->\n"

# Every environment variable that joinedup reads: what it does, and what holds without it.
SETTINGS = {
    "JOINEDUP_DATA": (
        "The folder in which joinedup keeps everything: database, keys, heads of the audit, letters, drawings.",
        "`joinedup` in the user's data folder, `~/.local/share/joinedup`",
    ),
    "DATABASE_URL": (
        "A PostgreSQL server (14 or later) to use instead of the one that joinedup brings: "
        "`postgresql://user:password@host:5432/name?sslmode=verify-full`.",
        "joinedup runs its own server",
    ),
    "JOINEDUP_PUBLIC_URL": (
        "Where people reach this installation. With `https://` cookies carry the `__Host-` prefix and browsers are "
        "told to insist on https; the proxy in front must set and strip `X-Forwarded-Proto` itself.",
        "the address and port that are served, `http://127.0.0.1:8000`",
    ),
    "JOINEDUP_AUDIT_HEADS": (
        "The folder for the heads of the audit. Storage that only lets files grow, on another machine, proves most.",
        "`audit-heads` in the data folder",
    ),
    "JOINEDUP_SECRET_KEY": (
        "The key that signs sessions and forms; 32 characters or more.",
        "made on first use, in `keys` in the data folder",
    ),
    "JOINEDUP_ADMIN_PASSWORD": ("The password for `joinedup init`, where nobody can be asked.", "it is asked for"),
    "JOINEDUP_MAIL_HOST": (
        "The mail server through which letters (invitations, resets) go.",
        "letters are written into the folder `outbox` in the data folder",
    ),
    "JOINEDUP_MAIL_PORT": ("The mail server's port.", "25"),
    "JOINEDUP_MAIL_TLS": ("`1`: speak to the mail server with TLS.", "without"),
    "JOINEDUP_MAIL_FROM": ("The sender of letters.", "`joinedup <no-reply@localhost>`"),
    "JOINEDUP_SESSION_IDLE_MINUTES": ("After how many minutes without a request a session ends.", "15"),
    "JOINEDUP_SESSION_ABSOLUTE_HOURS": ("After how many hours a session ends in any case.", "8"),
    "JOINEDUP_DAYS_BEFORE_APPOINTMENT": ("How many days before an appointment its clinic may open the record.", "7"),
    "JOINEDUP_DAYS_AFTER_CARE": (
        "How many days after a stay, visit, appointment or referral those who gave care may open the record.",
        "28",
    ),
    "JOINEDUP_BREAK_GLASS_MINUTES": ("For how many minutes a record stays open without a relationship.", "60"),
    "JOINEDUP_ACCESS_LOG_NAMES": (
        "`1`: residents see by name who looked at their record.",
        "by role and organisation only",
    ),
    "JOINEDUP_MESH_URL": (
        "Where MESH is, such as `https://mesh-sync.spineservices.nhs.uk`, for `joinedup collect`.",
        "only folders can be collected",
    ),
    "JOINEDUP_MESH_PASSWORD": ("The password of the mailbox.", "only folders can be collected"),
    "JOINEDUP_MESH_SHARED_KEY": (
        "The key that MESH shares with everybody who uses its interface in this environment.",
        "only folders can be collected",
    ),
    "JOINEDUP_MESH_CERTIFICATE": ("The file of the client certificate (PEM) that MESH has issued.", "none is shown"),
    "JOINEDUP_MESH_KEY": ("The file of the certificate's private key (PEM).", "it is in the certificate's file"),
    "JOINEDUP_MESH_AUTHORITIES": (
        "A file of certificates (PEM) by which the server is known.",
        "those of the NHS for its own addresses, the usual ones for others",
    ),
    "JOINEDUP_REFERENCE": ("For tests only: the folder of the published files.", "`shared/data` beside the repository"),
}

# The rooms in the order of the way of the data; requirements are listed by them.
ROOMS = (
    "ui", "access", "system", "feeds", "identity", "record", "population", "measures", "planning", "money", "pressure",
    "governance", "engagement", "oversight",
)  # fmt: skip


def pages() -> dict[Path, str]:
    """Answer every reference page that this file writes, by its path."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "joinedup.settings"
    import django

    django.setup()
    return {
        HERE / "commands.md": "\n".join(commands()),
        HERE / "settings.md": "\n".join(settings()),
        HERE / "errors.md": "\n".join(errors()),
        HERE / "roles.md": "\n".join(roles()),
        HERE / "measures.md": "\n".join(measures()),
        HERE / "requirements.md": "\n".join(requirements()),
        HERE.parent / "safety" / "hazard-log.md": "\n".join(hazards()),
    }


def hazards() -> Iterator[str]:
    """Yield the lines of the hazard log, from docs/safety/hazard-log.toml (in the manner of DCB0129)."""
    log = tomllib.loads((HERE.parent / "safety" / "hazard-log.toml").read_text(encoding="utf-8"))
    severities = ("minor", "significant", "considerable", "major", "catastrophic")

    def risk(one: dict[str, Any], when: str) -> int:
        return int(log["matrix"][one[when]][severities.index(one["severity"])])

    yield MADE
    yield "# Hazard log\n"
    yield "What could harm somebody, how bad and how likely it is, what stops it, and the tests that prove it."
    yield "In the manner of DCB0129, as a draft: the body that deploys joinedup names a Clinical Safety Officer,"
    yield "who signs it and adds its own hazards. It is kept in [hazard-log.toml](hazard-log.toml).\n"
    yield "| | hazard | severity | likelihood, without and with controls | risk | state |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for one in log["hazard"]:
        yield (
            f"| [{one['id']}](#{one['id'].lower()}) | {one['title']} | {one['severity']} "
            f"| {one['before']}, {one['after']} | {risk(one, 'before')}, {risk(one, 'after')} | {one['state']} |"
        )
    yield "\nRisks of 1 and 2 are acceptable, 3 needs the reason that stands with it, 4 and 5 block a release.\n"
    for one in log["hazard"]:
        yield f"## {one['id']}\n"
        yield f"**{one['title']}.** {one['effect']}\n"
        yield f"Causes: {'; '.join(one['causes'])}.\n"
        if "accepted" in one:
            yield f"Why a residual risk of 3 is accepted: {one['accepted']}\n"
        for control in one["control"]:
            tests = ", ".join("`" + test.partition("::")[2] + "`" for test in control["tests"])
            yield f"- {control['what']} ({tests})"
        yield ""
    yield "## The matrix\n"
    yield f"| likelihood | {' | '.join(severities)} |"
    yield "| --- |" + " --- |" * len(severities)
    for name, row in log["matrix"].items():
        yield f"| {name} | {' | '.join(map(str, row))} |"
    yield ""


def verbs() -> Iterator[tuple[str, Any]]:
    """Yield every verb with its command: ("joinedup system show", <command>), in the order of help."""
    import typer

    from joinedup.cli import ROOM_VERBS, app

    own = typer.main.get_command(app)
    for name, command in own.commands.items():
        yield f"joinedup {name}", command
    for name, (module, inner, _) in ROOM_VERBS.items():
        group = typer.main.get_command(getattr(importlib.import_module(module), inner))
        yield from below(f"joinedup {name}", group)


def below(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield a verb and all verbs below it; one of a single word has none."""
    yield words, command
    for verb, one in getattr(command, "commands", {}).items():
        yield from below(f"{words} {verb}", one)


def commands() -> Iterator[str]:
    yield MADE
    yield "# Commands\n"
    yield "Every command takes `--json` (an answer for programs) and `--help`; `--debug` may stand anywhere and prints"
    yield "the traceback of an unexpected error. What the exit codes mean: [errors](errors.md).\n"
    for words, command in verbs():
        is_group = hasattr(command, "commands")
        yield f"## {words}\n"
        before, _, after = (command.help or "").partition("Example: ")
        example, _, rest = after.partition("\n")
        yield " ".join(f"{before} {rest}".split()) + "\n"
        if example:
            yield f"```\n{example.strip()}\n```\n"
        if is_group:
            yield "".join(f"- [{words} {verb}](#{words.replace(' ', '-')}-{verb})\n" for verb in command.commands)
            continue
        rows = []
        for parameter in command.params:
            if parameter.name == "help":
                continue
            shown = (
                ", ".join([*parameter.opts, *parameter.secondary_opts])
                if parameter.param_type_name == "option"
                else parameter.name.upper()
            )
            note = " ".join((getattr(parameter, "help", "") or "").split())
            default = parameter.default
            if parameter.required:
                note += " Required." if note else "Required."
            elif default not in (None, False, "", ()):
                note += f" Default: {default}."
            rows.append(f"| `{shown}` | {note} |")
        if rows:
            yield "| given | meaning |\n| --- | --- |"
            yield "\n".join(rows) + "\n"


def settings() -> Iterator[str]:
    yield MADE
    yield "# Settings\n"
    yield "All settings are environment variables. `joinedup check` says whether what they name is in order.\n"
    yield "| variable | meaning | without it |\n| --- | --- | --- |"
    for name, (meaning, default) in SETTINGS.items():
        yield f"| `{name}` | {meaning} | {default} |"
    yield ""


def errors() -> Iterator[str]:
    import joinedup
    from joinedup.cli import UNEXPECTED
    from joinedup.errors import JoinedupError

    for module in pkgutil.walk_packages(joinedup.__path__, "joinedup."):
        if not module.name.endswith((".wsgi", ".tasks")) and ".migrations" not in module.name:
            importlib.import_module(module.name)

    seen: set[type[JoinedupError]] = set()

    def kinds(kind: type[JoinedupError]) -> Iterator[type[JoinedupError]]:
        if kind in seen:  # A fault of a file that also breaks a rule stands once.
            return
        seen.add(kind)
        yield kind
        for sub in sorted(kind.__subclasses__(), key=lambda one: (one.exit_code, one.__name__, one.__module__)):
            yield from kinds(sub)

    yield MADE
    yield "# Errors and exit codes\n"
    yield "An error names what was given, what was expected and the next step. On the command line it goes to standard"
    yield 'error (with `--json` as `{"error": …, "kind": …, "exit_code": …}`) and the exit code says its kind; a page'
    yield "shows it with the status.\n"
    yield "| kind | exit code | page status | meaning |\n| --- | --- | --- | --- |"
    yield "| (none) | 0 | 200 | Done. |"
    for kind in kinds(JoinedupError):
        meaning = " ".join((kind.__doc__ or "").split())
        yield f"| {kind.__name__} | {kind.exit_code} | {kind.status} | {meaning} |"
    yield "| usage | 2 | | An option or argument is missing or unknown; `--help` says what there is. |"
    yield f"| unexpected | {UNEXPECTED} | 500 | A fault of joinedup. `--debug` shows all of it. |"
    yield "| interrupted | 130 | | Ctrl-C. |"
    yield ""


def roles() -> Iterator[str]:
    from joinedup.access.roles import TABLE

    yield MADE
    yield "# Roles and permissions\n"
    yield "A role is held in one body or in the whole system, from a day up to a day. What nobody's role permits is"
    yield "refused. The table is `src/joinedup/access/roles.toml`.\n"
    yield "| permission | lets people | who has it |\n| --- | --- | --- |"
    for permission in TABLE.permissions.values():
        holders = [role.title for role in TABLE.roles.values() if permission.key in role.permissions]
        who = {"everyone": "everyone", "signed_in": "everybody signed in"}.get(permission.open_to, ", ".join(holders))
        yield f"| `{permission.key}` | {permission.title} | {who or 'nobody yet'} |"
    yield "\n| role | title | permissions |\n| --- | --- | --- |"
    for role in TABLE.roles.values():
        held = ", ".join(f"`{key}`" for key in sorted(role.permissions)) or "those of everybody signed in"
        yield f"| `{role.key}` | {role.title} | {held} |"
    yield "\nA record is opened for a purpose that the role has and that fits; a role begins with its first."
    yield "[Who may see a record](../explanation/who-may-see-a-record.md) says what else is needed.\n"
    yield "| purpose | title | for | roles that have it |\n| --- | --- | --- | --- |"
    for purpose in TABLE.purposes.values():
        fits = ", ".join(f"`{key}`" for key in sorted(purpose.permissions))
        having = ", ".join(role.title for role in TABLE.roles.values() if purpose.key in role.purposes)
        yield f"| `{purpose.key}` | {purpose.title} | {fits} | {having} |"
    yield ""


def measures() -> Iterator[str]:
    """Yield the lines of the list of measures, by theme, and of those that the feeds cannot fill."""
    from joinedup.measures.definition import PURPOSES, MeasureDefinition, definitions, themes
    from joinedup.population import counted_event

    def counted(one: MeasureDefinition) -> Iterator[str]:
        where = "registered" if one.population == "registered" else "resident"
        whole = "; ".join(one.denominator) or "everybody"
        if one.average:
            yield f"the mean of *{one.average}* ({where}: {whole})"
        elif one.of:
            yield f"*{one.counts}*, of *{one.of}* ({where}: {whole})"
        elif one.counts:
            yield f"*{one.counts}*, for {one.multiplier:,.0f} people ({where}: {whole})"
        elif one.without:
            yield f"not: {'; '.join(one.without)}; of those {where}: {whole}"
        else:
            yield f"{'; '.join(one.numerator)}; of those {where}: {whole}"
        if one.months == 12:
            yield "in the twelve months to the end of the month"
        for name in filter(None, (one.counts, one.of, one.average)):
            yield f"*{name}*: {counted_event(name).meaning.rstrip('.')}"

    known = definitions()
    collected = [one for one in known.values() if one.is_collected]
    yield MADE
    yield "# Measures\n"
    yield f"{len(collected)} measures, made every month for every practice, neighbourhood, place and the system by"
    yield "`joinedup measure --all`. Each is a definition in `src/joinedup/measures/definitions/`; an installation adds"
    yield "its own in `definitions/measures` of the data folder, where the same id takes the place of ours. A count is"
    yield "of people registered with a practice, or resident in a small area, at the end of the month. What happened to"
    yield "somebody who has since died or moved counts where they were the month before. An area that became another is"
    yield "counted in its successor too, for the months before.\n"
    yield "Counts are shown by the disclosure rule: 1 to 7 as `*`, others to the nearest 5. A figure that cannot be"
    yield "given says why. Limits of shares are Wilson's, of rates Byar's, or exact below 10 events; they take"
    yield "events for independent of each other, so that those of events that one person may have several times are too"
    yield "narrow. A standardised rate is by the European Standard Population of 2013.\n"
    for theme in themes():
        of_theme = [one for one in collected if one.theme == theme]
        if not of_theme:
            continue
        yield f"## {theme}\n"
        for one in of_theme:
            yield f"### {one.title}\n"
            yield f"{one.meaning}\n"
            yield "| | |\n| --- | --- |"
            yield f"| id | `{one.id}` |"
            yield f"| counted | {'. '.join(counted(one))} |"
            better = {"increase": "higher is better", "decrease": "lower is better", "neutral": "neither is better"}
            standardised = ", also standardised by age" if one.standardise else ""
            yield f"| unit | {one.unit}; {better[one.polarity]}{standardised} |"
            if one.target is not None:
                yield f"| target | {one.target:g}: {one.target_source} |"
            yield f"| source | {one.standard} |"
            if one.differs:
                yield f"| differs | {one.differs} |"
            yield f"| purposes | {'; '.join(PURPOSES[each] for each in one.purposes)} |"
            yield f"| feeds | {', '.join(f'`{feed}`' for feed in one.feeds)} |"
            if one.is_sensitive:
                yield "| sensitive | nearly all and nearly none are not told apart |"
            yield ""
    yield "## Not collected\n"
    yield "National measures that the feeds cannot fill. They are not bent until they can be.\n"
    yield "| measure | source | why it is not collected |\n| --- | --- | --- |"
    for one in known.values():
        if not one.is_collected:
            yield f"| {one.title} | {one.standard} | {one.why_not} |"
    yield ""


def requirements() -> Iterator[str]:
    """Yield what the source documents ask and where each is shown, from requirements.toml: sums by room, then rows."""
    rows = tomllib.loads((HERE / "requirements.toml").read_text(encoding="utf-8"))["requirement"]
    states = ("done", "part", "not done")
    rooms = [room for room in ROOMS if any(one["room"] == room for one in rows)]

    def shown(one: str) -> str:
        path, _, test = one.partition("::")
        return f"[{test.removeprefix('test_').replace('_', ' ')}](../../{path})" if test else f"`{one}`"

    def cells(of: list[dict[str, Any]]) -> str:
        return " | ".join(str(sum(one["state"] == state for one in of)) for state in states) + f" | {len(of)}"

    yield MADE
    yield "# What the documents ask, and where it is shown\n"
    yield f"The five documents that joinedup began with describe {len(rows)} things that a system does. Here is each,"
    yield "in our own words, with the page or test that shows it, or what is missing. *Part* is what is half there: a"
    yield "rule that nothing applies yet, or a page that lacks something. `…` stands for a key, such as a board's."
    yield "Priority 1 is the most important. It is kept in [requirements.toml](requirements.toml).\n"
    yield "| room | done | part | not done | all |\n| --- | ---: | ---: | ---: | ---: |"
    for room in rooms:
        yield f"| [{room}](#{room}) | {cells([one for one in rows if one['room'] == room])} |"
    for priority in sorted({one["priority"] for one in rows}):
        yield f"| all of priority {priority} | {cells([one for one in rows if one['priority'] == priority])} |"
    yield f"| all | {cells(rows)} |\n"
    for room in rooms:
        yield f"## {room}\n"
        yield "| | what | priority | state | shown by | what is missing |\n| ---: | --- | ---: | --- | --- | --- |"
        for one in rows:
            if one["room"] == room:
                where = "; ".join(map(shown, one.get("shown_by", [])))
                yield (
                    f"| {one['id']} | {one['what']} | {one['priority']} | {one['state']} | {where} "
                    f"| {one.get('lacks', '')} |"
                )
        yield ""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="joinedup-docs-") as data:
        os.environ["JOINEDUP_DATA"] = data  # Settings make their keys there; nobody's own folder is touched.
        for path, text in pages().items():
            if not path.exists() or path.read_text() != text:
                path.write_text(text)
                sys.stdout.write(f"{path.relative_to(HERE.parent.parent)} written\n")


if __name__ == "__main__":
    main()
