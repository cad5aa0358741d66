"""Answering a table as a file."""

from __future__ import annotations

import re
from typing import Any

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from joinedup.errors import RuleError
from joinedup.moment import now
from joinedup.ui.exports import Export, Provenance, csv_lines, workbook
from joinedup.ui.tables import Table


def download(table: Table, request: Any, provenance: Provenance | None) -> HttpResponseBase | None:
    """Answer the whole table as the request filtered and sorted it, as CSV or XLSX; None when it asks for none."""
    form = request.GET.get(f"{table.name}-download")
    if not form or not table.can_download:
        return None
    if form not in {"csv", "xlsx"}:
        raise RuleError(f"'{form}' is not a kind of file this table can be; expected csv or xlsx.")
    view = table.for_request(request)
    about = provenance or Provenance(page=table.caption, as_of=getattr(request, "moment", None) or now())
    export = Export(table, view.matching, f"the words “{view.words}”" if view.words else "")
    name = f"{file_name(table.caption)}-{about.as_of.valid_on.isoformat()}.{form}"
    if form == "csv":
        lines = StreamingHttpResponse(
            (line.encode("utf-8", "replace") for line in csv_lines(export, about)),
            content_type="text/csv; charset=utf-8",
        )
        lines["Content-Disposition"] = f'attachment; filename="{name}"'
        return lines
    return FileResponse(
        workbook([export], about),
        as_attachment=True,
        filename=name,
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )


def file_name(caption: str) -> str:
    """Answer a caption as a file's name that every system accepts: lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", caption.casefold()).strip("-")[:60].strip("-") or "table"
