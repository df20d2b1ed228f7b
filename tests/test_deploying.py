"""The examples for whoever serves others: nginx in front of the service, and what each program says of its file."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from test_serving import ANSWERED, library, port_of
from test_web_command import ROOT, environment, serving

__all__ = ["library"]  # the fixture

EXAMPLES = ROOT / "web" / "deploying"
NAME = "answers.example.org"


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [each for each in programs if shutil.which(each) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not on this machine: {', '.join(missing)}")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


# nginx


class Proxy(NamedTuple):
    port: int
    plain: int
    folder: Path
    service: int

    def connection(self) -> HTTPSConnection:
        trusting = ssl.create_default_context(cafile=str(self.folder / "answers.pem"))
        made = HTTPSConnection(NAME, self.port, timeout=30, context=trusting)
        made.sock = trusting.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port), timeout=30), server_hostname=NAME
        )
        return made

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = self.connection()
        headers.setdefault("Host", NAME)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        found = answer.status, dict(answer.headers.items()), answer.read()
        connection.close()
        return found


@pytest.fixture
def proxy(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """nginx by the example, in front of the service."""
    folder = tmp_path / "nginx"
    folder.mkdir()
    made = "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout answers.key -out answers.pem"
    subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    subprocess.run(["openssl", *made.split(), *subject], cwd=folder, check=True, capture_output=True)
    settings = {"PINCITE_ALLOWED_HOSTS": NAME, "PINCITE_TRUSTED_PROXIES": "127.0.0.1", "PINCITE_LOG": "json"}
    monkeypatch.setattr("test_web_command.environment", lambda: environment() | settings)
    with serving("--library", str(library), "--port", "0", "--workers", "1") as (process, line):
        port, plain, service = free_port(), free_port(), port_of(line)
        example = (EXAMPLES / "nginx.conf").read_text()
        for written, here in (
            ("server 127.0.0.1:8000;", f"server 127.0.0.1:{service};"),
            ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
            ("listen 80;", f"listen 127.0.0.1:{plain};"),
            ("/etc/ssl/", f"{folder}/"),
            ("/var/log/nginx/", f"{folder}/"),
        ):
            assert written in example
            example = example.replace(written, here)
        (folder / "pincite.conf").write_text(example)
        places = [f"{each}_temp_path {folder}/{each};" for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
        (folder / "nginx.conf").write_text(
            f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; worker_processes 1;\n"
            f"pid {folder}/pid; error_log {folder}/all.log;\n"
            f"events {{}}\nhttp {{ {' '.join(places)} include {folder}/pincite.conf; }}\n"
        )
        command = ["nginx", "-p", str(folder), "-e", str(folder / "all.log"), "-c", str(folder / "nginx.conf")]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as nginx:
            try:
                until = time.monotonic() + 30
                while True:
                    try:
                        socket.create_connection(("127.0.0.1", port), timeout=1).close()
                        break
                    except OSError:
                        assert nginx.poll() is None, (folder / "all.log").read_text()
                        assert time.monotonic() < until
                        time.sleep(0.05)
                yield Proxy(port, plain, folder, service)
            finally:
                nginx.terminate()
                nginx.wait(timeout=30)
        process.terminate()
        process.wait(timeout=30)
        assert process.stderr
        clients = {json.loads(line)["client"] for line in process.stderr}
        assert clients == {"127.0.0.1"}  # as nginx has it, whatever a client says of itself


@needs("nginx", "openssl")
def test_nginx_by_the_example_serves_what_pincite_answers(proxy: Proxy) -> None:
    question = json.dumps({"question": ANSWERED}).encode()
    status, headers, body = proxy.ask("POST", "/ask", question)
    assert (status, json.loads(body)["answered"]) == (200, True)
    assert headers["Strict-Transport-Security"] == "max-age=31536000"  # it knows of HTTPS
    assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-ID"])  # which nginx made
    assert proxy.ask("GET", "/livez", X_Request_ID="a-1")[1]["X-Request-ID"] == "a-1"
    assert proxy.ask("GET", "/livez", X_Request_ID="a\xa01")[1]["X-Request-ID"] != "a\xa01"
    assert proxy.ask("GET", "/manage")[0] == 404  # as pincite says where nobody manages; it is not led elsewhere

    # The host and the scheme are those that the client sees, whatever it says of itself.
    forged = {"X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "http", "X_Forwarded_For": "192.0.2.9"}
    status, _, body = proxy.ask("GET", "/conversation.md?q=fever", None, **forged)
    assert status == 200
    assert b"evil.example" not in body
    _, _, body = proxy.ask("POST", "/v1/chat/completions", json.dumps(
        {"model": "pincite", "messages": [{"role": "user", "content": ANSWERED}]}
    ).encode())  # fmt: skip
    assert f"https://{NAME}/".encode() in body
    assert proxy.ask("GET", "/", Host="evil.example")[0] == 400

    # Streams come whole, and as such.
    asked: dict[str, Any] = {"model": "pincite", "stream": True, "messages": [{"role": "user", "content": ANSWERED}]}
    status, headers, body = proxy.ask("POST", "/v1/chat/completions", json.dumps(asked).encode())
    assert (status, headers["Content-Type"].partition(";")[0]) == (200, "text/event-stream")
    assert body.endswith(b"data: [DONE]\n\n")

    # A tag gets through, a conversation's long address too, and what is too large does not.
    tag = proxy.ask("GET", "/documents.json")[1]["ETag"]
    assert proxy.ask("GET", "/documents.json", If_None_Match=tag)[::2] == (304, b"")
    history = "&".join(f"history={'a' * 900}" for _ in range(30))
    assert proxy.ask("GET", f"/ask?q=fever&{history}")[0] == 200
    status, headers, body = proxy.ask("POST", "/ask", b'{"question": "' + b"a" * 70_000)
    assert (status, headers["Content-Type"]) == (413, "application/problem+json")
    assert proxy.ask("POST", "/ask", b"a" * 1_100_000)[0] == 413

    # What is not for everybody, and what speaks no HTTPS.
    assert proxy.ask("GET", "/metrics")[0] == 404
    plain = HTTPConnection("127.0.0.1", proxy.plain, timeout=30)
    plain.request("GET", "/?q=a", headers={"Host": "evil.example"})
    redirect = plain.getresponse()
    assert (redirect.status, redirect.headers["Location"]) == (301, f"https://{NAME}/?q=a")
    plain.close()

    written = (proxy.folder / "pincite.log").read_text()
    assert "/conversation.md" in written
    assert "fever" not in written
    assert "a-1" in written


@needs("nginx")
def test_nginx_takes_the_example_only_with_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text(f"events {{}}\nhttp {{ include {EXAMPLES}/nginx.conf; }}\n")
    command = ["nginx", "-t", "-p", str(tmp_path), "-e", str(tmp_path / "log"), "-c", str(tmp_path / "nginx.conf")]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "answers.pem" in told.stderr  # the certificate, which is not there, and nothing before it


# Caddy and systemd


@needs("caddy")
def test_caddy_takes_the_example(tmp_path: Path) -> None:
    example = (EXAMPLES / "Caddyfile").read_text().replace("/var/log/caddy", str(tmp_path))
    (tmp_path / "Caddyfile").write_text(example)
    command = ["caddy", "adapt", "--adapter", "caddyfile", "--validate", "--config", str(tmp_path / "Caddyfile")]
    told = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment() | {"HOME": str(tmp_path)}
    )
    assert told.returncode == 0, told.stderr
    adapted = told.stdout
    for needed in ('"dial":"127.0.0.1:8000"', '"flush_interval":-1', '"max_size":1000000', '"X-Request-Id"', NAME):
        assert needed in adapted


@needs("systemd-analyze")
def test_systemd_takes_the_unit_and_finds_little_that_is_exposed(tmp_path: Path) -> None:
    unit = tmp_path / "pincite.service"
    unit.write_text((EXAMPLES / "pincite.service").read_text().replace("/opt/pincite/bin/pincite", sys.executable))
    told = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", str(unit)]
    rated = subprocess.run(command, capture_output=True, text=True, check=False)
    if "offline" in rated.stderr:
        pytest.skip("this systemd rates no files")
    assert rated.returncode == 0, rated.stdout


# The Containerfile


INSTRUCTIONS = {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN"}
INSTRUCTIONS |= {"SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
IN_JSON = ("CMD", "ENTRYPOINT", "VOLUME")
ONCE = ("CMD", "ENTRYPOINT", "HEALTHCHECK")


def instructions(text: str) -> list[tuple[str, str]]:
    """Each instruction and what follows it, with its lines joined."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    return [
        (name.upper(), rest.strip()) for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line)
    ]


