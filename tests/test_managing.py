"""Managing a library through the service: files come in and go, and nobody else gets near."""

from __future__ import annotations

import errno
import io
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread, Timer
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from qa import Engine, Settings
from qa.cli import cli
from qa.errors import FeedbackUnwritableError, JobRunningError
from qa.feedback import Unanswered
from qa.library.uploads import LONGEST_NAME, Lock, UploadFolder, safe_name
from qa.wire import JobBody, JobProgressBody
from web import create_app
from web.access.tokens import add_token
from web.managing.uploading import MOST_FILES
from web.managing.views import spool_of
from web.service.listening import Listener

TERNS = Path(__file__).parent / "fixtures" / "terns"
OWN = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
JSON = {"Accept": "application/json"}
PAGE = {"Accept": "text/html", **OWN}
PATIENCE = 60.0  # seconds
NEST = b"# Nests\n\nThe blue tern nests on cliffs in April.\n"


def managed(library: Path, **settings: Any) -> Engine:
    """The engine of a new library that may be managed."""
    return Engine.begin(Settings(library=library, manage="on", meaning="off", **settings))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return managed(tmp_path / "library")


@pytest.fixture
def app(engine: Engine) -> Flask:
    return create_app(engine)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def form(files: Mapping[str, bytes], **fields: str) -> dict[str, Any]:
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    parts += [f'name="files"; filename="{name}"\r\n\r\n'.encode() + data for name, data in files.items()]
    body = b"".join(b"--b\r\nContent-Disposition: form-data; %b\r\n" % part for part in parts) + b"--b--\r\n"
    return {"data": body, "content_type": "multipart/form-data; boundary=b", "headers": JSON}


