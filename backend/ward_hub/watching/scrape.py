"""A scrape of a hub's metrics as `ward-hub top` reads it: values by name and label, rates, quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

_Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Scrape:
    """What a hub said at `at` (seconds, monotonic)."""

    at: float
    values: Mapping[_Key, float]

    def value(self, name: str, **labels: str) -> float | None:
        """The value under exactly these labels; None where there is none."""
        return self.values.get((f"wardline_{name}", frozenset(labels.items())))

    def by(self, name: str, label: str) -> dict[str, float]:
        """Label value → value, largest first, without zeros."""
        found = {
            dict(labels).get(label, ""): value
            for (known, labels), value in self.values.items()
            if known == f"wardline_{name}" and value
        }
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))

    def total(self, name: str) -> float:
        """The sum over all labels."""
        return sum(value for (known, _), value in self.values.items() if known == f"wardline_{name}")

    def info(self) -> dict[str, str]:
        """Version, hub and installation."""
        keys = [labels for name, labels in self.values if name == "wardline_hub_info"]
        return dict(keys[0]) if keys else {}

    def _counts(self, name: str) -> dict[str, float]:
        return {
            dict(labels)["le"]: value
            for (known, labels), value in self.values.items()
            if known == f"wardline_{name}_bucket"
        }

    def quantile(self, name: str, part: float, before: Scrape | None = None) -> float | None:
        """The upper bound of the bucket in which that part (0 to 1) of the observations since `before` lies,
        or of all of them; None where there are none, infinity above the last bound."""
        found = self.spread(name, before)
        wanted = part * sum(value for _, value in found)
        below = 0.0
        for bound, value in found:
            below += value
            if below >= wanted > 0:
                return bound
        return None

    def spread(self, name: str, before: Scrape | None = None) -> list[tuple[float, float]]:
        """Upper bound and observations of each bucket of a histogram, those since `before` or all."""
        earlier = {} if before is None else before._counts(name)
        found: list[tuple[float, float]] = []
        last = 0.0
        for bound, value in sorted(self._counts(name).items(), key=lambda pair: float(pair[0])):
            below = max(value - earlier.get(bound, 0.0), last)
            found.append((float(bound), below - last))
            last = below
        return found


def parse_scrape(text: str, at: float) -> Scrape:
    """Read Prometheus' text format. Raises ValueError for anything else, and where no hub speaks."""
    values: dict[_Key, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            values[(sample.name, frozenset(sample.labels.items()))] = sample.value
    if not any(name == "wardline_hub_info" for name, _ in values):
        raise ValueError("expected the metrics of a ward-hub, got others")
    return Scrape(at, values)


def rate(now: Scrape, before: Scrape | None, name: str) -> float | None:
    """How much a counter grew a second, over all labels; None without two readings of the same start."""
    if before is None or now.at <= before.at:
        return None
    grown = now.total(name) - before.total(name)
    return None if grown < 0 else grown / (now.at - before.at)
