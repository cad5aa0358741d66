"""Reading what activity there was, month by month, as it may be seen: for plans, forecasts and pages.

    history = activity_history()
    history.series("NEL", provider="RWG").frame

Every answer is a `Protected`: a count that is not given says why in its status, and is never nought for want of data.
Needs neither Django nor leave to see rows. What there is of each point of delivery is told in `activity_protecting`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from joinedup.errors import NotFound, RuleError, Unavailable, did_you_mean
from joinedup.measures.activity.files import FOLDER
from joinedup.measures.activity.protecting import NO_DATA, NOTE
from joinedup.measures.disclosure.protected import EXCLUDES, Protected
from joinedup.measures.disclosure.rounding import SUPPRESSED
from joinedup.measures.result_files import results_folder
from joinedup.measures.results import result_ids

if TYPE_CHECKING:
    import pandas as pd

_NEEDED: Final = {"snapshot", "system", "places", "months", "known", "known_waits", "units", "not_collected", "notes"}
NOT_BY_PLACE: Final = "The weeks of packages are given by council, not by place."


def activity_history(snapshot: str | Path = "latest") -> ActivityHistory:
    """Open the activity of a snapshot, by its id, "latest" or the path of its results.

    Raises NotFound where none was made, Unavailable where it is damaged.
    """
    if isinstance(snapshot, Path):
        folder = snapshot / FOLDER
    else:
        ids = [one for one in result_ids() if (results_folder() / one / FOLDER).is_dir()]
        if not ids:
            raise NotFound("No activity has been made yet. Make it: joinedup snapshot, then joinedup measure --all")
        if snapshot != "latest" and snapshot not in ids:
            raise NotFound(f"There is no activity of the snapshot '{snapshot}'.{did_you_mean(snapshot, ids)}")
        folder = results_folder() / (ids[-1] if snapshot == "latest" else snapshot) / FOLDER
    if not (folder / "manifest.json").is_file():
        raise NotFound(f"{folder.parent.name} holds no activity. Make it: joinedup measure --all")
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        if not manifest.keys() >= _NEEDED:
            raise ValueError
    except (ValueError, AttributeError):
        raise Unavailable(
            f"The activity of {folder.parent.name} is damaged. Make it anew: joinedup measure --all"
        ) from None
    return ActivityHistory(folder, manifest)


class ActivityHistory:
    """The protected activity of one snapshot. Open it by `activity_history()`."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        self.folder, self.manifest = folder, manifest

    @property
    def snapshot_id(self) -> str:
        return str(self.manifest["snapshot"])

    @property
    def places(self) -> dict[str, str]:
        """Answer the places of today, by code. What was of a place that is no more is counted in its successor."""
        return dict(self.manifest["places"])

    @property
    def pods(self) -> list[str]:
        """Answer the points of delivery that there is activity of."""
        return [pod for pod in self.manifest["units"] if pod in self.manifest["known"]]

    @property
    def not_collected(self) -> dict[str, str]:
        """Answer why there is nothing of each of the other points of delivery."""
        return dict(self.manifest["not_collected"])

    @cached_property
    def months(self) -> list[date]:
        """Answer the months, each as its first day."""
        return [date.fromisoformat(one) for one in self.manifest["months"]]

    def known(self, pod: str) -> list[date]:
        """Answer the months for which there is data of a point of delivery."""
        return [date.fromisoformat(one) for one in self.manifest["known"][self._pod(pod)]]

    def unit(self, pod: str) -> str:
        return str(self.manifest["units"][self._pod(pod)])

    def providers(self, pod: str = "") -> list[str]:
        """Answer the providers, by code, of one point of delivery or of all; "" stands for one that is not told."""
        rows = self._activity[self._activity["level"] == "provider"]
        return sorted(set(rows["provider"] if not pod else rows.loc[rows["pod"] == self._pod(pod), "provider"]))

    def services(self, pod: str, provider: str) -> list[str]:
        """Answer the services of a provider that are given by themselves; "other services" are the rest."""
        rows = self._activity
        which = (rows["pod"] == self._pod(pod)) & (rows["level"] == "service") & (rows["provider"] == provider)
        return sorted(set(rows.loc[which, "service"]) - {""})

    def series(
        self, pod: str, service: str | None = None, place: str | None = None, provider: str | None = None
    ) -> Protected:
        """Answer (month, units, status, bed_days, bed_days_status) of every month, as they may be seen.

        Of everything, of one provider or one of its services, of one place, or of one service wherever it is given:
        that one is the sum of the providers' that are shown, "excludes suppressed". By place and provider or service
        together nothing is published: raises RuleError. NotFound for what there is nothing of.
        """
        rows = self._activity[self._activity["pod"] == self._pod(pod)]
        if place is not None:
            if provider is not None or service is not None:
                raise RuleError(
                    "Activity is published by place, or by provider and service, not by both at once: counts of 1 to 7 "
                    "could be worked out. Ask for one of them."
                )
            if place and place not in self.places:
                raise NotFound(f"There is no place '{place}' today.{did_you_mean(place, self.places)}")
            rows = rows[(rows["level"] == "place") & (rows["place"] == place)]
            if not len(rows) and self.unit(pod) == "weeks":
                raise NotFound(NOT_BY_PLACE)
        elif provider is not None:
            if provider not in self.providers(pod):
                raise NotFound(
                    f"There is no {pod} at the provider '{provider}'.{did_you_mean(provider, self.providers(pod))}"
                )
            if service is None:
                rows = rows[(rows["level"] == "provider") & (rows["provider"] == provider)]
            else:
                self._known_service(pod, provider, service)
                at = (rows["provider"] == provider) & (rows["service"] == service)
                rows = rows[(rows["level"] == "service") & at]
        elif service is not None:
            return self._of_service(pod, rows, service)
        else:
            rows = rows[rows["level"] == "system"]
        return self._over_months(rows, self.manifest["known"][pod])

    def waiting(self, provider: str | None = None, service: str | None = None) -> Protected:
        """Answer (what, month, weeks_from, weeks_to, pathways, status): the list and its flows, as they may be seen.

        `what`: "open" at the month's end, in bands of weeks waited (only of one service of a provider) and, with null
        weeks, altogether; "starts" of clocks, "treated" and "removed" in the month. Raises NotFound where nothing is.
        """
        rows = self._waits
        if not len(rows):
            raise NotFound("No feed of this snapshot tells who is waiting.")
        if service is not None and provider is None:
            raise RuleError("The waiting list of a service is given provider by provider: name one.")
        level = "system" if provider is None else "provider" if service is None else "service"
        missing = rows[rows["status"] == NO_DATA]
        found = rows[rows["level"].isin([level, "band"] if level == "service" else [level])]
        if provider is not None:
            known = sorted(set(rows["provider"]) - {""})
            found = found[found["provider"] == provider]
            if not len(found):
                raise NotFound(f"Nobody waits at the provider '{provider}'.{did_you_mean(provider, known)}")
        if service is not None:
            known = sorted(set(found["service"]))
            found = found[found["service"] == service]
            if not len(found):
                raise NotFound(f"{provider} has no list of '{service}' by itself.{did_you_mean(service, known)}")
        import pandas as pd

        whole = pd.concat([found[found["status"] != NO_DATA], missing])
        columns = ["what", "month", "weeks_from", "weeks_to", "pathways", "status"]
        whole = whole.sort_values(["what", "month", "weeks_from"], na_position="first", kind="stable")
        return Protected(whole[columns].reset_index(drop=True), note=NOTE)

    def waiting_services(self, provider: str) -> list[str]:
        """Answer the services whose waiting list at a provider is given by itself."""
        rows = self._waits
        return sorted(set(rows.loc[(rows["level"] == "service") & (rows["provider"] == provider), "service"]))

    def population(self) -> Protected:
        """Answer (month, place, sex, age_band, people, people_status): registered at the end of each month."""
        return Protected(self._read("people"), note=str(self.manifest["notes"]["people"]))

    # --- what is read -------------------------------------------------------------------------------------------------

    def _pod(self, pod: str) -> str:
        if pod in self.manifest["known"]:
            return pod
        if pod in self.not_collected:
            raise NotFound(f"{pod} is not collected. {self.not_collected[pod]}")
        raise NotFound(f"There is no point of delivery '{pod}'.{did_you_mean(pod, self.manifest['known'])}")

    def _known_service(self, pod: str, provider: str, service: str) -> None:
        known = self.services(pod, provider)
        if service not in known:
            raise NotFound(
                f"{provider} has no '{service}' by itself in {pod}; what is small there stands in its other services."
                f"{did_you_mean(service, known)}"
            )

    def _of_service(self, pod: str, rows: pd.DataFrame, service: str) -> Protected:
        """Answer the sum of a service over the providers that show it; it is without those that fold or hide it."""
        leaves = rows[(rows["level"] == "service") & (rows["service"] == service)]
        if not len(leaves):
            known = sorted({one for provider in self.providers(pod) for one in self.services(pod, provider)})
            raise NotFound(f"No provider has '{service}' by itself in {pod}.{did_you_mean(service, known)}")
        lacks = len(set(leaves["provider"])) < len(self.providers(pod))
        made = []
        for month, ones in leaves.groupby("month"):
            row: dict[str, Any] = {"month": month}
            for name, status in (("units", "status"), ("amount", "amount_status")):
                hidden = (ones[status] == SUPPRESSED).to_numpy()
                none = bool(ones[name].isna().all())
                row[name] = None if none else int(ones[name].sum())
                row[status] = (
                    (SUPPRESSED if hidden.any() else "") if none else EXCLUDES if hidden.any() or lacks else ""
                )
            made.append(row)
        import pandas as pd

        frame = pd.DataFrame(made)
        for name in ("units", "amount"):
            frame[name] = frame[name].astype("Int64")
        return self._over_months(frame, self.manifest["known"][pod])

    def _over_months(self, rows: pd.DataFrame, known: list[str]) -> Protected:
        """Answer a row for every month: one without data says so, whatever the rows say."""
        import pandas as pd

        frame = pd.DataFrame({"month": self.months}).merge(
            rows[["month", "units", "status", "amount", "amount_status"]], on="month", how="left"
        )
        has = frame["month"].isin([date.fromisoformat(one) for one in known]).to_numpy()
        for name, status in (("units", "status"), ("amount", "amount_status")):
            frame[name] = frame[name].astype("Int64")
            frame.loc[~has, name] = pd.NA
            frame[status] = frame[status].fillna("").astype(str)
            frame.loc[~has, status] = NO_DATA
        frame = frame.rename(columns={"amount": "bed_days", "amount_status": "bed_days_status"})
        return Protected(frame, note=str(self.manifest["notes"]["activity"]))

    @cached_property
    def _activity(self) -> pd.DataFrame:
        return self._read("activity")

    @cached_property
    def _waits(self) -> pd.DataFrame:
        return self._read("waits")

    def _read(self, name: str) -> pd.DataFrame:
        import pandas as pd
        import pyarrow as pa
        import pyarrow.parquet as pq

        def kind(one: Any) -> Any:
            return pd.Int64Dtype() if one == pa.int64() else None

        table = pq.read_table(self.folder / "protected" / f"{name}.parquet")
        frame: pd.DataFrame = table.to_pandas(date_as_object=True, types_mapper=kind)
        return frame
