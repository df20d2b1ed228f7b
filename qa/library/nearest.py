"""The passages of a large library that are nearest to a question in meaning, found without its cosine with each.

Of each number of a vector one bit is kept: whether it is above 0. The share of the bits in which two vectors differ
tells the angle between them (for bits by random planes: Charikar, "Similarity estimation techniques from rounding
algorithms", STOC 2002). So a question is compared with the bits of all passages, which are few and quickly counted, and
by cosine with the passages that differ least. A million passages with 384 numbers each have 48 MB of bits, which are
read from the first to the last, and 384 MB of vectors, of which a question reads some rows.

The arrays are files in the folder `nearest` beside the vectors' database, from which they can always be made again.
Whoever asks maps them, so all share what is read. They are in segments, which never change. What is added becomes a new
segment, and of what is gone the place is noted. A segment is put together with all that came after it once that is half
as much, so a vector is copied as often as the library doubles (log-structured merging: O'Neil et al., "The
log-structured merge-tree", Acta Informatica 33, 1996). The file `segments.json` names the segments, and the state of
the vectors that they have. It is replaced at once.
"""

from __future__ import annotations

import base64
import json
import secrets
import shutil
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from qa.encoders import QuestionVector, cosines
from qa.errors import DamagedLibraryError
from qa.library.folder import copy_files, sync
from qa.library.replacing import replace_file
from qa.retrievers import files

__all__ = ["NEAREST", "Places", "Segment", "SegmentFiles", "as_stamps", "copy", "discard", "find", "problems", "settle"]

NEAREST = "nearest"
"""The folder of the segments, in that of the library."""

_COMPARED = 2_000
"""With about so many passages a question is compared by cosine."""

_MOST_COMPARED = 4 * _COMPARED  # where very many differ in equally many bits
_DIGITS = 6  # of a cosine: the order must not depend on how a sum was added up
_AT_ONCE = 1 << 15  # rows, whose bits fit into the cache of a core
_COPIED_AT_ONCE = 1 << 16  # rows
_TIMES = 2  # so many times as large as all that came after it a segment is at least
_TRIES = 5

_LIST, _KIND = "segments.json", "nearest"
_STAMP = 16  # bytes
_NONE_GONE = np.zeros(0, np.int64)

Stamps = NDArray[np.uint8]
"""Of shape (n, 16)."""

Places = NDArray[np.int64]
"""Of rows of a segment, ascending."""

Passages = Callable[[Sequence[bytes]], Iterable[tuple[bytes, bytes]]]
"""Of these stamps those that have vectors, each with the passage's own as it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The vectors of some passages: their stamps in ascending order, of shape (n, 16), the vectors' bits, of shape
    (dimensions / 64, n), and the vectors, of shape (n, dimensions). `gone` are the places of those no longer kept.
    """

    stamps: Stamps
    bits: NDArray[np.uint64]
    vectors: NDArray[np.int8]
    gone: Places
    name: str = ""

    @classmethod
    def of(cls, rows: Iterable[tuple[bytes, bytes]], dimensions: int) -> Self:
        """A segment in memory, of stamps with their passages' vectors.

        Raises:
            ValueError: for a vector that has not so many dimensions.
        """
        found = sorted(rows)
        vectors = np.frombuffer(b"".join(vector for _, vector in found), np.int8).reshape(len(found), dimensions)
        return cls(stamps=as_stamps(stamp for stamp, _ in found), bits=_bits(vectors), vectors=vectors, gone=_NONE_GONE)

    def __len__(self) -> int:
        """How many are still kept."""
        return len(self.stamps) - len(self.gone)

    @property
    def kept(self) -> Places:
        """The places of those that are still kept."""
        are_kept = np.ones(len(self.stamps), bool)
        are_kept[self.gone] = False
        return np.flatnonzero(are_kept)

    def lookup(self, stamps: Stamps) -> tuple[NDArray[np.bool_], Places]:
        """Which of these stamps it still keeps, and the places of those."""
        if not len(self.stamps):
            return np.zeros(len(stamps), bool), _NONE_GONE
        own, wanted = _whole(self.stamps), _whole(stamps)
        places = np.minimum(np.searchsorted(own, wanted), len(own) - 1)
        are_kept = (own[places] == wanted) & ~np.isin(places, self.gone)
        return are_kept, np.sort(places[are_kept])


class _Listed(NamedTuple):
    """A segment in the list of them: the places of those that are gone, and the checksums of its files."""

    name: str
    gone: Places
    sums: Mapping[str, int]


class _List(NamedTuple):
    """The segments that there are, of the vectors of one encoder in one state."""

    encoder: str
    state: str
    segments: Sequence[_Listed]


# Asking