def waited(client: FlaskClient) -> dict[str, Any]:
    """The last job, when it has ended."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        job = client.get("/manage/job.json").get_json()
        if job is None or job["state"] != "running":
            return dict(job or {})
        time.sleep(0.05)
    raise AssertionError("it goes on and on")


def added(client: FlaskClient, files: Mapping[str, bytes], **fields: str) -> dict[str, Any]:
    """What became of files that were added."""
    response = client.post("/manage/files", **form(files, **fields))
    assert response.status_code in (200, 202), response.text
    job = waited(client)
    assert (job["state"], job["id"]) == ("done", response.get_json()["id"]), job
    return job


def reasons(job: Mapping[str, Any]) -> list[str]:
    return [each["message"] for each in job["report"]["left_out"]]


def ids(client: FlaskClient) -> list[str]:
    return [each["id"] for each in client.get("/manage/documents.json").get_json()["documents"]]


def uploads_of(engine: Engine) -> list[str]:
    return sorted(path.name for path in engine.uploads.folder.path.glob("[!.]*"))


# Who may


ADDRESSES = [
    ("GET", "/manage"),
    ("GET", "/manage/documents.json"),
    ("GET", "/manage/job.json"),
    ("GET", "/manage/feedback"),
    ("GET", "/manage/feedback.json"),
    ("POST", "/manage/files"),
    ("POST", "/manage/removal"),
    ("POST", "/manage/stop"),
    ("POST", "/manage/discard"),
    ("POST", "/manage/questions/removal"),
]


def test_the_addresses_are_all_that_there_are(app: Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("manage.")]
    found = {(method, rule.rule) for rule in rules for method in rule.methods or () if method in ("GET", "POST")}
    assert found == set(ADDRESSES)


@pytest.mark.parametrize("setting", ["off", "on"])
def test_without_the_setting_or_a_library_of_its_own_there_is_nothing(setting: str) -> None:
    library = Engine.create(Settings(manage=setting))
    library.add([TERNS])
    client = create_app(library).test_client()
    assert {client.open(path, method=method).status_code for method, path in ADDRESSES} == {404}
    assert b"/manage" not in client.get("/").data + client.get("/documents").data


@pytest.mark.parametrize(
    "others", [{"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}, {"headers": {"X-Forwarded-For": "192.0.2.7"}}]
)
def test_without_tokens_only_this_machine_may(client: FlaskClient, others: Any) -> None:
    assert {client.open(path, method=method, **others).status_code for method, path in ADDRESSES} == {403}
    assert b"/manage" not in client.get("/documents", **others).data
    assert b"/manage" in client.get("/documents").data


def test_with_tokens_only_one_with_the_right_to_manage_may(tmp_path: Path) -> None:
    place = tmp_path / "tokens.json"
    secrets = {"ask": add_token(place, "asker", ["ask"]), "manage": add_token(place, "owner", ["manage"])}
    client = create_app(managed(tmp_path / "library", tokens_file=place)).test_client()
    statuses = [
        client.get("/manage/job.json", headers={"Authorization": f"Bearer {secret}"}).status_code
        for secret in (secrets["manage"], secrets["ask"], "none")
    ]
    assert [client.get("/manage/job.json").status_code, *statuses] == [401, 200, 403, 401]
    response = client.post("/manage/stop", headers={"Authorization": f"Bearer {secrets['manage']}"})
    assert response.status_code == 404


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://example.org"}])
def test_a_page_of_another_site_changes_nothing(client: FlaskClient, headers: dict[str, str]) -> None:
    posts = [path for method, path in ADDRESSES if method == "POST"]
    assert {client.post(path, headers=headers).status_code for path in posts} == {403}


# Adding


def test_files_are_added_reported_and_found_by_the_next_question(client: FlaskClient, engine: Engine) -> None:
    job = added(client, {path.name: path.read_bytes() for path in TERNS.glob("*.md")})
    assert (job["kind"], job["state"], job["error"]) == ("indexing", "done", None)
    assert job["report"]["added"]["count"] == job["report"]["documents"] == 4
    assert "spotting" in job["report"]["added"]["ids"]
    assert client.get("/ask?q=In how many people did fever end with alcanor?").get_json()["answered"]
    assert uploads_of(engine) == sorted(path.name for path in TERNS.glob("*.md"))
    [spotting] = client.get("/manage/documents.json?file=spotting").get_json()["documents"]
    assert (spotting["is_uploaded"], Path(spotting["file"]).name) == (True, "spotting.md")


def test_what_cannot_be_read_is_left_out_with_the_reason_and_not_kept(client: FlaskClient, engine: Engine) -> None:
    job = added(client, {"nests.md": NEST, "broken.pdf": b"%PDF-no", "run.exe": b"MZ", "lone.bib": b"@a{b}"})
    assert job["report"]["added"]["ids"] == ["nests"]
    assert job["report"]["left_out_count"] == 3
    assert sorted(reasons(job)) == [
        "broken.pdf cannot be read as PDF: it is not one, or it is broken.",
        "lone.bib has references for a document of the same name, and there is none.",
        "pincite cannot read this kind of file: run.exe.",
    ]
    assert uploads_of(engine) == ["nests.md"]


def test_where_nothing_can_be_read_that_is_said_and_the_library_is_as_it_was(
    client: FlaskClient, engine: Engine
) -> None:
    version = engine.version
    assert reasons(added(client, {"broken.pdf": b"%PDF-no"}))
    assert reasons(added(client, {"run.exe": b"MZ"}))
    assert (uploads_of(engine), engine.version) == ([], version)


def test_a_file_of_the_same_name_is_replaced_only_when_that_is_asked_for(client: FlaskClient, engine: Engine) -> None:
    added(client, {"nests.md": NEST})
    place = engine.uploads.folder.path / "nests.md"
    refused = added(client, {"nests.md": NEST.replace(b"April", b"May")})
    assert reasons(refused) == ["There is already a file called nests.md."]
    assert place.read_bytes() == NEST
    replaced = added(client, {"nests.md": NEST.replace(b"April", b"June")}, replace="yes")
    assert replaced["report"]["replaced"] == {"count": 1, "ids": ["nests"]}
    assert b"June" in place.read_bytes()
    broken = added(client, {"nests.md": b"\xff\xfe\x00\x00\x00\x01"}, replace="yes")
    assert len(reasons(broken)) == 1
    assert b"June" in place.read_bytes()
    assert "June" in engine.document("nests").text


def test_files_in_one_form_with_one_name_do_not_write_over_each_other(client: FlaskClient) -> None:
    job = added(client, {"a/nests.md": NEST, "b/NESTS.md": NEST, "c/nests.md": b"x"})
    assert job["report"]["added"]["ids"] == ["nests"]
    assert len(reasons(job)) == 2


def test_another_folder_that_is_indexed_with_prune_leaves_what_was_added(client: FlaskClient, engine: Engine) -> None:
    added(client, {"nests.md": NEST})
    engine.add([TERNS], prune=True)
    assert "nests" in ids(client)
    added(client, {"more.md": NEST})
    assert len(ids(client)) == 6
    assert engine.check() == []


def test_a_library_that_was_moved_or_comes_from_a_backup_knows_its_uploads(
    client: FlaskClient, engine: Engine, tmp_path: Path
) -> None:
    added(client, {"nests.md": NEST})
    copy, away = tmp_path / "copy", tmp_path / "away"
    engine.backup(copy)
    assert isinstance(engine.settings.library, Path)
    engine.settings.library.rename(away)
    moved = managed(copy)
    there = create_app(moved).test_client()
    assert added(there, {"more.md": NEST})["report"]["added"]["ids"] == ["more"]
    assert sorted(ids(there)) == ["more", "nests"]
    there.post("/manage/removal", json={"documents": ["nests"]}, headers=JSON)
    waited(there)
    assert (ids(there), uploads_of(moved)) == (["more"], ["more.md"])


def test_a_page_without_scripts_gets_back_to_the_page_and_the_report(client: FlaskClient) -> None:
    given = form({"nests.md": NEST}) | {"headers": PAGE}
    response = client.post("/manage/files", **given)
    assert (response.status_code, response.location) == (303, "/manage#job")
    waited(client)
    page = client.get("/manage", headers=PAGE).text
    assert ">Added</h2>" in page
    assert 'href="/documents/nests"' in page


# Hostile


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../terns.md", "terns.md"),
        ("..\\..\\terns.md", "terns.md"),
        ("/etc/passwd.md", "passwd.md"),
        ("con.md", "_con.md"),
        ("COM1.tar.md", "_COM1.tar.md"),
        ("a\0b.md", "a_b.md"),
        (".pinciteignore", "pinciteignore"),
        ("...", ""),
        ("", ""),
        (f"{'t' * 300}.csl.json", f"{'t' * (LONGEST_NAME - 9)}.csl.json"),
        (f"{'ü' * 300}.md", f"{'ü' * ((LONGEST_NAME - 3) // 2)}.md"),
        ("t." + "x" * 300, ""),
        ("tern\u202efdp.md", "tern_fdp.md"),
        ("terns.md. . ", "terns.md"),
        ("cafe\u0301.md", "café.md"),
    ],
)
def test_a_name_is_made_safe(given: str, safe: str) -> None:
    assert safe_name(given) == safe
    assert len(safe.encode()) <= LONGEST_NAME


def test_names_that_lead_elsewhere_stay_in_the_folder(client: FlaskClient, engine: Engine, tmp_path: Path) -> None:
    job = added(client, {"../../escaped.md": NEST, "con.md": NEST, "x" * 300 + ".md": NEST, "..": NEST})
    assert uploads_of(engine) == ["_con.md", "escaped.md", "x" * (LONGEST_NAME - 3) + ".md"]
    assert [path.name for path in tmp_path.iterdir()] == ["library"]
    assert "../../escaped.md is kept as escaped.md." in job["report"]["notes"]
    assert job["report"]["left_out_count"] == 1


def test_a_form_of_too_many_files_is_refused_whole(client: FlaskClient, engine: Engine) -> None:
    response = client.post("/manage/files", **form({f"t{number}.md": b"x" for number in range(MOST_FILES + 1)}))
    assert response.status_code == 413
    assert uploads_of(engine) == []
    assert list(engine.uploads.folder.work.glob("incoming-*")) == []


def test_a_file_beyond_the_bound_is_left_out_and_the_others_are_read(tmp_path: Path) -> None:
    client = create_app(managed(tmp_path, max_file_size=1)).test_client()
    job = added(client, {"large.txt": b"tern " * 300_000, "nests.md": NEST})
    assert reasons(job) == ["large.txt is larger than the 1 megabytes that a file may have."]
    assert job["report"]["added"]["ids"] == ["nests"]


def test_a_form_beyond_the_bound_of_all_is_refused(tmp_path: Path) -> None:
    client = create_app(managed(tmp_path, max_upload=1)).test_client()
    assert client.post("/manage/files", **form({"large.txt": b"tern " * 300_000})).status_code == 413


def test_a_zip_bomb_and_a_file_that_kills_the_reader_cost_themselves_alone(tmp_path: Path) -> None:
    client = create_app(managed(tmp_path, max_memory=256)).test_client()
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"{number}.txt", b"a" * 300_000_000)
    job = added(client, {"bomb.zip": bomb.getvalue(), "nests.md": NEST})
    assert job["report"]["added"]["ids"] == ["nests"]
    assert len(reasons(job)) == 1
    assert reasons(job)[0].startswith("bomb.zip ")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"--b\r\nContent-Disposition: form-data; name=files; filename=terns.md\r\n\r\nA tern", 400),
        (b"--b\r\nContent-Disposition: form-data; name=files; filename=terns.md\r\n\r\nA tern\r\n", 400),
        (b"--b\r\n\r\nno head\r\n--b--", 400),
        (b"--b\r\nContent-Disposition: form-data; name=files; filename=\xff.md\r\n\r\nx\r\n--b--", 400),
        (b"preamble" * 100_000, 413),
        (b"--b\r\n" + b"X-Long: " * 100_000, 413),
        (b"--b\r\nContent-Disposition: form-data; name=replace\r\n\r\n" + b"y" * 9999 + b"\r\n--b--", 413),
        (b"--b--", 422),
        (b'--b\r\nContent-Disposition: form-data; name=files; filename=""\r\n\r\n\r\n--b--', 422),
    ],
)
def test_a_form_that_is_broken_or_ends_early_changes_nothing(
    client: FlaskClient, engine: Engine, body: bytes, status: int
) -> None:
    kind = "multipart/form-data; boundary=b"
    response = client.post("/manage/files", data=body, content_type=kind, headers=JSON)
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert uploads_of(engine) == []
    assert client.get("/manage/job.json").get_json() is None


def test_a_full_disk_is_said_and_changes_nothing(
    client: FlaskClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(client, {"nests.md": NEST})
    version = engine.version

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("qa.library.uploads.IncomingFile.write", full)
    response = client.post("/manage/files", **form({"more.md": NEST}))
    assert response.status_code == 507
    assert "no space left on device" in response.get_json()["detail"]
    assert (uploads_of(engine), engine.version) == (["nests.md"], version)
    assert list(engine.uploads.folder.work.glob("incoming-*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_among_the_uploads_is_neither_read_nor_written_through(
    client: FlaskClient, engine: Engine, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.md"
    secret.write_bytes(b"# Secret\n\nNobody reads this.\n")
    added(client, {"nests.md": NEST})
    (engine.uploads.folder.path / "link.md").symlink_to(secret)
    added(client, {"more.md": NEST})
    assert sorted(ids(client)) == ["more", "nests"]
    assert added(client, {"link.md": NEST}, replace="yes")["report"]["added"]["ids"] == ["link"]
    assert secret.read_bytes().startswith(b"# Secret")
    assert sorted(ids(client)) == ["link", "more", "nests"]


# One at a time


def test_a_change_that_has_just_ended_is_waited_for_and_no_file_is_lost(client: FlaskClient, engine: Engine) -> None:
    added(client, {"nests.md": NEST})
    lock = engine.uploads.folder.lock()
    lock.take()
    ending = Timer(0.3, lock.release)
    ending.start()
    assert added(client, {"more.md": NEST})["report"]["added"]["ids"] == ["more"]
    ending.join()


def test_a_second_change_is_told_to_wait_and_loses_nothing(client: FlaskClient, engine: Engine) -> None:
    added(client, {"nests.md": NEST})
    lock = engine.uploads.folder.lock()
    lock.take()
    try:
        for response in (
            client.post("/manage/files", **form({"more.md": NEST})),
            client.post("/manage/removal", json={"documents": ["nests"]}, headers=JSON),
        ):
            assert response.status_code == 409
            assert response.get_json()["type"] == "/problems/job_running"
        assert engine.uploads.is_running
    finally:
        lock.release()
    assert not engine.uploads.is_running
    assert uploads_of(engine) == ["nests.md"]


def test_a_change_that_only_makes_vectors_gives_way(client: FlaskClient, engine: Engine) -> None:
    added(client, {"nests.md": NEST})
    uploads = engine.uploads
    before = uploads.job()
    assert before
    lock = uploads.folder.lock()
    lock.take()
    encoding = {"state": "running", "progress": JobProgressBody(step="encoding", done=1, total=9)}
    uploads.keep(before.model_copy(update=encoding))
    assert uploads.is_running

    def stop_when_asked() -> None:
        while not uploads.folder.stop_file.exists():
            time.sleep(0.02)
        uploads.end(lock, before.model_copy(update={"state": "stopped"}))

    working = Thread(target=stop_when_asked)
    working.start()
    assert added(client, {"more.md": NEST})["report"]["added"]["ids"] == ["more"]
    working.join(PATIENCE)
    assert not working.is_alive()


def test_the_lock_of_a_process_that_is_killed_is_free(tmp_path: Path) -> None:
    program = "import sys, time; from pathlib import Path; from qa.library.uploads import Lock\n"
    program += "Lock(Path(sys.argv[1])).take(); print('taken', flush=True); time.sleep(60)"
    place = tmp_path / "lock.sqlite3"
    with subprocess.Popen([sys.executable, "-c", program, str(place)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        assert Lock(place).is_taken
        with pytest.raises(JobRunningError):
            Lock(place).take()
        holder.kill()
    lock = Lock(place)
    assert not lock.is_taken
    lock.take()
    lock.release()


def test_another_program_that_changes_the_library_is_waited_for(client: FlaskClient, engine: Engine) -> None:
    from qa.library.folder import writing

    library = engine.settings.library
    assert isinstance(library, Path)
    with writing(library):
        assert client.post("/manage/files", **form({"nests.md": NEST})).status_code == 202
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            progress = client.get("/manage/job.json").get_json()["progress"]
            if progress and progress["step"] == "waiting":
                break
            time.sleep(0.05)
        else:
            raise AssertionError("it does not wait")
    assert waited(client)["report"]["added"]["ids"] == ["nests"]


SERVICE = """
import sys
from pathlib import Path
from qa import Engine, Settings
engine = Engine.begin(Settings(library=Path(sys.argv[1]), manage="on", meaning="off"))
with engine.uploads.receiving() as incoming:
    with incoming.file("terns.csv") as file:
        file.write(b"title,text\\n" + b"".join(b"Tern %d,The tern %d nests here.\\n" % (n, n) for n in range(4000)))
    engine.uploads.index(incoming)
