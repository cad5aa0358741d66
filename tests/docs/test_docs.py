"""The docs are true: every command in them exists, every verb and setting has its page, no link is dead."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"\b(?:JOINEDUP_[A-Z_]+|DATABASE_URL)\b")


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write", REPOSITORY / "docs" / "reference" / "write.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def verbs(writer: ModuleType) -> dict[str, Any]:
    return dict(writer.verbs())


def commands_in(page: Path) -> Iterator[str]:
    """Yield the lines of a page's code blocks that call joinedup or make."""
    for block in BLOCK.findall(page.read_text()):
        for line in block.splitlines():
            # The first word, or a program's path: not the word "joinedup" anywhere in a line.
            found = re.search(r"(?:^|/bin/)((?:joinedup|make)(?: .*)?)$", line)
            if found and not line.lstrip().startswith("#"):
                yield found.group(1)


def complaint(line: str, verbs: dict[str, Any]) -> str | None:
    """Answer what is wrong with a `joinedup …` line, or None: unknown verb, unknown option, too many or few words."""
    words = shlex.split(line)
    known = next((" ".join(words[:n]) for n in (3, 2) if " ".join(words[:n]) in verbs), None)
    if known is None:
        return f"there is no verb like this: {line}"
    try:
        # Parsed, not run: Typer refuses what its `--help` does not show.
        verbs[known].make_context(known, words[len(known.split()) :], resilient_parsing=False).close()
    except Exception as error:
        return f"{line}: {error}"
    return None


def test_there_are_commands_to_look_at() -> None:
    assert sum(len(list(commands_in(page))) for page in PAGES) > 30


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_joinedup_command_in_the_docs_is_understood(page: Path, verbs: dict[str, Any]) -> None:
    lines = [line for line in commands_in(page) if line.split()[0] == "joinedup"]
    assert [said for line in lines if (said := complaint(line, verbs))] == []


def test_a_command_that_does_not_exist_would_be_noticed(verbs: dict[str, Any]) -> None:
    assert complaint("joinedup system show QM7 --as-of 2022-07-01", verbs) is None
    assert "no verb" in str(complaint("joinedup fly", verbs))
    assert "--wings" in str(complaint("joinedup system show QM7 --wings 2", verbs))
    assert complaint("joinedup system show", verbs) is not None
    assert complaint("joinedup backup one two", verbs) is not None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_target_in_the_docs_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    named = {line.split()[1] for line in commands_in(page) if line.startswith("make ")}
    assert named <= targets


def test_every_verb_has_an_example_and_offers_json(verbs: dict[str, Any]) -> None:
    without_example = [
        words for words, command in verbs.items() if "Example: joinedup" not in " ".join((command.help or "").split())
        and not hasattr(command, "commands")
    ]  # fmt: skip
    assert without_example == []
    leaves = {words: command for words, command in verbs.items() if not hasattr(command, "commands")}
    assert [words for words, c in leaves.items() if not any("--json" in p.opts for p in c.params)] == []
    examples = {
        words: (command.help or "").partition("Example: ")[2].split("\n")[0].strip()
        for words, command in leaves.items()
    }
    assert [said for example in examples.values() if (said := complaint(example, verbs))] == []


def test_the_reference_pages_are_as_the_code_is(writer: ModuleType) -> None:
    stale = [path.name for path, text in writer.pages().items() if not path.exists() or path.read_text() != text]
    assert stale == [], "run: make docs"


def test_every_setting_has_its_line(writer: ModuleType) -> None:
    read = {
        name for path in (REPOSITORY / "src").rglob("*.py") for name in SETTING.findall(path.read_text())
    } | {"JOINEDUP_REFERENCE"}  # fmt: skip
    assert read == set(writer.SETTINGS)


def test_every_published_file_has_its_line() -> None:
    from joinedup.system.published import CATALOGUE

    page = (REPOSITORY / "docs" / "how-to" / "import-published-files.md").read_text()
    assert [name for name in CATALOGUE if f"`{name}`" not in page] == []
    listed = re.findall(r"^\| `([a-z0-9_]+\.[a-z.]+)`", page, re.MULTILINE | re.IGNORECASE)
    assert [name for name in listed if name not in CATALOGUE] == []


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_link_within_the_docs_is_dead(page: Path) -> None:
    dead = []
    text = BLOCK.sub("", page.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        if not to.exists() or (anchor and anchor not in anchors(to)):
            dead.append(target)
    assert dead == []


def test_every_page_of_the_docs_can_be_reached_from_the_index() -> None:
    index = REPOSITORY / "docs" / "index.md"
    reached, ahead = set(), [index]
    while ahead:
        page = ahead.pop()
        if page in reached or not page.exists():
            continue
        reached.add(page)
        for target in re.findall(r"\]\(([^)\s#]+\.md)", page.read_text()):
            if not target.startswith("http"):
                ahead.append((page.parent / target).resolve())
    decisions = set((REPOSITORY / "docs" / "decisions").glob("*.md"))
    assert [name_of(page) for page in (REPOSITORY / "docs").rglob("*.md") if page not in reached | decisions] == []


def test_every_dependency_has_its_reason() -> None:
    import tomllib

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    page = (REPOSITORY / "docs" / "decisions" / "0002-dependencies.md").read_text().lower()
    names = [re.split(r"[\[<>=~! ]", one)[0].lower() for one in named]
    assert [name for name in names if name not in page] == []


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-dev.lock", "requirements-npm.lock", "package-lock.json", ".npmrc"]
)
def test_set_up_names_no_registry_so_that_a_mirror_can_be_used(name: str) -> None:
    assert "://" not in (REPOSITORY / name).read_text()
