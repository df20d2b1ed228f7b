"""A network of its own for each node, in Linux's namespaces, whose cables can be pulled. Needs root and ip."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

__all__ = ["Network", "missing_network", "wired"]

PEOPLE, NODES = 1, 2  # the wires: of those who ask, and of the nodes among themselves
_ADDRESSES = {PEOPLE: "10.214.1.{}", NODES: "127.2.0.{}"}
"""The nodes' own are among those that a machine takes for itself: a node that others reach demands more of it."""

_HUB = 254


def missing_network() -> str:
    """What this machine lacks to make such a network. Empty if it lacks nothing."""
    if os.geteuid() != 0:
        return "it takes root to make networks"
    lacks = [name for name in ("ip", "setpriv", "sysctl") if shutil.which(name) is None]
    if lacks:
        return f"there is no {' and no '.join(lacks)}"
    made = subprocess.run(["ip", "netns", "add", _name()], capture_output=True, text=True, check=False)  # noqa: S607
    if made.returncode:
        return f"the system makes no networks: {made.stderr.strip()}"
    _ip("netns", "del", _name())
    return ""


class Network:
    """Nodes 1, 2 and so on, each with one cable to whoever asks and one to the other nodes, which meet in a hub."""

    def __init__(self, name: str) -> None:
        self.name = name

    def within(self, number: int = 0) -> list[str]:
        """What a command begins with, so that it runs on a node's place in the network or, as 0, in the hub."""
        return ["ip", "netns", "exec", self._place(number)]

    def address(self, wire: int, number: int) -> str:
        """A node's address on a wire."""
        return _ADDRESSES[wire].format(number)

    def settings(self, number: int) -> list[str]:
        """Lines of a node's opensearch.yml."""
        return [f"http.host: {self.address(PEOPLE, number)}", f"transport.host: {self.address(NODES, number)}"]

    def cut(self, number: int, *, wires: Sequence[int] = (NODES,)) -> None:
        """Pull cables of a node. Nothing is told to anybody: what is sent is lost."""
        for wire in wires:
            self._in_hub("link", "set", _plug(number, wire), "nomaster")

    def mend(self, number: int) -> None:
        """Put all cables of a node back."""
        for wire in (PEOPLE, NODES):
            self._in_hub("link", "set", _plug(number, wire), "master", f"wire{wire}")

    def make(self, nodes: int) -> None:
        """Lay the cables."""
        _ip("netns", "add", self._place(0))
        self._in_hub("link", "set", "lo", "up")
        for wire in (PEOPLE, NODES):
            self._in_hub("link", "add", f"wire{wire}", "type", "bridge")
            self._in_hub("link", "set", f"wire{wire}", "up")
        self._in_hub("addr", "add", f"{self.address(PEOPLE, _HUB)}/24", "dev", f"wire{PEOPLE}")
        for number in range(1, nodes + 1):
            place = self._place(number)
            _ip("netns", "add", place)
            _ip("-n", place, "link", "set", "lo", "up")
            _ip("-n", place, "addr", "del", "127.0.0.1/8", "dev", "lo")
            _ip("-n", place, "addr", "add", "127.0.0.1/32", "dev", "lo")
            for wire in (PEOPLE, NODES):
                cable, plug = f"w{wire}", _plug(number, wire)
                self._in_hub("link", "add", plug, "type", "veth", "peer", "name", cable, "netns", place)
                self._in_hub("link", "set", plug, "master", f"wire{wire}", "up")
                _ip("netns", "exec", place, "sysctl", "-qw", f"net.ipv4.conf.{cable}.route_localnet=1")
                _ip("-n", place, "addr", "add", f"{self.address(wire, number)}/24", "dev", cable)
                _ip("-n", place, "link", "set", cable, "up")

    def remove(self, nodes: int) -> None:
        """Take it down."""
        for number in range(nodes + 1):
            subprocess.run(["ip", "netns", "del", self._place(number)], capture_output=True, check=False)  # noqa: S607

    def _place(self, number: int) -> str:
        return f"{self.name}-{number}" if number else self.name

    def _in_hub(self, *arguments: str) -> None:
        _ip("-n", self.name, *arguments)


@contextmanager
def wired(nodes: int) -> Iterator[Network]:
    """A network of so many nodes, until the block ends. Whoever asks them must run within its hub."""
    network = Network(_name())
    try:
        network.make(nodes)
        yield network
    finally:
        network.remove(nodes)


def _name() -> str:
    return f"pincite-{os.getpid()}"


def _plug(number: int, wire: int) -> str:
    return f"n{number}w{wire}"


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)  # noqa: S607