print("begun", flush=True)
sys.stdin.read()
"""


def test_a_service_that_is_killed_while_it_indexes_leaves_the_library_as_it_was(tmp_path: Path) -> None:
    engine = managed(tmp_path)
    engine.add([TERNS])
    version = engine.version
    command = [sys.executable, "-c", SERVICE, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as service:
        assert service.stdout
        service.stdout.readline()
        until = time.monotonic() + PATIENCE
        while (job := engine.uploads.job()) is None or job.progress is None:
            assert time.monotonic() < until
            time.sleep(0.02)
        service.kill()
    while (job := engine.uploads.job()) is not None and job.state == "running":
        assert time.monotonic() < until
    assert job
    assert job.state == "interrupted"
    client = create_app(engine).test_client()
    assert "Go on now" in client.get("/manage", headers=PAGE).text
    assert (engine.version, engine.check()) == (version, [])
    response = client.post(
        "/manage/files", data={}, headers=PAGE | {"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert response.status_code == 303
    assert waited(client)["report"]["added"]["count"] == 4000


def test_what_the_process_says_on_standard_error_is_logged_and_bounded(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    added(client, {"more.md": NEST})
    client.post("/manage/removal", json={"documents": ["more"]}, headers=JSON)
    waited(client)
    assert [each.getMessage() for each in caplog.records] == []
    monkeypatch.setenv("PYTHONWARNINGS", ",".join(f"nonsense{number}" for number in range(1000)))
    added(client, {"nests.md": NEST})
    [said] = [each.getMessage() for each in caplog.records if "The process that changes" in each.getMessage()]
    assert "Invalid -W option ignored: invalid action: 'nonsense999'" in said
    assert 3000 < len(said) < 5000


def test_what_a_process_says_that_ends_before_it_reads_what_is_sent_is_logged(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("qa.library.jobs._PROGRAM", "qa.nowhere")
    monkeypatch.setattr("qa.library.jobs._send", lambda stream, data: stream.write(data))  # it is sent at the end
    client.post("/manage/files", **form({"nests.md": NEST}))
    assert waited(client)["state"] == "failed"
    assert ["No module named qa.nowhere" in each.getMessage() for each in caplog.records] == [True]


def test_a_change_that_is_stopped_keeps_what_was_read(client: FlaskClient, engine: Engine) -> None:
    table = b"title,text\n" + b"".join(b"Tern %d,The tern %d nests here.\n" % (n, n) for n in range(5000))
    assert client.post("/manage/files", **form({"a.csv": table, "b.csv": table})).status_code == 202
    assert client.post("/manage/stop", headers=JSON).status_code in (200, 202)
    job = waited(client)
    assert job["state"] in ("stopped", "done")
    assert engine.check() == []
    assert not engine.uploads.folder.stop_file.exists() or job["state"] == "stopped"


# Files that wait

BROKEN = b"\xff\xfe\x00\x00\x00\x01"


def interrupted(engine: Engine, files: Mapping[str, bytes]) -> None:
    """Send files as a service does that is killed before it reads them."""
    uploads = engine.uploads
    with uploads.receiving() as incoming:
        for name, data in files.items():
            with incoming.file(name) as file:
                file.write(data)
        names = uploads.folder.put(incoming, replaces=True)
    now = datetime.now(UTC)
    uploads.keep(JobBody(id="0", kind="indexing", state="running", began=now, files=tuple(names)))


def removed(client: FlaskClient, *document_ids: str) -> None:
    client.post("/manage/removal", json={"documents": document_ids}, headers=JSON)
    assert waited(client)["state"] == "done"


def test_what_an_interrupted_upload_replaced_comes_back_after_a_removal_and_another_upload(
    client: FlaskClient, engine: Engine
) -> None:
    added(client, {"nests.md": NEST, "other.md": NEST})
    interrupted(engine, {"nests.md": BROKEN, "broken.pdf": b"%PDF-no"})
    assert client.get("/manage/job.json").get_json()["waiting"] == ["nests.md", "broken.pdf"]
    removed(client, "other")
    assert client.get("/manage/job.json").get_json()["waiting"] == ["nests.md", "broken.pdf"]
    job = added(client, {"more.md": NEST})
    assert (job["report"]["left_out_count"], job["waiting"]) == (2, [])
    assert (uploads_of(engine), sorted(ids(client))) == (["more.md", "nests.md"], ["more", "nests"])
    assert (engine.uploads.folder.path / "nests.md").read_bytes() == NEST
    assert sorted(path.name for path in engine.uploads.folder.work.iterdir()) == ["job.json", "lock.sqlite3"]


def test_the_file_that_the_library_has_comes_back_though_what_replaced_it_was_replaced_too(
    client: FlaskClient, engine: Engine
) -> None:
    added(client, {"nests.md": NEST})
    interrupted(engine, {"nests.md": BROKEN})
    interrupted(engine, {"nests.md": BROKEN + BROKEN})
    added(client, {"more.md": NEST})
    assert (engine.uploads.folder.path / "nests.md").read_bytes() == NEST


def test_files_that_wait_are_discarded_on_request_and_what_they_replaced_comes_back(
    client: FlaskClient, engine: Engine
) -> None:
    added(client, {"nests.md": NEST})
    version = engine.version
    interrupted(engine, {"nests.md": NEST.replace(b"April", b"May"), "more.md": NEST})
    page = client.get("/manage", headers=PAGE).text
    assert "2 files that were sent have not been read:" in page
    response = client.post("/manage/discard", headers=PAGE)
    assert (response.status_code, response.location) == (303, "/manage#job")
    assert "2 files were deleted without being read:" in client.get("/manage", headers=PAGE).text
    assert (uploads_of(engine), engine.version) == (["nests.md"], version)
    assert (engine.uploads.folder.path / "nests.md").read_bytes() == NEST
    again = client.post("/manage/discard", headers=JSON).get_json()
    assert (again["kind"], again["files"]) == ("discarding", ["nests.md", "more.md"])


def test_where_it_cannot_be_noted_what_the_library_has_no_file_is_deleted(
    client: FlaskClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(client, {"nests.md": NEST})
    keep_waiting = UploadFolder._keep_waiting

    def full(folder: UploadFolder, names: Iterable[str]) -> None:
        kept = list(names)
        if kept == ["bad.md"]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        keep_waiting(folder, kept)

    later = NEST.replace(b"April", b"June")
    with monkeypatch.context() as patched:
        patched.setattr(UploadFolder, "_keep_waiting", full)
        job = added(client, {"nests.md": later, "bad.md": BROKEN}, replace="yes")
    assert job["report"]["replaced"]["count"] == job["report"]["left_out_count"] == 1
    folder = engine.uploads.folder
    assert (folder.path / "nests.md").read_bytes() == later, "it is the one that was indexed"
    assert (folder.work / "before" / "nests.md").read_bytes() == NEST
    assert uploads_of(engine) == sorted(job["waiting"]) == ["bad.md", "nests.md"]
    client.post("/manage/discard", headers=JSON)
    assert uploads_of(engine) == ["nests.md"]
    assert (folder.path / "nests.md").read_bytes() == later
    assert engine.uploads.folder.waiting() == []


def test_what_the_library_has_already_is_not_discarded(client: FlaskClient, engine: Engine) -> None:
    interrupted(engine, {"nests.md": NEST})
    engine.add([engine.uploads.folder.path])
    client.post("/manage/discard", headers=JSON)
    assert (uploads_of(engine), client.get("/manage/job.json").get_json()["waiting"]) == (["nests.md"], [])


def test_without_a_change_before_there_is_nothing_to_discard(client: FlaskClient) -> None:
    assert client.post("/manage/discard", headers=JSON).status_code == 404


def test_a_document_whose_file_is_being_replaced_goes_with_both(client: FlaskClient, engine: Engine) -> None:
    added(client, {"nests.md": NEST})
    interrupted(engine, {"nests.md": NEST.replace(b"April", b"May")})
    removed(client, "nests")
    added(client, {"more.md": NEST})
    assert (uploads_of(engine), ids(client)) == (["more.md"], ["more"])


def test_a_removal_that_was_killed_before_it_deleted_its_file_does_so_with_the_next_change(
    client: FlaskClient, engine: Engine
) -> None:
    added(client, {"nests.md": NEST, "more.md": NEST})
    engine.remove(["nests"])
    now = datetime.now(UTC)
    engine.uploads.keep(JobBody(id="0", kind="removal", state="running", began=now, files=("nests.md", "more.md")))
    added(client, {"third.md": NEST})
    assert (uploads_of(engine), sorted(ids(client))) == (["more.md", "third.md"], ["more", "third"])


# Removing


def test_a_document_of_an_uploaded_file_goes_with_the_file(client: FlaskClient, engine: Engine) -> None:
    added(client, {"nests.md": NEST, "nests.bib": b"@misc{a, title={Terns}}", "more.md": NEST})
    response = client.post("/manage/removal", json={"documents": ["nests"]}, headers=JSON)
    assert response.status_code == 202
    job = waited(client)
    assert (job["kind"], job["report"]["removed"]["ids"]) == ("removal", ["nests"])
    assert (ids(client), uploads_of(engine)) == (["more"], ["more.md"])
    assert client.get("/documents/nests").status_code == 404
    added(client, {"third.md": NEST})
    assert sorted(ids(client)) == ["more", "third"]


def test_all_documents_of_an_uploaded_file_go_together(client: FlaskClient, engine: Engine) -> None:
    added(client, {"terns.csv": b"title,text\nArctic tern,It nests here.\nCommon tern,It nests there.\n"})
    first, _ = ids(client)
    page = client.post("/manage/removal", data={"document": first}, headers=PAGE).text
    assert "1 more document comes from the same files" in page
    client.post("/manage/removal", json={"documents": [first]}, headers=JSON)
    assert waited(client)["report"]["removed"]["count"] == 2
    assert (ids(client), uploads_of(engine)) == ([], [])


def test_a_file_of_somebody_elses_stays_and_the_page_says_so(
    client: FlaskClient, engine: Engine, tmp_path: Path
) -> None:
    own = tmp_path / "own.md"
    own.write_bytes(NEST)
    engine.add([own])
    page = client.post("/manage/removal", data={"document": "own"}, headers=PAGE)
    assert page.status_code == 200
    assert "This file stays where it is." in page.text
    assert str(own) in page.text
    assert ids(client) == ["own"]
    response = client.post("/manage/removal", data={"document": "own", "confirmed": "yes"}, headers=PAGE)
    assert response.status_code == 303
    waited(client)
    assert ids(client) == []
    assert own.read_bytes() == NEST


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 422),
        (b'{"documents": []}', 422),
        (b'{"documents": ["none"]}', 404),
        (b"x", 400),
        (b'{"documents": 1}', 422),
    ],
)
def test_a_removal_that_is_wrong_says_so(client: FlaskClient, body: bytes, status: int) -> None:
    response = client.post("/manage/removal", data=body, content_type="application/json", headers=JSON)
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")


def test_a_page_on_which_nothing_was_ticked_is_shown_again(client: FlaskClient) -> None:
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    response = client.post("/manage/removal", data={"confirmed": ""}, headers=headers)
    assert (response.status_code, response.location) == (303, "/manage")


# Large bodies


@contextmanager
def listening(app: Flask) -> Iterator[int]:
    """The port of the service behind its own server."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        listener = Listener(app, held, threads=2, spool=spool_of(app))
        listener.start()
        yield held.getsockname()[1]
        listener.stop(seconds=5)


