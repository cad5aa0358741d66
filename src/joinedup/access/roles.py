"""The roles, what each permits and for which purposes, read once from roles.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from joinedup.errors import NotFound, RuleError, did_you_mean

OPEN_TO = ("everyone", "signed_in", "roles")


@dataclass(frozen=True, slots=True)
class Permission:
    """One dotted word, what it lets people do, and who has it without holding a role."""

    key: str
    title: str
    open_to: str


@dataclass(frozen=True, slots=True)
class Role:
    """An office that a user holds, in one body or in the whole system, and the permissions that come with it."""

    key: str
    title: str
    permissions: frozenset[str]
    demo: str
    purposes: tuple[str, ...] = ()  # the first is what it begins with


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why somebody looks at a resident's record, and for which permissions that may be given.

    `code` is the code of HL7 v3 PurposeOfUse, "" where there is none.
    """

    key: str
    title: str
    code: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class RoleTable:
    """Who may do what: every role and every permission, by key, in the order of the file."""

    roles: Mapping[str, Role]
    permissions: Mapping[str, Permission]
    purposes: Mapping[str, Purpose] = field(default_factory=dict)

    def role(self, key: str) -> Role:
        """Answer a role by its key; raises NotFound with the nearest key there is."""
        if key not in self.roles:
            raise NotFound(f"There is no role called '{key}'.{did_you_mean(key, self.roles)}")
        return self.roles[key]

    def permission(self, key: str) -> Permission:
        """Answer a permission by its key; raises NotFound, because a misspelt permission must never be granted."""
        if key not in self.permissions:
            raise NotFound(f"There is no permission called '{key}'.{did_you_mean(key, self.permissions)}")
        return self.permissions[key]

    def purpose(self, key: str) -> Purpose:
        """Answer a purpose by its key; raises NotFound with the nearest key there is."""
        if key not in self.purposes:
            raise NotFound(f"There is no purpose called '{key}'.{did_you_mean(key, self.purposes)}")
        return self.purposes[key]

    def purposes_of(self, role: str, permission: str) -> tuple[str, ...]:
        """Answer the purposes for which this role may do this, the one it begins with first; none for other roles."""
        held = self.roles.get(role)
        if held is None or permission not in held.permissions:
            return ()
        return tuple(key for key in held.purposes if permission in self.purposes[key].permissions)


def read_roles(data: Mapping[str, Any]) -> RoleTable:
    """Make the role table from the parsed file; raises RuleError when it contradicts itself."""
    permissions = {row["key"]: Permission(row["key"], row["title"], row["open_to"]) for row in data["permission"]}
    roles = {
        row["key"]: Role(
            row["key"], row["title"], frozenset(row["permissions"]), row["demo"], tuple(row.get("purposes", ()))
        )
        for row in data["role"]
    }
    purposes = {
        row["key"]: Purpose(row["key"], row["title"], row["code"], frozenset(row["permissions"]))
        for row in data.get("purpose", ())
    }
    if len(permissions) != len(data["permission"]) or len(roles) != len(data["role"]):
        raise RuleError("roles.toml: a role or permission is there twice; keep one of each.")
    for permission in permissions.values():
        if permission.open_to not in OPEN_TO:
            raise RuleError(f"roles.toml, permission {permission.key}: open_to must be one of {', '.join(OPEN_TO)}.")
    for purpose in purposes.values():
        for key in sorted(purpose.permissions - permissions.keys()):
            raise RuleError(
                f"roles.toml, purpose {purpose.key}: no such permission '{key}'.{did_you_mean(key, permissions)}"
            )
    for role in roles.values():
        for key in role.purposes:
            if key not in purposes:
                raise RuleError(f"roles.toml, role {role.key}: no such purpose '{key}'.{did_you_mean(key, purposes)}")
        for key in sorted(role.permissions - permissions.keys()):
            raise RuleError(f"roles.toml, role {role.key}: no such permission '{key}'.{did_you_mean(key, permissions)}")
    return RoleTable(roles, permissions, purposes)


TABLE = read_roles(tomllib.loads(files("joinedup.access").joinpath("roles.toml").read_text(encoding="utf-8")))
