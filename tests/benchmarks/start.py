"""What pincite's start costs: the first question of all, the next ones, and the service with its workers.

    python tests/benchmarks/start.py [--rounds 5]

It measures the pincite that this Python imports where it stands: the one that is installed, unless PYTHONPATH names
another. The user's caches are left alone: it has its own. Times are of the processor, which other programs disturb
little, all processes together, and the least of the rounds counts. Beside each stands how often that is the time of
`python -c "import numpy"`, below which nothing that uses it can go. The memory of a worker is its
share (PSS: what several processes hold counts for each by its part) after 40 questions; Linux alone tells it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

COMMAND = (sys.executable, "-c", "from web.command import main; main()")
QUESTION = "Which protein does selinexor block?"
QUESTIONS = 40
HOME = Path(tempfile.gettempdir())  # where no pincite lies that would be taken instead


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = range(parser.parse_args().rounds)
    floor = min(_cost([sys.executable, "-c", "import numpy"], os.environ) for _ in rounds)
    print(f"{'import numpy':<40}{floor:>8.3f} s")
    for words, meaning in (("by words", "off"), ("by words and meaning", "on")):
        first, next_ones, ready, memory = [], [], [], []
        for _ in rounds:
            with tempfile.TemporaryDirectory() as caches:
                environment = {**os.environ, "XDG_CACHE_HOME": caches, "PINCITE_MEANING": meaning}
                first.append(_cost([*COMMAND, "ask", QUESTION], environment))
                next_ones.append(_cost([*COMMAND, "ask", QUESTION], environment))
                seconds, megabytes = _served(environment)
                ready.append(seconds)
                memory.append(megabytes)
        for name, found in (("the first question", first), ("the next ones", next_ones), ("the service, ready", ready)):
            print(f"{f'{name}, {words}':<40}{min(found):>8.3f} s{min(found) / floor:>8.1f} times")
        print(f"{f'a worker, {words}':<40}{min(memory):>8.0f} MB")


def _cost(command: Sequence[str], environment: dict[str, str] | os._Environ[str]) -> float:
    """The seconds of the processor that a command takes, with what it starts."""
    return _spent(lambda: subprocess.run(command, env=environment, cwd=HOME, check=True, stdout=subprocess.DEVNULL))


def _spent(do: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    do()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _served(environment: dict[str, str]) -> tuple[float, float]:
    """The seconds of the processor until two workers are ready, and the megabytes of one after some questions."""
    command = [*COMMAND, "serve", "--port", "0", "--workers", "2"]
    with subprocess.Popen(command, env=environment, cwd=HOME, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        found = re.search(r"http://\S+?(?= )", service.stdout.readline())
        assert found is not None, "it did not start"
        processes = _with_children(service.pid)
        seconds = sum(map(_seconds_of, processes))
        for number in range(QUESTIONS):
            _ask(found[0], f"{QUESTION}{' ' * number}")
        megabytes = max(map(_share_of_memory, processes[1:]), default=0.0)
        service.send_signal(signal.SIGTERM)
    return seconds, megabytes


def _ask(address: str, question: str) -> None:
    body = json.dumps({"question": question}).encode()
    request = urllib.request.Request(f"{address}/ask", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        answer.read()


def _with_children(process: int) -> list[int]:
    children = Path(f"/proc/{process}/task/{process}/children").read_text("utf-8").split()
    return [process, *map(int, children)]


def _seconds_of(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _share_of_memory(process: int) -> float:
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text("utf-8"), re.MULTILINE)
    return int(found[1]) / 1000 if found else 0.0


if __name__ == "__main__":
    main()