def faults(text: str, context: Path) -> list[str]:
    """What is wrong with a Containerfile: some twenty of the faults that linters know."""
    found = instructions(text)
    names = [name for name, _ in found]
    last_stage = names[len(names) - names[::-1].index("FROM") :]
    told = [f"unknown instruction {name}" for name in names if name not in INSTRUCTIONS]
    told += [f"more than one {name}" for name in ONCE if last_stage.count(name) > 1]
    told += [f"no {name}" for name in ("USER", "HEALTHCHECK") if name not in last_stage]
    user = "root"
    stages: set[str] = set()
    for name, rest in found:
        if name == "FROM":
            image, _, stage = rest.partition(" AS ")
            if image not in stages and (":" not in image.rpartition("/")[2] or image.endswith(":latest")):
                told.append("an image without a version")
            stages.add(stage)
        elif name == "USER":
            user = rest
        elif name == "ADD":
            told.append("ADD in place of COPY")
        elif name == "WORKDIR" and not rest.startswith("/"):
            told.append("a WORKDIR that is not absolute")
        elif name in IN_JSON and not rest.startswith("["):
            told.append(f"{name} that is not in JSON")
        elif name == "EXPOSE" and not all(each.isdecimal() and int(each) < 65536 for each in rest.split()):
            told.append("no port")
        elif name == "COPY":
            *sources, _ = [each for each in rest.split() if not each.startswith("--")]
            if "--from=" not in rest:
                told += [f"no such file: {each}" for each in sources if not (context / each).exists()]
            elif rest.partition("--from=")[2].split()[0] not in stages:
                told.append("no such stage")
        elif name in ("ENV", "ARG") and re.search(r"(?i)(password|secret|token|key)=\S", rest):
            told.append("a secret in the environment")
        elif name == "RUN":
            told += _faults_of_a_command(rest)
    return [*told, *(["it ends as root"] if user in ("root", "0") else [])]


