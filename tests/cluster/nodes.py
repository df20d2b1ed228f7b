"""Nodes of OpenSearch on this machine, each a process of its own, put together from the jars that Maven has.

By hand: python tests/cluster/nodes.py FOLDER [--nodes 3] [--port 9210] starts a cluster, and stops it at Ctrl-C.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from networks import NODES, PEOPLE, Network
from security import SETTINGS, secure

__all__ = ["HEAP", "PORT", "Node", "Nodes", "asked", "assembled", "missing", "running", "with_security"]

VERSION = "2.19.1"
HEAP = os.environ.get("OPENSEARCH_HEAP", "512m")
PORT = int(os.environ.get("OPENSEARCH_PORT", "9210"))  # the first of those that the tests use
JAVAS = ("17", "21")  # the versions of Java on which the stock main class starts without an agent

_POM = Path(__file__).with_name("pom.xml")
_TRIES = 3  # of Maven, whose registry may be away for a moment
_MODULE = f"""\
name=transport-netty4
description=HTTP and transport by Netty
version={VERSION}
opensearch.version={VERSION}
java.version=11
classname=org.opensearch.transport.Netty4Plugin
has.native.controller=false
"""
_POLICY = """\
grant {
  permission java.net.SocketPermission "*", "accept,connect,listen,resolve";
  permission java.lang.RuntimePermission "accessDeclaredMembers";
  permission java.lang.reflect.ReflectPermission "suppressAccessChecks";
  permission java.io.FilePermission "/proc/sys/net/core/somaxconn", "read";
  permission java.util.PropertyPermission "*", "read,write";
};
"""
_LOG = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""
_FLAGS = (
    *("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.security.manager=allow", "-Dfile.encoding=UTF-8"),
    *("-Dopensearch.distribution.type=tar", "-Dopensearch.bundled_jdk=false", "-Djna.nosys=true"),
    *("-Dio.netty.noUnsafe=true", "-Dio.netty.noKeySetOptimization=true", "-Dlog4j2.disable.jmx=true"),
    *("-Dio.netty.recycler.maxCapacityPerThread=0", "-Dlog4j.shutdownHookEnabled=false"),
    "-Djava.locale.providers=SPI,COMPAT",
)


def missing() -> str:
    """What this machine lacks to run a node. Empty if it lacks nothing."""
    java = _java()
    if java is None:
        return f"there is no Java {' or '.join(JAVAS)}"
    if shutil.which("openssl") is None:
        return "there is no openssl"
    return "" if shutil.which("mvn") or "OPENSEARCH_HOME" in os.environ else "there is no Maven"


def _java() -> str | None:
    for path in (os.environ.get("OPENSEARCH_JAVA"), shutil.which("java"), *_installed()):
        if path and Path(path).exists():
            told = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stderr
            if any(f'version "{version}.' in told for version in JAVAS):
                return path
    return None


def _installed() -> Iterator[str]:
    for version in JAVAS:
        yield from map(str, Path("/usr/lib/jvm").glob(f"java-{version}-*/bin/java"))


@cache
def assembled() -> Path:
    """The folder of a server, made from Maven's jars: that of OPENSEARCH_HOME, else one that goes with this process."""
    home = Path(os.environ.get("OPENSEARCH_HOME") or tempfile.mkdtemp(prefix="pincite-cluster-"))
    if "OPENSEARCH_HOME" not in os.environ:
        atexit.register(shutil.rmtree, home, ignore_errors=True)
    netty = home / "modules" / "transport-netty4"
    if not (netty / "plugin-security.policy").exists():
        for tried in range(_TRIES):
            made = _maven(home)
            if made.returncode == 0:
                break
            time.sleep(5 * (tried + 1))
        else:
            raise RuntimeError(f"Maven gave no jars:\n{made.stdout[-2000:]}")
        for name in ("bin", "plugins", "extensions"):
            (home / name).mkdir(exist_ok=True)
        (netty / "plugin-descriptor.properties").write_text(_MODULE)
        (netty / "plugin-security.policy").write_text(_POLICY)
        for path in (home, *home.rglob("*")):  # whoever runs the nodes
            path.chmod(0o755 if path.is_dir() else 0o644)
    return home


def with_security(folder: Path) -> Path:
    """The folder of a server with the plugin for users and TLS, beside the other one."""
    plain, home = assembled(), folder / "secure"
    shutil.copytree(plain, home, ignore=shutil.ignore_patterns("security"))
    shutil.copytree(plain / "security", home / "plugins" / "opensearch-security")
    return home