def upload_head(port: int, size: int, *headers: str, path: str = "/manage/files") -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {size}", "Accept: application/json"]
    lines += ["Content-Type: multipart/form-data; boundary=b", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def body_of(name: str, data: bytes) -> bytes:
    head = f"--b\r\nContent-Disposition: form-data; name=files; filename={name}\r\n\r\n".encode()
    return head + data + b"\r\n--b--\r\n"


def status_of(port: int, *parts: bytes) -> int:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        for part in parts:
            client.sendall(part)
        received = b""
        while b"\r\n" not in received and (some := client.recv(4096)):
            received += some
    return int(received.split(b" ")[1]) if received else 0


def test_a_large_file_comes_by_the_disk_and_is_read_whole(app: Flask, client: FlaskClient, engine: Engine) -> None:
    text = b"# Nests\n\n" + b"The blue tern nests on cliffs in April.\n\n" * 30_000
    body = body_of("nests.md", text)
    with listening(app) as port:
        assert status_of(port, upload_head(port, len(body)), body) == 202
    assert waited(client)["report"]["added"]["ids"] == ["nests"]
    assert (engine.uploads.folder.path / "nests.md").read_bytes() == text
    assert sorted(path.name for path in engine.uploads.folder.work.iterdir()) == ["job.json", "lock.sqlite3"]


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        (["X-Forwarded-For: 192.0.2.1"], "/manage/files"),
        (["Origin: https://example.org"], "/manage/files"),
        ([], "/manage/removal"),
        ([], "/ask"),
    ],
)
def test_a_large_body_is_taken_only_where_files_are_added_and_from_who_may(
    app: Flask, engine: Engine, headers: list[str], path: str
) -> None:
    environ = {"PATH_INFO": path, "REQUEST_METHOD": "POST", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1"}
    environ |= {
        f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (each.split(": ") for each in headers)
    }
    environ |= {"wsgi.url_scheme": "http", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80"}
    assert spool_of(app)(environ) is None
    body = body_of("nests.md", b"tern " * 300_000)
    with listening(app) as port:
        assert status_of(port, upload_head(port, len(body), *headers, path=path)) in (403, 413, 415)
    assert uploads_of(engine) == []


def test_a_large_body_is_taken_from_a_token_with_the_right_alone(tmp_path: Path) -> None:
    place = tmp_path / "tokens.json"
    secrets = [add_token(place, right, [right]) for right in ("ask", "manage")]
    engine = managed(tmp_path / "library", tokens_file=place)
    app = create_app(engine)
    body = body_of("nests.exe", b"tern " * 300_000)
    with listening(app) as port:
        statuses = [
            status_of(port, upload_head(port, len(body), f"Authorization: Bearer {secret}"), body)
            for secret in (*secrets, "none")
        ]
    assert statuses == [403, 200, 401]


def test_a_large_body_beyond_the_bound_is_refused_before_it_comes(app: Flask) -> None:
    with listening(app) as port:
        assert status_of(port, upload_head(port, 1_000_000_001)) == 413


def test_a_large_body_that_ends_early_changes_nothing(app: Flask, client: FlaskClient, engine: Engine) -> None:
    body = body_of("nests.md", b"tern " * 400_000)
    with listening(app) as port, socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as sender:
        sender.sendall(upload_head(port, len(body)) + body[:1_500_000])
        sender.shutdown(socket.SHUT_WR)
        assert sender.recv(4096).startswith(b"HTTP/1.1 400 ")
    assert client.get("/manage/job.json").get_json() is None
    assert uploads_of(engine) == []


def test_a_large_body_for_which_the_disk_has_no_room_is_told_so(
    app: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("web.managing.spooling.tempfile.TemporaryFile", lambda **_: Full())
    body = body_of("nests.md", b"tern " * 400_000)
    with listening(app) as port:
        assert status_of(port, upload_head(port, len(body)), body) == 507
    assert uploads_of(engine) == []


# What people said


def test_questions_without_an_answer_are_counted_and_forgotten_on_request(tmp_path: Path) -> None:
    kept = Unanswered(tmp_path / "unanswered.sqlite3")
    for question in ("Where is metformin?", "where is  metformin", "What is possible?"):
        kept.count(question, "nothing_found")
    kept.count("What is possible?", "possible")
    kept.count("What is answered?", "answered")
    found = {each.question: (each.nothing, each.possible) for each in kept.most(limit=10)}
    assert found == {"where is metformin": (2, 0), "What is possible?": (1, 1)}
    kept.clear()
    assert kept.most(limit=10) == []


def test_what_another_process_has_counted_and_not_written_is_forgotten_too(tmp_path: Path) -> None:
    one, other = (Unanswered(tmp_path / "new" / "unanswered.sqlite3") for _ in range(2))
    one.count("Where is metformin?", "nothing_found")
    other.clear()
    one.flush()
    assert other.most(limit=10) == []
    one.count("Where is selinexor?", "nothing_found")
    assert [each.question for each in one.most(limit=10)] == ["Where is selinexor?"]


def test_while_managing_is_on_questions_without_an_answer_are_counted_and_shown(
    client: FlaskClient, engine: Engine
) -> None:
    engine.add([TERNS])
    for _ in range(2):
        client.post("/ask", json={"question": "How many people take metformin?"})
    client.get("/?q=How many people take metformin?&history=Where is the zoo of terns?")
    client.get("/ask?q=In how many people did fever end with alcanor?")
    client.post("/conversation.json", json={"turns": [{"question": "Where is the exported?"}]})
    counted = client.get("/manage/feedback.json").get_json()["unanswered"]
    assert [(each["question"], each["nothing"], each["possible"]) for each in counted] == [
        ("How many people take metformin?", 3, 0)
    ]
    assert "How many people take metformin?" in client.get("/manage/feedback", headers=PAGE).text
    assert client.post("/manage/questions/removal", headers=JSON).get_json()["unanswered"] == []


def test_without_managing_no_question_is_counted(tmp_path: Path) -> None:
    engine = Engine.create(Settings(library=tmp_path, meaning="off"))
    engine.add([TERNS])
    create_app(engine).test_client().post("/ask", json={"question": "How many people take metformin?"})
    engine.unanswered.flush()
    assert not engine.unanswered.path.exists()


def test_counts_that_cannot_be_written_now_are_written_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.feedback.unanswered._BUSY", 0.0)
    kept = Unanswered(tmp_path / "unanswered.sqlite3")
    kept.count("Where is metformin?", "nothing_found")
    kept.flush()
    with closing(sqlite3.connect(kept.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        kept.count("Where is metformin?", "possible")
        with pytest.raises(FeedbackUnwritableError):
            kept.flush()
        kept.count("Where is metformin?", "nothing_found")
    assert [(each.nothing, each.possible) for each in kept.most(limit=10)] == [(2, 1)]


def test_counts_are_neither_written_nor_forgotten_where_no_folder_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    kept = Unanswered(tmp_path / "file" / "folder" / "unanswered.sqlite3")
    with pytest.raises(FeedbackUnwritableError):
        kept.clear()
    kept.count("Where is metformin?", "nothing_found")
    with pytest.raises(FeedbackUnwritableError):
        kept.flush()


def test_of_too_many_questions_those_asked_least_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.feedback.unanswered.MOST", 3)
    kept = Unanswered(tmp_path / "unanswered.sqlite3")
    for number in (0, 0, 1, 1, 2, 3):
        kept.count(f"Where is {number}?", "nothing_found")
        kept.flush()
    assert [each.count for each in kept.most(limit=10)] == [2, 2, 1]


# The command


def test_index_tells_programs_in_json(tmp_path: Path) -> None:
    command = ["index", str(TERNS), "--library", str(tmp_path), "--json", "--no-vectors"]
    ran = CliRunner().invoke(cli, command)
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {line["progress"]["step"] for line in lines if "progress" in line} == {"looking", "reading", "indexing"}
    [report] = [line["report"] for line in lines if "report" in line]
    assert (len(report["added"]), report["documents"], report["left_out"]) == (4, 4, [])
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-no")
    failed = CliRunner().invoke(cli, ["index", str(broken), "--library", str(tmp_path), "--json"])
    assert failed.exit_code == 2
    assert json.loads(failed.stdout.splitlines()[-1])["error"]["code"] == "source_damaged"
    watching = CliRunner().invoke(cli, [*command, "--watch"])
    assert (watching.exit_code, "Choose one of them" in watching.output) == (2, True)
