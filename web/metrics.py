"""`/metrics`: what the service has counted, in Prometheus's text or in that of OpenMetrics.

No label has a value that comes from outside: routes, statuses and outcomes are the service's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from math import isinf
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, request

from qa.errors import QAError
from web.answers import current_engine
from web.watching.ledger import current_totals

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from prometheus_client.core import Metric

    from qa import Engine
    from web.watching.totals import Totals

__all__ = ["metrics", "metrics_beside", "program_version", "rendered"]

PATH = "/metrics"

metrics = Blueprint("metrics", __name__)


@metrics.get(PATH)
def all_of_them() -> Response:
    """The metrics, for whoever may manage."""
    body, media_type = rendered(current_totals(), current_engine(), request.headers.get("Accept", ""))
    return Response(body, content_type=media_type)


def program_version() -> str:
    """The version of this program; empty where it is not installed."""
    try:
        return version("pincite")
    except PackageNotFoundError:
        return ""


def rendered(totals: Totals, engine: Engine, accept: str) -> tuple[bytes, str]:
    """All metrics, and their media type: the one that a client prefers, by its `Accept`."""
    from prometheus_client import CollectorRegistry  # which a service without metrics does not need
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.registry import Collector

    class Counted(Collector):
        def collect(self) -> Iterable[Metric]:
            yield from _counted(totals)
            yield from _held(engine)

        def describe(self) -> Iterable[Metric]:
            return ()

    registry = CollectorRegistry()
    registry.register(Counted())
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


def _counted(totals: Totals) -> Iterable[Metric]:
    """What the workers have counted."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    requests = CounterMetricFamily("pincite_requests", "Requests, by route and status.", labels=["route", "status"])
    for route, status, number in totals.requests():
        requests.add_metric([route, status], number)
    yield requests
    outcomes = CounterMetricFamily("pincite_questions", "Questions that were answered, by outcome.", labels=["outcome"])
    for outcome, number in totals.outcomes().items():
        outcomes.add_metric([outcome], number)
    yield outcomes
    for name, meaning in (
        ("request_seconds", "How long the application took for a request, in seconds."),
        ("question_seconds", "How long it took for a request with a question, in seconds."),
        ("confidence", "The confidence of the answers, 0 to 1."),
    ):
        found = totals.histogram(name)
        buckets = [("+Inf" if isinf(bound) else str(bound), number) for bound, number in found.up_to]
        yield HistogramMetricFamily(f"pincite_{name}", meaning, buckets=buckets, sum_value=found.total)
    for name, counted, meaning in (
        ("pincite_answer_cache_hits", "hits", "Answers that had been kept."),
        ("pincite_answer_cache_misses", "misses", "Answers that had to be made."),
        ("pincite_workers_started", "started", "Worker processes that were started."),
    ):
        yield CounterMetricFamily(name, meaning, value=totals.sum_of(counted))
    yield GaugeMetricFamily("pincite_open_connections", "Connections of clients.", value=totals.sum_of("open"))


def _held(engine: Engine) -> Iterable[Metric]:
    """What the library holds now."""
    from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

    yield InfoMetricFamily("pincite_build", "The program.", value={"version": program_version()})
    usable = GaugeMetricFamily("pincite_library_usable", "1 if the library can be asked, else 0.")
    try:
        held, documents, passages = engine.version, engine.document_count, engine.passage_count
    except QAError:
        usable.add_metric([], 0)
        yield usable
        return
    usable.add_metric([], 1)
    yield usable
    yield InfoMetricFamily("pincite_index", "The state of the library.", value={"version": held})
    yield GaugeMetricFamily("pincite_documents", "Documents in the library.", value=documents)
    yield GaugeMetricFamily("pincite_passages", "Passages in the library.", value=passages)


def metrics_beside(app: WSGIApplication) -> WSGIApplication:
    """An application that serves the metrics of another one, which is a Flask app, and nothing else."""
    if not isinstance(app, Flask):
        raise TypeError(app)
    with app.app_context():
        return _alone(current_totals(), current_engine())


def _alone(totals: Totals, engine: Engine) -> WSGIApplication:

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, body, media_type = HTTPStatus.OK, b"", "text/plain; charset=utf-8"
        if environ["PATH_INFO"] != PATH:
            status, body = HTTPStatus.NOT_FOUND, b"The metrics are at /metrics.\n"
        elif environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            status = HTTPStatus.METHOD_NOT_ALLOWED
        else:
            body, media_type = rendered(totals, engine, environ.get("HTTP_ACCEPT", ""))
        headers = [
            ("Content-Type", media_type),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    return application