def find(
    segments: Sequence[Segment], question: QuestionVector, *, limit: int, among: Sequence[Places] | None = None
) -> list[bytes]:
    """The stamps of at most `limit` of the passages nearest to a question, nearest first, equally near ones by stamp.

    `among` limits them to some places in each segment. What is found does not depend on how passages are spread over
    segments. It is nearly all of the nearest ones, and in the place of some others that are nearly as near.
    """
    if not segments:
        return []
    if among is None or sum(map(len, among)) > _MOST_COMPARED:
        among = _least_differing(segments, _bits(question[np.newaxis])[:, 0], max(limit, _COMPARED), among)
    stamps = np.concatenate([segment.stamps[places] for segment, places in zip(segments, among, strict=True)])
    vectors = np.concatenate([segment.vectors[places] for segment, places in zip(segments, among, strict=True)])
    order = np.lexsort((_whole(stamps), -np.round(cosines(question, vectors), _DIGITS)))
    return [stamps[place].tobytes() for place in order[:limit]]


def _least_differing(
    segments: Sequence[Segment], wanted: NDArray[np.uint64], count: int, among: Sequence[Places] | None
) -> list[Places]:
    """The places in each segment of those whose bits differ least from the ones wanted: so many, and those that differ
    in as many as the last one."""
    most = 64 * len(wanted)
    distances = [_distances(each, wanted, most + 1) for each in segments]
    if among is not None:
        distances = [found[places] for found, places in zip(distances, among, strict=True)]
    up_to = np.cumsum(sum((np.bincount(each, minlength=most + 2) for each in distances), np.zeros(most + 2, np.int64)))
    bound = min(int(np.searchsorted(up_to, count)), most)
    near = [np.flatnonzero(found <= bound) for found in distances]
    are_last = [found[each] == bound for found, each in zip(distances, near, strict=True)]
    if among is not None:
        near = [inside[each] for inside, each in zip(among, near, strict=True)]
    if up_to[bound] > max(count, _MOST_COMPARED):
        # Very many differ in equally many bits, as passages of one template may. Of these, the first by stamp do.
        whole = [_whole(segment.stamps[each]) for segment, each in zip(segments, near, strict=True)]
        alike = np.sort(np.concatenate([each[are] for each, are in zip(whole, are_last, strict=True)]))
        highest = alike[count - int(up_to[bound - 1] if bound else 0) - 1]
        near = [each[~are | (stamps <= highest)] for each, are, stamps in zip(near, are_last, whole, strict=True)]
    return near


def _distances(segment: Segment, wanted: NDArray[np.uint64], gone: int) -> NDArray[np.uint16]:
    """In how many bits each vector of a segment differs from those wanted; `gone` for what is no longer kept."""
    size = segment.bits.shape[1]
    found = np.empty(size, np.uint16)
    differing, count = np.empty(min(size, _AT_ONCE), np.uint64), np.empty(min(size, _AT_ONCE), np.uint8)
    for start in range(0, size, _AT_ONCE):
        some = found[start : start + _AT_ONCE]
        some[:] = 0
        for word, row in zip(wanted, segment.bits, strict=True):
            np.bitwise_xor(row[start : start + _AT_ONCE], word, out=differing[: len(some)])
            np.bitwise_count(differing[: len(some)], out=count[: len(some)])
            np.add(some, count[: len(some)], out=some)
    found[segment.gone] = gone
    return found


def _bits(vectors: NDArray[np.int8] | NDArray[np.float32]) -> NDArray[np.uint64]:
    """The bits of vectors of shape (n, dimensions), in words of 64: of shape (words, n)."""
    packed = np.packbits(vectors > 0, axis=1)
    whole = np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8)))
    return np.ascontiguousarray(whole.view(np.uint64).T)


def as_stamps(stamps: Iterable[bytes]) -> Stamps:
    """Stamps as an array."""
    return np.frombuffer(b"".join(stamps), np.uint8).reshape(-1, _STAMP)


def _whole(stamps: Stamps) -> NDArray[np.bytes_]:
    """Stamps, each as one value of shape (n,), which can be compared."""
    return np.ascontiguousarray(stamps).view(f"S{_STAMP}").reshape(-1)


# Reading


