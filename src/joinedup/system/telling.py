"""The answers in words, for people at a terminal."""

from __future__ import annotations

from typing import Any

from joinedup.system.kinds import AREA_KINDS, BODY_KINDS, FACTS, LEGAL_FORMS

Answer = dict[str, Any]


def tell(answer: Answer) -> str:
    """Answer a text of some lines for any of the answers of this room."""
    lines = _TELLERS[answer["what"]](answer)
    return "\n".join(line for line in lines if line is not None)


def _moment(answer: Answer) -> str:
    return f"On {answer['as_of']}, by what was known at {answer['known_at']}"


def _named(found: Answer) -> str:
    return f"{found['name']} ({found['code']})"


def _area(answer: Answer) -> list[str | None]:
    lines: list[str | None] = [f"{answer['name']} – {AREA_KINDS[answer['kind']]}", _moment(answer)]
    if answer.get("asked_code_since"):
        lines.append(f"The code {answer['asked']} is in use from {answer['asked_code_since']['from']}.")
    led = answer["led_by"]
    lines.append(f"Led by {_named(led)}, {BODY_KINDS[led['kind']]}" if led else "Led by no body on this day")
    lines.append(_people(answer))
    lines += [f"  since {line}" for line in map(_stretch, answer.get("way", ()))]
    lines += [
        f"  {AREA_KINDS[a['kind']]}: {a['name']} – {_people(a)}"
        + (f", led by {a['led_by']['name']}" if a["led_by"] else "")
        for a in answer["areas"]
    ]
    lines += [f"  {many:>5,} × {BODY_KINDS.get(kind, kind)}" for kind, many in answer["counts"].items()]
    return lines + [f"  {line}" for line in map(_event, answer["events"])]


def _stretch(stretch: Answer) -> str:
    led = stretch["led_by"]
    who = f"{led['name']} ({LEGAL_FORMS[led['legal_form']].lower()})" if led else "no body"
    bought = ", ".join(body["name"] for body in stretch["commissioned_by"]) or "nobody that is told"
    return f"{stretch['from']}: led by {who}; care commissioned by {bought}; {stretch['small_areas']:,} small areas"


def _people(found: Answer) -> str:
    if not found["small_areas"]:
        return "small areas not known"
    kind = "simulated small areas" if found["is_simulated"] else "small areas"
    return f"{found['small_areas']:,} {kind}, {found['population'] or 0:,} people (mid-2020)"


def _event(event: Answer) -> str:
    before = ", ".join(body["name"] for body in event["originals"])
    after = ", ".join(body["name"] for body in event["results"])
    way = f"{before} → {after}" if before and after and before != after else before or after
    overdue = f", overdue by {event['days_overdue']} days" if event["days_overdue"] else ""
    confirm = ", to confirm" if event["to_confirm"] else ""
    return f"{event['effective']} {event['kind']} ({event['certainty'].replace('_', ' ')}{overdue}{confirm}): {way}"


def _england(answer: Answer) -> list[str | None]:
    lines: list[str | None] = ["England", _moment(answer), _people(answer)]
    lines += [f"  {many:>5,} × {BODY_KINDS.get(kind, kind)}" for kind, many in answer["counts"].items()]
    return lines + [f"  {_named(system)} – {_people(system)}" for system in answer["systems"]]


def _body(answer: Answer) -> list[str | None]:
    lines: list[str | None] = [_named(answer), _moment(answer)]
    if answer["exists"]:
        end = answer["since"]["to"]
        lines.append(f"{BODY_KINDS[answer['kind']]} since {answer['since']['from']}" + (f" until {end}" if end else ""))
    else:
        spans = [f"{f['from']} to {f['to'] or 'today'}" for f in answer["facts"] if f["fact"] == "Standing"]
        lines.append(f"Does not exist on this day; it does from {', '.join(spans) or 'no day that is known'}")
    lines += [
        f"  {FACTS[f['fact']]} ({f['fact']} {f['id']}): {_says(f)}, {f['from']} to {f['to'] or 'open'}"
        for f in answer["facts"]
    ]
    return lines + [f"  {line}" for line in map(_event, answer["events"])]


