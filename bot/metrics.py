"""What `/metrics` tells, in Prometheus' text format: numbers of this process, and never a name, id or text."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

ACK_BUCKETS_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 1, 3)  # Slack hangs up after three seconds
RUN_BUCKETS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600)


@dataclass(frozen=True)
class Reading:
    """What stands in the records and the engine at the moment that somebody looks.

    Attributes:
        queued: runs that wait in a queue.
        oldest_s: how long the oldest of them has been due, in seconds; 0 when none waits.
        spent_microusd: per team, what counts against this month's budget, in millionths of a dollar.
        budget_microusd: per team, this month's budget; 0 where none is set.
        slack_faults, model_faults: by Slack's code and the model's kind, since the start.
        quiet_s: how long nothing has come over the socket; None where there is no socket.
        reopened: how often a socket was opened anew because nothing came over it.
        backup_s: when the newest backup was made, in Unix time; 0 before the first.
        slot: the number of this replica.
        replicas: how many share the database, this one among them.
        workspaces: how many are open in this process, by whether Slack takes their tokens: `good` or `refused`.
    """

    queued: int = 0
    oldest_s: float = 0.0
    spent_microusd: Mapping[str, int] | None = None
    budget_microusd: Mapping[str, int] | None = None
    slack_faults: Mapping[str, int] | None = None
    model_faults: Mapping[str, int] | None = None
    model_calls: int = 0
    quiet_s: float | None = None
    reopened: int = 0
    backup_s: float = 0.0
    slot: int = 0
    replicas: int = 1
    workspaces: Mapping[str, int] | None = None


class Metrics:
    """The counters that rooms raise, and the gauges that are set when somebody looks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._counter("slack_requests", "Requests of Slack by our answer.", "status")
        self.unknown = self._counter("slack_unknown", "Payloads that nobody handles.", "type")
        self.strangers = self._counter(
            "not_installed_requests", "Slack's requests of workspaces that the bot is not installed in."
        )
        self.runs = self._counter("runs", "Runs that came to an end, or wait, by outcome.", "outcome")
        self.ack = Histogram(
            "tijdwinst_ack_seconds",
            "Until Slack had its answer.",
            registry=self.registry,
            buckets=ACK_BUCKETS_S,
        )
        self.run_time = Histogram(
            "tijdwinst_run_seconds",
            "From the request to its outcome.",
            ["outcome"],
            registry=self.registry,
            buckets=RUN_BUCKETS_S,
        )
        self._slack_faults = self._gauge("slack_faults", "Calls that Slack did not take, by code.", "code")
        self._model_faults = self._gauge("model_faults", "Calls without a usable answer, by kind.", "kind")
        self._model_calls = self._gauge("model_calls", "Calls that the model's server answered.")
        self._queued = self._gauge("queued_runs", "Runs that wait in the queues.")
        self._oldest = self._gauge("queue_age_seconds", "How long the oldest waiting run has been due.")
        self._spent = self._gauge("month_spend_usd", "Spent this calendar month on the model.", "team")
        self._budget = self._gauge("month_budget_usd", "This month's budget; 0 when none is set.", "team")
        self._workspaces = self._gauge(
            "workspaces", "Workspaces that are open here, by whether Slack takes their tokens.", "state"
        )
        self._slot = self._gauge("slot", "The number of this replica.")
        self._replicas = self._gauge("replicas", "Replicas that share the database, this one among them.")
        self._quiet = self._gauge("socket_quiet_seconds", "Since something last came over the socket.")
        self._reopened = self._gauge("socket_reopened", "Sockets opened anew because nothing came over them.")
        self._backup = self._gauge(
            "backup_timestamp_seconds", "When the newest backup was made; 0 before the first."
        )

    def count_unknown(self, kind: str) -> None:
        """Count a payload that no listener is for."""
        self.unknown.labels(kind or "none").inc()

    def count_run(self, outcome: str, duration_s: float | None) -> None:
        """Count a run's end; *duration_s* is None when it has not ended, but waits."""
        self.runs.labels(outcome).inc()
        if duration_s is not None:
            self.run_time.labels(outcome).observe(duration_s)

    def expose(self, reading: Reading) -> bytes:
        """Return the page, with what *reading* tells about this moment."""
        self._queued.set(reading.queued)
        self._oldest.set(reading.oldest_s)
        self._slot.set(reading.slot)
        self._replicas.set(reading.replicas)
        self._model_calls.set(reading.model_calls)
        for gauge, values, scale in (
            (self._slack_faults, reading.slack_faults, 1),
            (self._model_faults, reading.model_faults, 1),
            (self._spent, reading.spent_microusd, 1_000_000),
            (self._budget, reading.budget_microusd, 1_000_000),
            (self._workspaces, reading.workspaces, 1),
        ):
            for label, value in (values or {}).items():
                gauge.labels(label).set(value / scale)
        if reading.quiet_s is not None:
            self._quiet.set(reading.quiet_s)
        self._reopened.set(reading.reopened)
        self._backup.set(reading.backup_s)
        return generate_latest(self.registry)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"tijdwinst_{name}", about, labels, registry=self.registry)

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"tijdwinst_{name}", about, labels, registry=self.registry)


class Silence:
    """How long nothing has come over a line, by a clock that no one sets."""

    def __init__(self) -> None:
        self._since_s = time.monotonic()

    def end(self) -> None:
        """Take note that something came."""
        self._since_s = time.monotonic()

    @property
    def lasted_s(self) -> float:
        """How long it lasts, in seconds."""
        return time.monotonic() - self._since_s
