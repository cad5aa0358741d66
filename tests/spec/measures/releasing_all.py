"""Releases what a data folder holds, as a program: a table of measures, counts of a cohort, and a file with canaries.

`python -m tests.spec.measures.releasing_all out` writes the released files, the refusal, the public log and what the
tables of releases hold.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(out: Path) -> None:
    import django

    django.setup()
    from django.db import connection
    from django.http import QueryDict
    from django.test import Client
    from django.test.utils import setup_test_environment
    from tests.spec.measures.planted import FAMILY, GIVEN, NUMBER
    from tests.spec.measures.releasing import ANIL, MEI, content, request

    from joinedup.measures import open_results
    from joinedup.measures.disclosure.planted_names import plant
    from joinedup.measures.releases import services
    from joinedup.measures.releases.contents import asked_in, made

    setup_test_environment()
    out.mkdir(parents=True)
    results = open_results()
    system = results.areas("system")[0].code
    # One with a figure that is shown, so that there is something to look through.
    shown = next(one for one in results.measures if results.series(one, system).frame["numerator"].fillna(0).max() > 0)
    queries = {
        "measures": f"measure={shown}&area={system}&months=all",
        "cohort": "sentence=is aged 18 or over&by=sex",
    }
    for kind, query in queries.items():
        wanted = asked_in(QueryDict(query))
        assert wanted is not None
        asked = request(kind=kind, title=f"Released for the test: {kind}")
        number = services.ask_release(MEI, asked, made(wanted))
        services.approve(ANIL, number, "Looked at each cell", publish_now=True)
        (out / f"{kind}.csv").write_bytes(services.take_file(MEI, number).content)
    plant([f"{GIVEN} {FAMILY}", FAMILY])
    refusals = []
    for text in (
        f"place,people,note\r\nWest,20,{NUMBER}\r\n",
        f"place,people\r\n{FAMILY.upper()},20\r\n",
        f"given,family,people\r\n{GIVEN},{FAMILY},20\r\n",
    ):
        try:
            services.ask_release(MEI, request(), content(text))
            raise SystemExit("a file with canaries was not refused")
        except services.NotReleasable as error:
            refusals.append(str(error))
    (out / "refused.txt").write_text("\n".join(refusals))
    client = Client()
    pages = [client.get(path).content.decode() for path in ("/open/releases/", f"/open/releases/{number}/")]
    (out / "public.html").write_text("\n".join(pages))
    with connection.cursor() as cursor:
        lines = []
        for table in ("release", "releasecontent", "releasestep", "releasedtable"):
            cursor.execute(f"SELECT to_jsonb(t)::text FROM measures_{table} t")
            lines += [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT body FROM access_auditentry WHERE body LIKE '%%release.%%'", [])
        lines += [str(row[0]) for row in cursor.fetchall()]
        cursor.execute("SELECT convert_from(content, 'UTF8') FROM measures_releasecontent")
        lines += [row[0] for row in cursor.fetchall()]
    (out / "database.txt").write_text("\n".join(lines))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