def _says(fact: Answer) -> str:
    return ", ".join(f"{name} {value}" for name, value in fact["says"].items())


def _beliefs(answer: Answer) -> list[str | None]:
    lines: list[str | None] = [_named(answer), _moment(answer)]
    lines += [
        f"  known {f['known_from'][:10]} to {(f['known_to'] or 'now')[:10]}: {FACTS[f['fact']]} {_says(f)}, "
        f"{f['from']} to {f['to'] or 'open'} [{f['source']}]"
        for f in answer["facts"]
    ]
    return lines + [f"  known {e['known_from'][:10]}: {_event(e)}" for e in answer["events"]]


def _diff(answer: Answer) -> list[str | None]:
    lines: list[str | None] = [f"{answer['asked']}: {_moment(answer['before'])} → {_moment(answer['after'])}"]
    for change in answer["changes"]:
        before, after = (_said(change[side]) for side in ("before", "after"))
        lines.append(f"  {change['on']} {FACTS[change['fact']]} of {change['of']}: {before} → {after}")
    lines += [
        f"  {moved['area']}: {moved.get('gained') or moved.get('lost')} small areas "
        f"{'gained' if 'gained' in moved else 'lost'}"
        for moved in answer["small_areas"]
    ]
    lines += [f"  {line}" for line in map(_event, answer["events"])]
    return lines if len(lines) > 1 else [*lines, "  nothing changed"]


def _said(says: Answer | None) -> str:
    return "–" if says is None else ", ".join(str(value) for value in says.values()) or "holds"


def _coverage(answer: Answer) -> list[str | None]:
    return [
        _moment(answer),
        f"{answer['in_one_system']:,} of {answer['small_areas']:,} small areas lie in exactly one system",
        f"{len(answer['in_none']):,} in none, {len(answer['in_several']):,} in several",
        *(f"  {_named(system)} – {_people(system)}" for system in answer["systems"]),
    ]


def _code(answer: Answer) -> list[str | None]:
    denotes = answer["denotes"]
    return [
        f"{answer['code']}: {_moment(answer)}",
        f"It denotes {denotes['name']}" if denotes else "It denotes nothing on this day",
        *(f"  {use['from']} to {use['to'] or 'open'}: {use['of']['name']}" for use in answer["uses"]),
        f"It has become {', '.join(answer['became'])}" if answer["became"] else None,
        *(f"The body that had it was followed by {_named(body)}" for body in answer["followed_by"]),
        *(f"  {row['on']}: {row['old']} → {row['new']}" for row in answer["succession"]),
    ]


def _events(answer: Answer) -> list[str | None]:
    return [_event(event) for event in answer["events"]] or ["No change is known."]


def _bodies(answer: Answer) -> list[str | None]:
    return [f"{answer['count']:,} × {BODY_KINDS[answer['kind']]}", _moment(answer), *map(_named, answer["bodies"])]


def _people_in_post(answer: Answer) -> list[str | None]:
    return [
        _moment(answer),
        f"{answer['posts']} posts, {answer['vacant']} vacant; {answer['heads']} people, {answer['fte']:g} FTE stated",
        *(f"  {h['post']}, {h['body']['name']}: {h['person']} ({h['status']})" for h in answer["holders"]),
        *(f"  {v['post']}, {v['body']['name']}: nobody" for v in answer["vacancies"]),
    ]


def _one_line(answer: Answer) -> list[str | None]:
    return [f"{answer['what']}: {answer['name']}"]


_TELLERS = {
    "system": _area, "area": _area, "england": _england, "body": _body, "beliefs": _beliefs, "diff": _diff,
    "coverage": _coverage, "code": _code, "events": _events, "bodies": _bodies,
    "people": _people_in_post, "board": _one_line, "corrected": _one_line, "event": _one_line,
}  # fmt: skip