def _faults_of_a_command(command: str) -> Iterator[str]:
    if "pip install" in command and "--no-cache-dir" not in command:
        yield "pip that keeps a cache"
    if "apt-get install" in command:
        for needed in ("--no-install-recommends", "-y", "rm -rf /var/lib/apt/lists", "apt-get update"):
            if needed not in command:
                yield f"apt-get without {needed}"
    if re.search(r"\bapt (install|update)", command):
        yield "apt in place of apt-get"
    if re.search(r"\bsudo\b", command):
        yield "sudo"
    if re.search(r"(^|&&|;)\s*cd ", command):
        yield "cd in place of WORKDIR"
    if re.search(r"[^|]\|[^|]", command) and "pipefail" not in command:
        yield "a pipe that hides failures"
    if "useradd" in command and "--no-log-init" not in command:
        yield "useradd without --no-log-init"
    if re.search(r"chmod (-R )?777", command):
        yield "a file that everybody may write"


def test_the_containerfile_has_no_fault_that_linters_know() -> None:
    assert faults((EXAMPLES / "Containerfile").read_text(), ROOT) == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("FROM python", "an image without a version"),
        ("FROM python:latest", "an image without a version"),
        ("MAINTAINER somebody", "unknown instruction MAINTAINER"),
        ("ADD qa /qa", "ADD in place of COPY"),
        ("COPY nothing-there /", "no such file: nothing-there"),
        ("COPY --from=nobody /a /a", "no such stage"),
        ("WORKDIR somewhere", "a WORKDIR that is not absolute"),
        ("CMD pincite serve", "CMD that is not in JSON"),
        ('CMD ["a"]\nCMD ["b"]', "more than one CMD"),
        ("EXPOSE 80000", "no port"),
        ("ENV PINCITE_TOKEN=abc", "a secret in the environment"),
        ("USER root", "it ends as root"),
        ("RUN pip install pincite", "pip that keeps a cache"),
        ("RUN apt-get update && apt-get install -y nginx", "apt-get without --no-install-recommends"),
        ("RUN apt install nginx", "apt in place of apt-get"),
        ("RUN sudo true", "sudo"),
        ("RUN cd /tmp && ls", "cd in place of WORKDIR"),
        ("RUN ls | wc", "a pipe that hides failures"),
        ("RUN useradd a", "useradd without --no-log-init"),
        ("RUN chmod -R 777 /", "a file that everybody may write"),
    ],
)
def test_a_fault_in_a_containerfile_would_be_noticed(line: str, fault: str) -> None:
    good = 'FROM python:3.13\nHEALTHCHECK CMD ["true"]\nUSER 10001\n'
    assert faults(good, ROOT) == []
    assert fault in faults(f"{good}{line}\n", ROOT) or fault in faults(f"{line}\n{good}", ROOT)


def test_the_examples_name_only_settings_that_there_are() -> None:
    from qa import Settings

    known = {f"PINCITE_{name.upper()}" for name in Settings.__dataclass_fields__}
    for path in EXAMPLES.iterdir():
        assert set(re.findall(r"PINCITE_[A-Z_]+", path.read_text())) <= known, path.name
