"""What a library keeps in a cluster, by names: its manifest, who writes it, blobs, vectors, and the index of passages.

    pincite-NAME                  the manifest, which names all that belongs to the present version; the writer's lease;
                                  what changes without a new version: the examples, and when vectors were added
    pincite-NAME.passages-…       the retriever's index of one version, with the words of each passage laid out beside
    pincite-NAME.documents        documents and tables, packed; none is ever changed
    pincite-NAME.vectors          the vectors of passages, by the stamps of their texts

A version is whole before the manifest names it: to write the manifest is to commit. It is written only if nobody else
has written it meanwhile. Whoever writes has a lease, so that two do not work in vain.
"""

from __future__ import annotations

import base64
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from platform import node
from threading import Event, Lock, Thread
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from qa.config import LibraryAddress
from qa.errors import (
    ClusterIncompleteError,
    DamagedLibraryError,
    IndexFormatError,
    LibraryBusyError,
    LibraryError,
    LibraryNotFoundError,
)
from qa.library.folder import FORMAT
from qa.retrievers.cluster import Cluster, ConflictError, NotThereError
from qa.retrievers.opensearch import data_nodes

__all__ = ["ClusterStore", "Lease", "Manifest", "Superseded", "written"]

_FORMAT = f"1/{FORMAT}"
"""What a library in a cluster is refused by, if it was written otherwise."""

