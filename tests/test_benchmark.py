"""`pincite bench --http`: the service and an empty endpoint, asked by one client."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path

from test_web_command import ROOT, environment

from qa import Engine, Settings
from web.service import benchmark

TERNS = Path(__file__).parent / "fixtures" / "terns"
FIGURES = r" +([\d,]+) a second, p50 ([\d.]+) ms, p99 ([\d.]+) ms, ([\d,]+) answered, ([\d,]+) failed\n"
REPORT = re.compile(
    rf"workers +2\nconnections +4\nnew questions{FIGURES}repeated questions{FIGURES}empty endpoint{FIGURES}"
    r"new / empty +(\d+\.\d{3})\nrepeated / empty +(\d+\.\d{3})\n"
)


def test_bench_http_reports_the_service_next_to_an_empty_endpoint(tmp_path: Path) -> None:
    Engine.create(Settings(library=tmp_path)).add([TERNS])
    bench = ["bench", "--http", "--library", str(tmp_path), "--seconds", "1", "--connections", "4"]
    ran = subprocess.run(
        [sys.executable, "-c", "from web.command import main; main()", *bench],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**environment(), "PINCITE_WORKERS": "2"},
        timeout=120,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    found = REPORT.fullmatch(ran.stdout)
    assert found, ran.stdout
    figures = [float(each.replace(",", "")) for each in found.groups()]
    for per_second, p50, p99, answered, failed in (figures[:5], figures[5:10], figures[10:15]):
        assert 0 < p50 <= p99
        assert answered >= per_second > 0
        assert failed == 0
    assert abs(figures[15] - figures[0] / figures[10]) < 0.05
    assert abs(figures[16] - figures[5] / figures[10]) < 0.05


def test_what_is_asked_anew_is_never_asked_twice() -> None:
    requests = list(islice(benchmark._anew(["What?", "x" * 995], 80), 10))
    assert len(set(requests)) == 10
    asked = [json.loads(each.partition(b"\r\n\r\n")[2])["question"] for each in requests]
    assert {each.strip() for each in asked} == {"What?", "x" * 995}
    assert max(map(len, asked)) <= 1000


async def loaded(*answers: bytes) -> benchmark._Served:
    """What is counted of a server that gives each of these answers in turn, byte by byte, and then hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for each in answers:
            await reader.readuntil(b"{}")
            for byte in each:
                writer.write(bytes([byte]))
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        request = b"POST /ask HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
        return await benchmark._load(port, cycle([request]), seconds=30, connections=2)


def test_an_answer_other_than_200_and_a_connection_that_breaks_are_counted_as_failed() -> None:
    good, bad = (b"HTTP/1.1 %d -\r\nContent-Length: 2\r\n\r\n{}" % status for status in (200, 503))
    served = asyncio.run(loaded(good, bad, good, b"HTTP/1.1 200 OK\r\nContent-Le"))
    assert (len(served.took), served.failed) == (2 * 2, 2 * 2)
    assert asyncio.run(loaded()).failed == 2


def test_a_port_that_nobody_serves_is_counted_as_failed() -> None:
    from web.service.serving import held_address

    with held_address("127.0.0.1", 0) as held:
        served = asyncio.run(benchmark._load(held.getsockname()[1], cycle([b"GET"]), seconds=30, connections=3))
    assert (len(served.took), served.failed) == (0, 3)