class SegmentFiles:
    """The segments in the folder of a library, of the vectors of one encoder. Several threads may ask for them."""

    def __init__(self, library: Path, encoder: str) -> None:
        self._folder = library / NEAREST
        self._encoder = encoder
        self._looks: tuple[int, ...] | None = None
        self._segments: list[Segment] = []
        self._reading = Lock()

    def current(self) -> list[Segment]:
        """The segments as they are now; none where there are none of this encoder.

        Raises:
            DamagedLibraryError: where they cannot be read.
        """
        with self._reading:
            if (looks := _looks(self._folder)) != self._looks:
                self._segments = self._read()
                self._looks = looks
            return self._segments

    def _read(self) -> list[Segment]:
        known = {each.name: each for each in self._segments}
        for left in reversed(range(_TRIES)):
            listed = _read_list(self._folder)
            if listed is None or listed.encoder != self._encoder:
                break
            try:
                return [
                    replace(known[each.name], gone=each.gone) if each.name in known else _mapped(self._folder, each)
                    for each in listed.segments
                ]
            except DamagedLibraryError:
                if not left:  # else they may just have been put together, and have another name now
                    raise
        return []


def _looks(folder: Path) -> tuple[int, ...] | None:
    """What changes when the list of segments does."""
    try:
        found = (folder / _LIST).stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _mapped(folder: Path, listed: _Listed) -> Segment:
    arrays = files.mapped_arrays(folder / listed.name, _KIND, ("stamps", "bits", "vectors"))
    return Segment(**arrays, gone=listed.gone, name=listed.name)


def _read_list(folder: Path) -> _List | None:
    """The list of segments; None where there is none.

    Raises:
        DamagedLibraryError: where it cannot be read.
    """
    if not (folder / _LIST).exists():
        return None
    kept = files.read_json(folder / _LIST)
    try:
        told = kept["list"]
        if kept["seal"] != _seal(told):
            raise ValueError("it is not as it was written")
        segments = [
            _Listed(each["name"], np.frombuffer(base64.b64decode(each["gone"]), "<u4").astype(np.int64), each["files"])
            for each in told["segments"]
        ]
        return _List(told["encoder"], told["state"], segments)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedLibraryError(folder.parent, reason=f"{NEAREST}/{_LIST} cannot be read ({error})") from None


def problems(library: Path) -> Iterator[str]:
    """What has been changed in the segments of a library since they were written, in sentences."""
    folder = library / NEAREST
    try:
        listed = _read_list(folder)
    except DamagedLibraryError as error:
        yield error.message
        return
    for each in listed.segments if listed else ():
        now = files.checksums(folder / each.name, are_believed=False)
        for name in sorted({*each.sums, *now}):
            if each.sums.get(name) != now.get(name):
                yield f"The file {NEAREST}/{each.name}/{name} has been changed."


# Writing


def settle(
    library: Path,
    encoder: str,
    dimensions: int,
    *,
    state: str,
    before: str | None,
    changed: Collection[bytes],
    kept: Callable[[], Iterable[bytes]],
    passages: Passages,
) -> None:
    """Bring the segments of a library up to its vectors, of which this is the state.

    `changed` are the stamps of all vectors that were added or deleted since the state `before`. If the segments are of
    that state, these alone are looked at; else all, whose stamps `kept` gives. Nobody else may change the vectors
    meanwhile. Whoever asks goes on with the segments that there were.

    Segments that cannot be read are made anew.

    Raises:
        DamagedLibraryError: for vectors that cannot be read.
        OSError: for what the system refuses.
    """
    folder = library / NEAREST
    try:
        listed = _read_list(folder)
        segments = [_mapped(folder, each) for each in listed.segments] if listed else []
    except DamagedLibraryError:  # they can always be made again
        listed = None
    if listed is None or listed.encoder != encoder:
        listed, segments = _List(encoder, "", ()), []  # of no state
    if listed.state == state:
        return
    if listed.state == before:
        looked_at = as_stamps(sorted(set(changed)))
        present = as_stamps(stamp for stamp, _ in passages(_each(looked_at)))
        missing = looked_at[~_among(looked_at, present)]
        gone = [each.lookup(missing)[1] for each in segments]
    else:
        present = as_stamps(kept())
        gone = [each.kept[~_among(each.stamps[each.kept], present)] for each in segments]
    segments = [replace(each, gone=np.union1d(each.gone, more)) for each, more in zip(segments, gone, strict=True)]
    for each in segments:
        present = present[~each.lookup(present)[0]]
    # Those that are mostly gone are put together with what is new, and those that are not much larger than that.
    parts = [each for each in segments if len(each.gone) > len(each)]
    others = sorted((each for each in segments if len(each.gone) <= len(each)), key=len, reverse=True)
    while others and len(others[-1]) < _TIMES * (len(present) + sum(map(len, parts))):
        parts.append(others.pop())
    sums = {each.name: each.sums for each in listed.segments}
    made = [_Listed(each.name, each.gone, sums[each.name]) for each in others]
    folder.mkdir(exist_ok=True)
    if len(present) or any(map(len, parts)):
        made.append(_written(folder, parts, present, dimensions, passages))
    _write_list(folder, _List(encoder, state, made))
    sync(folder)
    del segments, parts, others  # Windows deletes no file that is mapped
    _sweep(folder, [each.name for each in made])