def _maven(home: Path) -> subprocess.CompletedProcess[str]:
    command = ["mvn", "-B", "-q", "-f", str(_POM), f"-Dopensearch={VERSION}", f"-Dhome={home}", "generate-resources"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


class Node:
    """One node, the `number`-th. `settings` are further lines of its opensearch.yml."""

    def __init__(
        self,
        folder: Path,
        home: Path,
        number: int,
        *,
        port: int,
        settings: Sequence[str],
        network: Network | None = None,
    ) -> None:
        self.name, self.number, self._network = f"n{number}", number, network
        self.address = f"{network.address(PEOPLE, number) if network else '127.0.0.1'}:{port}"
        self._folder, self._home = folder, home
        self._process: subprocess.Popen[bytes] | None = None
        conf = folder / "conf"
        for each in (conf, folder / "tmp"):
            each.mkdir(parents=True)
        lines = [
            f"node.name: {self.name}",
            f"http.port: {port}",
            f"path.data: {folder}/data",
            f"path.logs: {folder}/logs",
        ]
        (conf / "opensearch.yml").write_text("\n".join([*lines, *settings, ""]))
        (conf / "log4j2.properties").write_text(_LOG)

    @property
    def conf(self) -> Path:
        """The folder of its configuration."""
        return self._folder / "conf"

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it. A node refuses to run as root; then it runs as nobody."""
        java = _java()
        assert java is not None
        flags = [f"-Xms{HEAP}", f"-Xmx{HEAP}", *_FLAGS, f"-Djava.io.tmpdir={self._folder / 'tmp'}"]
        flags += [f"-Dopensearch.path.home={self._home}", f"-Dopensearch.path.conf={self.conf}"]
        command = [java, *flags, "-cp", f"{self._home}/lib/*", "org.opensearch.bootstrap.OpenSearch"]
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if user is not None:
            for path in (self._folder, *self._folder.rglob("*")):
                os.chown(path, user.pw_uid, user.pw_gid)
        if self._network is not None and user is not None:  # who then becomes that user
            become = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            command, user = [*self._network.within(self.number), *become, *command], None
        with (self._folder / "out.log").open("ab") as out:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self._folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self._folder)},
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )

    def send(self, number: signal.Signals) -> None:
        """Send its process a signal."""
        os.kill(self.pid, number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End its process, and wait for that."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    @property
    def log(self) -> str:
        """The end of what it wrote."""
        return (self._folder / "out.log").read_text("utf-8", errors="replace")[-3000:]

    @property
    def has_ended(self) -> bool:
        """Whether its process was started and is no more."""
        return self._process is not None and self._process.poll() is not None


class Nodes(list[Node]):
    """The nodes of one cluster."""

    @property
    def secure_addresses(self) -> tuple[str, ...]:
        """Where they are asked by TLS."""
        return tuple(address.replace("http:", "https:") for address in self.addresses)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where they are asked."""
        return tuple(f"http://{node.address}" for node in self)

    def wait(self, nodes: int | None = None, *, seconds: float = 180) -> None:
        """Wait until so many nodes, or all, make one cluster in which each copy of each shard is there."""
        wanted, end = len(self) if nodes is None else nodes, time.monotonic() + seconds
        while time.monotonic() < end:
            for node in self:
                if node.has_ended:
                    continue
                try:
                    health = asked(f"http://{node.address}/_cluster/health")
                except OSError:
                    continue
                if health["number_of_nodes"] == wanted and health["status"] == "green":
                    return
                break
            if all(node.has_ended for node in self):
                break
            time.sleep(0.2)
        raise RuntimeError("The cluster does not become whole.\n" + "\n".join(node.log for node in self))


def asked(address: str) -> Any:
    """The JSON at an address."""
    with urllib.request.urlopen(address, timeout=5) as answer:
        return json.load(answer)


@contextmanager
def running(
    folder: Path, *, nodes: int, port: int, certificates: Path | None = None, network: Network | None = None
) -> Iterator[Nodes]:
    """So many nodes on ports from `port` on, which speak to one another on those 100 above; until the block ends.

    With the certificates of `security.make_certificates` they speak TLS, and know the user of `security.USER`. With a
    `network`, each has its place in that.
    """
    home = assembled() if certificates is None else with_security(folder)
    numbers = range(1, nodes + 1)
    seeds = [f"{network.address(NODES, number) if network else '127.0.0.1'}:{port + 99 + number}" for number in numbers]
    common = [
        "cluster.name: pincite-tests",
        *(() if network else ("network.host: 127.0.0.1",)),
        f"discovery.seed_hosts: {json.dumps(seeds)}",
        f"cluster.initial_cluster_manager_nodes: {json.dumps([f'n{number}' for number in numbers])}",
        "action.auto_create_index: false",
        "cluster.routing.allocation.disk.threshold_enabled: false",
        "search.default_keep_alive: 30s",
        "search.keep_alive_interval: 10s",
        "cluster.fault_detection.leader_check.timeout: 2s",
        "cluster.fault_detection.leader_check.retry_count: 2",
        "cluster.fault_detection.follower_check.timeout: 2s",
        "cluster.fault_detection.follower_check.retry_count: 2",
        *(SETTINGS if certificates else ()),
    ]
    made = Nodes(
        Node(
            folder / f"n{number}",
            home,
            number,
            port=port + number - 1,
            settings=[*common, f"transport.port: {port + 99 + number}", *(network.settings(number) if network else ())],
            network=network,
        )
        for number in numbers
    )
    if certificates is not None:
        for node in made:
            secure(node.conf, home, certificates)
    try:
        for node in made:
            node.start()
        if certificates is None:
            made.wait()
        yield made
    finally:
        for node in made:
            node.stop(signal.SIGKILL)


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder that nodes may reach whoever runs them; it is deleted at the end."""
    folder = Path(tempfile.mkdtemp(prefix="pincite-cluster-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Run a cluster until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--port", type=int, default=PORT)
    given = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    began = time.monotonic()
    with running(given.folder.resolve(), nodes=given.nodes, port=given.port) as nodes:
        print(f"{time.monotonic() - began:.1f} s", *nodes.addresses, *(node.pid for node in nodes), flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("Stopping.")


if __name__ == "__main__":
    main()