_HELD: set[str] = set()
"""The leases that this process holds."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_LEASE = 30.0  # seconds, for which a writer keeps others out after it was last heard of
_RENEWED = 5.0  # seconds from one word of it to the next
_GRACE = 60.0  # seconds, for which a version stays that is the present one no more: a question may still read it
_BLOB = 4_000_000  # bytes of a blob, at most, before it is written in base64
_READ = 64  # blobs that are read at once
_READ_SMALL = 500  # of what is smaller
_PAGE = 2_000  # of whatever is read from end to end
_WORK = 600.0  # seconds, for which a step of writing is waited
_MANIFEST, _WRITER, _VECTORS, _EXAMPLES = "manifest", "writer", "vectors", "examples"
"""The ids of what there is one of."""

_BESIDE = {"place", "vectors", "examples"}
"""What is no part of the manifest as it is written."""

_KEPT = {"dynamic": False, "properties": {"of": {"type": "keyword"}, "name": {"type": "keyword"}}}
"""Of which version or encoder something is, and its id, by which it is found from end to end."""


class Superseded(NamedTuple):
    """What was left behind by a change: the index of passages, and the ids of blobs; and when."""

    at: float
    passages: str
    blobs: list[str]


class Manifest(NamedTuple):
    """What belongs to the present version."""

    version: str
    passages: Mapping[str, Any]
    """What is kept of the index of passages."""

    reading: tuple[str, ...]
    """The ids of the parts of the tables that a question needs."""

    writing: tuple[str, ...]
    """Those of the tables that a change needs besides."""

    speller: tuple[str, ...]
    superseded: tuple[Superseded, ...]
    place: tuple[int, int] | None = None
    """Which writing of it this is, for the next."""

    vectors: int = 0
    """Another number whenever vectors were added or removed. It is kept beside the manifest, as are the examples."""

    examples: Mapping[str, Any] = MappingProxyType({})
    """The questions to begin with, and for which version they were chosen."""

    def values(self) -> dict[str, Any]:
        """What is written of it."""
        return {"format": _FORMAT} | {name: value for name, value in self._asdict().items() if name not in _BESIDE}

    @classmethod
    def of(cls, found: Mapping[str, Any], *, vectors: Mapping[str, Any], examples: Mapping[str, Any]) -> Self:
        """The manifest as the cluster has it, and what is kept beside it."""
        kept = found["_source"]
        return cls(
            version=kept["version"],
            passages=kept["passages"],
            reading=tuple(kept["reading"]),
            writing=tuple(kept["writing"]),
            speller=tuple(kept["speller"]),
            superseded=tuple(Superseded(*each) for each in kept.get("superseded", ())),
            place=(found["_seq_no"], found["_primary_term"]),
            vectors=int(vectors.get("changed", 0)),
            examples=examples,
        )


class ClusterStore:
    """One library's part of a cluster."""

    def __init__(self, address: LibraryAddress, cluster: Cluster, *, shards: int | None = None) -> None:
        """Nothing is asked yet. `shards` is the number of parts of a new index; without it, one for each node."""
        self._shards = shards
        self.address = address
        self.cluster = cluster
        name = f"pincite-{address.library}"
        self.root = name
        self.prefix = f"{name}.passages-"
        """What the names of the indices of passages begin with."""
        self.blobs = f"{name}.documents"
        self.vectors = f"{name}.vectors"

    # The manifest

    def manifest(self) -> Manifest:
        """The manifest as it is now, without what is superseded: there may be much of it.

        Raises: as `whole_manifest`.
        """
        return self._manifest(without="superseded")

    def whole_manifest(self) -> Manifest:
        """The manifest as it is now.

        Raises:
            LibraryNotFoundError: where there is none.
            IndexFormatError: for one of another format.
            ClusterError: where the cluster cannot be asked.
        """
        return self._manifest(without="")

    def _manifest(self, *, without: str) -> Manifest:
        try:
            found, vectors, examples = self._told(self.root, [_MANIFEST, _VECTORS, _EXAMPLES], without=without)
        except NotThereError:
            raise LibraryNotFoundError(self.address) from None
        if not found["found"]:
            raise LibraryNotFoundError(self.address)
        if found["_source"].get("format") != _FORMAT:
            raise IndexFormatError(self.address, found=str(found["_source"].get("format")), expected=_FORMAT)
        return Manifest.of(found, vectors=vectors.get("_source", {}), examples=examples.get("_source", {}))

    def commit(self, manifest: Manifest, before: Manifest | None) -> None:
        """Write the manifest in place of the one before.

        Raises:
            LibraryBusyError: where it was written by somebody else meanwhile.
        """
        try:
            self.put(_MANIFEST, manifest.values(), None if before is None else before.place, wait=_WORK)
        except ConflictError:  # maybe with itself: an answer was lost, and it was sent again
            if self.whole_manifest().values() != manifest.values():
                raise LibraryBusyError(self.address) from None

    def keep_examples(self, version: str, questions: Sequence[str]) -> None:
        """Keep the questions to begin with, chosen for the version of this name."""
        kept = {"version": version, "questions": list(questions)}
        self.cluster.call("PUT", f"{self.root}/_doc/{_EXAMPLES}", kept)

    def tell_vectors(self, *, are_all: bool) -> None:
        """Let all know that vectors were added or removed. Unless they `are_all`, more are on their way."""
        self.refresh(self.vectors)
        kept = {"changed": secrets.randbits(48), "are_all": are_all}
        self.cluster.call("PUT", f"{self.root}/_doc/{_VECTORS}", kept)

    def told_all_vectors(self) -> bool:
        """Whether nobody has begun to add vectors without telling that these are all, as one that was killed."""
        found = self.read(self.root, [_VECTORS])
        return all(each.get("are_all", True) for each in found.values())

    # Who writes

    @contextmanager
    def leased(self) -> Iterator[Lease]:
        """Keep all others from writing until the block ends.

        Raises:
            LibraryBusyError: while another does. One that was killed keeps others out for half a minute, unless they
            see on its machine that it has ended.
        """
        self.make_indices()
        lease = Lease(self)
        ended = Event()

        def renew() -> None:
            while not ended.wait(_RENEWED):
                with suppress(LibraryError):  # whoever commits or sweeps will see it
                    lease.keep()

        _HELD.add(lease.token)
        try:
            lease.take()
            renewing = Thread(target=renew, name="pincite-lease", daemon=True)
            renewing.start()
            try:
                yield lease
            finally:
                ended.set()
                renewing.join()
                lease.give_back()
        finally:
            _HELD.discard(lease.token)

    def manifest_of_writer(self) -> Manifest | None:
        """The whole manifest, written again as it is. None where there is no library yet.

        Its place moves thereby. So nobody who has read it before, and then lost the lease, can commit any more.
        """
        while (manifest := self.present()) is not None:
            with suppress(ConflictError):  # the one before has committed just now, or an answer was lost
                return manifest._replace(place=self.put(_MANIFEST, manifest.values(), manifest.place, wait=_WORK))
        return None

    def present(self) -> Manifest | None:
        """The whole manifest. None where there is no library yet."""
        try:
            return self.whole_manifest()
        except LibraryNotFoundError:
            return None

    def put(
        self, name: str, kept: Mapping[str, Any], place: tuple[int, int] | None, *, wait: float | None = None
    ) -> tuple[int, int]:
        """Write what there is one of, in place of the writing before. Returns which writing this is.

        Raises:
            ConflictError: where that is not the last one.
        """
        where = "op_type=create" if place is None else "if_seq_no={}&if_primary_term={}".format(*place)
        told = self.cluster.call("PUT", f"{self.root}/_doc/{name}?{where}", kept, wait=wait)
        return told["_seq_no"], told["_primary_term"]

    def make_indices(self) -> None:
        """Make what all versions share, where it is not there."""
        for name in (self.root, self.blobs, self.vectors):
            try:
                self.cluster.call("GET", f"{name}?filter_path=*.settings.index.uuid")
            except NotThereError:
                shards = 1 if name == self.root else self._shards or data_nodes(self.cluster)
                settings = {"index": {"number_of_shards": shards, "auto_expand_replicas": "0-1"}}
                self.cluster.change("PUT", name, {"settings": settings, "mappings": _KEPT}, wait=_WORK)

    # Blobs

    def write_blobs(self, version: str, blobs: Iterable[tuple[str, bytes]]) -> None:
        """Write blobs of a version under ids that nothing was ever written under."""
        self.cluster.write(
            self.blobs,
            (
                ({"index": {"_id": each}}, {"of": _ordered(version), "name": each, "kept": written(some)})
                for each, some in blobs
            ),
        )

    def write_large(self, version: str, name: str, packed: bytes) -> tuple[str, ...]:
        """Write bytes in as many blobs as they need. Returns their ids."""
        starts = range(0, max(1, len(packed)), _BLOB)
        parts = {f"{version}-{name}-{number}": packed[start : start + _BLOB] for number, start in enumerate(starts)}
        self.write_blobs(version, parts.items())
        return tuple(parts)

    def read_large(self, ids: Sequence[str]) -> bytes:
        """The bytes that were written in these blobs."""
        found = {each: some for one in ids for each, some in self.read_blobs([one]).items()}
        return b"".join(found[each] for each in ids)

    def read_blobs(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The blobs with these ids, some dozens at once.

        Raises:
            DamagedLibraryError: where one is not there.
        """
        found = self.read(self.blobs, ids, at_once=_READ)
        if len(found) < len(set(ids)):
            raise DamagedLibraryError(self.address, reason="a part of it is not in the cluster any more")
        return {each: base64.b64decode(source["kept"]) for each, source in found.items()}

    def read(
        self, index: str, ids: Sequence[str], *, without: str = "", at_once: int = _READ_SMALL
    ) -> dict[str, Mapping[str, Any]]:
        """What an index keeps under these ids, without some fields. Unknown ids are left out.

        No more than `at_once` are asked for at once.
        """
        left = list(dict.fromkeys(ids))
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(left), at_once):
            try:
                told = self._told(index, left[start : start + at_once], without=without)
            except NotThereError:
                raise DamagedLibraryError(self.address, reason=f"{index} is not in the cluster") from None
            found |= {each["_id"]: each["_source"] for each in told if each["found"]}
        return found

    def _told(self, index: str, ids: Sequence[str], *, without: str = "") -> list[dict[str, Any]]:
        """What an index says to each of these ids.

        Raises:
            NotThereError: where there is no such index.
            ClusterIncompleteError: where it does not answer to one.
        """
        told: list[dict[str, Any]] = self.cluster.call(
            "POST", f"{index}/_mget?_source_excludes={without}", {"ids": list(ids)}
        )["docs"]
        for each in told:
            if "error" in each:
                if each["error"].get("type") == "index_not_found_exception":
                    raise NotThereError(index)
                raise ClusterIncompleteError(self.cluster.name, reason=f"a shard of {index} does not answer")
        return told

    def scan(
        self, index: str, *, by: str, query: Mapping[str, Any], source: Sequence[str]
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """All that an index keeps and a query matches, ascending by a keyword, which comes first."""
        last: list[Any] | None = None
        path = f"{index}/_search?allow_partial_search_results=false&filter_path=timed_out,_shards.failed,hits.hits"
        while True:
            body: dict[str, Any] = {"size": _PAGE, "query": query, "sort": [{by: "asc"}], "_source": list(source)}
            if last is not None:
                body["search_after"] = last
            try:
                hits = self.cluster.call("POST", path, body, wait=_WORK).get("hits", {}).get("hits", [])
            except NotThereError:
                raise DamagedLibraryError(self.address, reason=f"{index} is not in the cluster") from None
            for hit in hits:
                yield hit["sort"][0], hit["_source"]
            if len(hits) < _PAGE:
                return
            last = hits[-1]["sort"]

    def refresh(self, index: str) -> None:
        """Make what was written into an index be found by scans."""
        self.cluster.call("POST", f"{index}/_refresh", wait=_WORK)

    # What goes

    def sweep(self, manifest: Manifest | None, lease: Lease) -> None:
        """Delete what belongs to no version: what a killed or failed change left behind.

        What is found goes only after the lease was seen to be held. So it can be of nobody who took it meanwhile.

        Raises:
            LibraryBusyError: where another has the lease.
        """
        kept = {each.passages for each in manifest.superseded} | {manifest.passages["name"]} if manifest else set()
        found: Collection[str] = ()
        with suppress(NotThereError):
            found = self.cluster.call("GET", f"{self.prefix}*?filter_path=*.settings.index.uuid")
        gone = [each for each in found if each not in kept]
        lease.keep()
        for each in gone:
            self._delete_index(each)
        first = _ordered(manifest.version).partition("-")[0] if manifest else ""
        orphans = {"range": {"of": {"gte": first}}}
        but = [{"term": {"of": _ordered(manifest.version)}}] if manifest else []
        self.delete_all(self.blobs, {"bool": {"filter": [orphans], "must_not": but}}, keep=lease.keep)

    def parted(self, superseded: Sequence[Superseded]) -> tuple[list[Superseded], list[Superseded]]:
        """What still stays of what was left behind, and what may go."""
        now = time.time()
        stay = [each for each in superseded if each.at + _GRACE > now]
        return stay, [each for each in superseded if each not in stay]

    def delete(self, gone: Collection[Superseded]) -> None:
        """Delete what was left behind."""
        for each in gone:
            self._delete_index(each.passages)
            self.cluster.write(self.blobs, [({"delete": {"_id": blob}},) for blob in each.blobs])

    def delete_all(self, index: str, query: Mapping[str, Any], *, keep: Callable[[], None] = lambda: None) -> int:
        """Delete from an index all that a query matches. Before some of it goes, `keep` may refuse that.

        Returns how much has gone.
        """
        self.refresh(index)
        found = self.scan(index, by="name", query=query, source=["of"])
        count = 0
        while some := list(islice(found, _PAGE)):
            keep()
            self.cluster.write(index, (({"delete": {"_id": each}},) for each, _ in some))
            count += len(some)
        return count

    def _delete_index(self, name: str) -> None:
        with suppress(NotThereError):
            self.cluster.call("DELETE", name, wait=_WORK)


class Lease:
    """What lets one writer write, and keeps all others out. Two threads may keep it."""

    def __init__(self, store: ClusterStore) -> None:
        """Nothing is asked yet."""
        self.token = secrets.token_hex(8)
        self._store = store
        self._path = f"{store.root}/_doc/{_WRITER}"
        self._place: tuple[int, int] | None = None
        self._writing = Lock()

    def take(self) -> None:
        """Take it.

        Raises:
            LibraryBusyError: while another has it.
        """
        with suppress(NotThereError):
            found = self._store.cluster.call("GET", self._path)
            kept = found["_source"]
            if kept["token"] and time.time() < kept["until"] and not _has_ended(kept["holder"], kept["token"]):
                raise LibraryBusyError(self._store.address)
            self._place = found["_seq_no"], found["_primary_term"]
        self.keep()

    def keep(self) -> None:
        """Keep others out for the next half minute.

        Raises:
            LibraryBusyError: where another has it. It was not kept for so long, as by a machine that slept.
        """
        try:
            with self._writing:
                self._write(self.token)
        except NotThereError:
            raise LibraryNotFoundError(self._store.address) from None

    def give_back(self) -> None:
        """Let others write, unless one does already. Where the cluster does not answer, it runs out."""
        with self._writing, suppress(LibraryError, NotThereError):
            self._write("")

    def _write(self, token: str) -> None:
        kept = {"token": token, "holder": _holder(), "until": time.time() + _LEASE}
        try:
            self._place = self._store.put(_WRITER, kept, self._place)
        except ConflictError:  # maybe with itself: an answer was lost
            found = self._store.cluster.call("GET", self._path)
            if found["_source"]["token"] not in (self.token, token):
                raise LibraryBusyError(self._store.address) from None
            try:
                self._place = self._store.put(_WRITER, kept, (found["_seq_no"], found["_primary_term"]))
            except ConflictError:
                raise LibraryBusyError(self._store.address) from None


def _ordered(version: str) -> str:
    """A version's name, as it is in the order of versions when it is compared letter by letter."""
    number, _, token = version.partition("-")
    return f"{number:>012}-{token}"


def _holder() -> list[Any]:
    """Who this process is: its host, the start of that, and the namespace of its number, as far as the system tells
    them; and its number."""
    try:
        return [node(), _BOOT.read_text(encoding="ascii").strip(), str(_NAMESPACE.readlink()), os.getpid()]
    except OSError:
        return [node(), os.getpid()]


def _has_ended(holder: Sequence[Any], token: str) -> bool:
    """Whether a writer that shares its numbers of processes with this one is known to write no more. Two containers may
    have the same host name, and do not see the processes of each other."""
    *where, process = holder
    here = _holder()
    if here[:-1] != where or len(where) == 1:
        return False
    if process == here[-1]:
        return token not in _HELD
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False


def written(some: bytes) -> str:
    """Bytes as text, as they are kept."""
    return base64.b64encode(some).decode("ascii")