def discard(library: Path) -> None:
    """Delete the segments of a library."""
    (library / NEAREST / _LIST).unlink(missing_ok=True)
    shutil.rmtree(library / NEAREST, ignore_errors=True)


def copy(library: Path, target: Path) -> None:
    """Copy the segments of a library into a copy of it. If they are changed meanwhile, the copy has none: they are made
    with its next vectors.

    Raises:
        DamagedLibraryError: for a list of them that cannot be read.
        OSError: for what the system refuses.
    """
    listed = _read_list(library / NEAREST)
    if listed is None:
        return
    (target / NEAREST).mkdir()
    try:
        for each in listed.segments:
            copy_files(library / NEAREST / each.name, target / NEAREST / each.name)
    except FileNotFoundError:
        shutil.rmtree(target / NEAREST)
    else:
        _write_list(target / NEAREST, listed)


def _written(folder: Path, parts: Sequence[Segment], new: Stamps, dimensions: int, passages: Passages) -> _Listed:
    """A segment in a folder of its own, of what others keep and of what is kept under these new stamps."""
    kept = [each.kept for each in parts]
    stamps = np.concatenate([*(each.stamps[places] for each, places in zip(parts, kept, strict=True)), new])
    order = np.argsort(_whole(stamps))
    part = np.repeat(np.arange(len(parts) + 1), [*map(len, kept), len(new)])[order]
    place = np.concatenate([*kept, np.arange(len(new))])[order]
    bits: list[NDArray[np.uint64]] = []

    def vectors() -> Iterator[NDArray[np.int8]]:
        for start in range(0, len(order), _COPIED_AT_ONCE):
            from_part, at = part[start : start + _COPIED_AT_ONCE], place[start : start + _COPIED_AT_ONCE]
            rows = np.empty((len(at), dimensions), np.int8)
            for number, each in enumerate(parts):
                rows[from_part == number] = each.vectors[at[from_part == number]]
            rows[from_part == len(parts)] = _vectors(new[at[from_part == len(parts)]], dimensions, passages)
            bits.append(_bits(rows))
            yield rows

    made = folder / secrets.token_hex(8)
    made.mkdir()
    _write(made, "stamps", np.uint8, stamps.shape, [stamps[order]])
    _write(made, "vectors", np.int8, (len(order), dimensions), vectors())
    _write(made, "bits", np.uint64, (len(bits[0]), len(order)), [np.concatenate(bits, axis=1)])
    files.seal(made, files.names(made))
    sync(made)
    return _Listed(made.name, _NONE_GONE, files.checksums(made, are_believed=True))


def _vectors(stamps: Stamps, dimensions: int, passages: Passages) -> NDArray[np.int8]:
    """The vectors under these stamps, in their order."""
    found = dict(passages(_each(stamps)))
    packed = b"".join(found[each] for each in _each(stamps))
    return np.frombuffer(packed, np.int8).reshape(len(stamps), dimensions)


def _write(folder: Path, name: str, kind: Any, shape: tuple[int, ...], parts: Iterable[NDArray[Any]]) -> None:
    """Write an array into a file that can be mapped, part by part along its first axis."""
    with (folder / f"{_KIND}.{name}.npy").open("wb") as stream:
        npy.write_array_header_1_0(stream, {"descr": np.dtype(kind).str, "fortran_order": False, "shape": shape})
        for part in parts:
            stream.write(np.ascontiguousarray(part).data)


def _write_list(folder: Path, listed: _List) -> None:
    segments = [
        {"name": each.name, "gone": base64.b64encode(each.gone.astype("<u4").tobytes()).decode(), "files": each.sums}
        for each in listed.segments
    ]
    told = {"encoder": listed.encoder, "state": listed.state, "segments": segments}
    replace_file(folder / _LIST, json.dumps({"list": told, "seal": _seal(told)}, sort_keys=True).encode())


def _seal(told: object) -> int:
    return zlib.crc32(json.dumps(told, sort_keys=True).encode())


def _sweep(folder: Path, names: Collection[str]) -> None:
    """Delete all segments but these. On Windows those that a reader has mapped stay until the next time."""
    for each in folder.iterdir():
        if each.is_dir() and each.name not in names:
            shutil.rmtree(each, ignore_errors=True)


def _each(stamps: Stamps) -> list[bytes]:
    return [each.tobytes() for each in stamps]


def _among(some: Stamps, others: Stamps) -> NDArray[np.bool_]:
    """Which of some stamps are among others."""
    found: NDArray[np.bool_] = np.isin(_whole(some), _whole(others))
    return found
