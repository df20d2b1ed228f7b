"""The nearest in meaning in a large library: found among all, whatever was added and removed, and by whom."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from qa import Engine, Settings
from qa.encoders import QuestionVector, cosines
from qa.errors import DamagedLibraryError, LibraryUnwritableError
from qa.library import nearest
from qa.library.nearest import NEAREST, Places, Segment, SegmentFiles, as_stamps, find, settle

ROOT = Path(__file__).resolve().parent.parent
Rows = dict[bytes, bytes]

EYES = "# Tern drug\n\nThe drug harms the cornea and blurs the sight of one in four terns.\n"
BLIND = "Can this medicine make me blind?"


def rows(count: int, *, seed: int = 0, dimensions: int = 96) -> Rows:
    """So many stamps with vectors, by chance."""
    chance = np.random.default_rng(seed)
    vectors = np.clip(chance.normal(0, 40, (count, dimensions)), -127, 127).astype(np.int8)
    return {chance.bytes(16): vector.tobytes() for vector in vectors}


def question(of: bytes, *, seed: int = 1) -> QuestionVector:
    """A question that is near a vector."""
    vector = np.frombuffer(of, np.int8) + np.random.default_rng(seed).normal(0, 20, len(of))
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def by_cosine(kept: Rows, asked: QuestionVector, limit: int) -> list[bytes]:
    stamps = sorted(kept)
    near = cosines(asked, np.frombuffer(b"".join(map(kept.__getitem__, stamps)), np.int8).reshape(len(stamps), -1))
    return [stamps[place] for place in np.argsort(-np.round(near, 6), kind="stable")[:limit]]


class Kept:
    """Vectors that change, and the segments of them in a folder."""

    def __init__(self, folder: Path, kept: Rows) -> None:
        self.folder = folder
        self.rows = dict(kept)
        self.number = 0
        self.looked_at: list[int] = []
        self.settle(before=None, changed=())

    def settle(self, *, before: str | None, changed: Collection[bytes]) -> None:
        self.number += 1
        settle(
            self.folder,
            "encoder",
            96,
            state=str(self.number),
            before=before,
            changed=changed,
            kept=self._kept,
            passages=lambda stamps: [(stamp, self.rows[stamp]) for stamp in stamps if stamp in self.rows],
        )

    def change(self, *, add: Rows | None = None, remove: Iterable[bytes] = ()) -> None:
        gone = list(remove)
        self.rows = {stamp: vector for stamp, vector in (self.rows | (add or {})).items() if stamp not in gone}
        self.settle(before=str(self.number), changed=[*(add or {}), *gone])

    def segments(self) -> list[Segment]:
        return SegmentFiles(self.folder, "encoder").current()

    def _kept(self) -> list[bytes]:
        self.looked_at.append(self.number)
        return sorted(self.rows)


@pytest.fixture(autouse=True)
def compare_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "_COMPARED", 250)
    monkeypatch.setattr(nearest, "_MOST_COMPARED", 500)
    monkeypatch.setattr(nearest, "_AT_ONCE", 256)
    monkeypatch.setattr(nearest, "_COPIED_AT_ONCE", 128)


# Finding


def test_nearly_all_of_the_nearest_are_found_in_order() -> None:
    kept = rows(5_000)
    found_of_nearest = 0
    for place, vector in enumerate(list(kept.values())[:20]):
        asked = question(vector, seed=place)
        found = find([Segment.of(kept.items(), 96)], asked, limit=10)
        assert found == by_cosine({stamp: kept[stamp] for stamp in found}, asked, 10)
        found_of_nearest += len({*found} & {*by_cosine(kept, asked, 10)})
    assert found_of_nearest >= 150


def test_what_is_found_does_not_depend_on_segments_or_on_what_is_gone() -> None:
    kept, gone = rows(1_000), rows(700, seed=1)
    asked = question(next(iter(gone.values())))
    stamps = sorted(kept)
    alone = find([Segment.of(kept.items(), 96)], asked, limit=30)
    several = [
        Segment.of([(stamp, (kept | gone)[stamp]) for stamp in some], 96)
        for some in (stamps[::3], [*stamps[1::3], *list(gone)], stamps[2::3])
    ]
    found, places = several[1].lookup(as_stamps(gone))
    assert found.all()
    several[1] = Segment(stamps=several[1].stamps, bits=several[1].bits, vectors=several[1].vectors, gone=places)
    assert find(several, asked, limit=30) == alone
    assert not several[1].lookup(as_stamps(gone))[0].any()


def test_of_some_passages_the_nearest_are_found_however_far_they_are() -> None:
    kept = rows(3_000)
    segments = [Segment.of(some, 96) for some in (list(kept.items())[:1_000], list(kept.items())[1_000:])]
    asked = question(next(iter(kept.values())))

    def among(stamps: Collection[bytes]) -> list[Places]:
        return [each.lookup(as_stamps(stamps))[1] for each in segments]

    farthest = by_cosine(kept, asked, 3_000)[-400:]
    assert find(segments, asked, limit=9, among=among(farthest)) == farthest[:9]
    half = by_cosine(kept, asked, 3_000)[::2]
    found = find(segments, asked, limit=9, among=among(half))
    assert {*found} <= {*half}
    assert len({*found} & {*half[:9]}) >= 6


@pytest.mark.parametrize("parts", [1, 3])
def test_of_very_many_that_are_alike_some_are_compared(parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    [vector] = rows(1).values()
    kept = dict.fromkeys(rows(2_000), vector) | rows(50, seed=3)
    compared: list[int] = []

    def counted(asked: QuestionVector, vectors: NDArray[np.int8]) -> NDArray[np.float32]:
        compared.append(len(vectors))
        return cosines(asked, vectors)

    monkeypatch.setattr(nearest, "cosines", counted)
    items = sorted(kept.items())
    segments = [Segment.of(items[part::parts], 96) for part in range(parts)]
    assert find(segments, question(vector), limit=20) == sorted(each for each in kept if kept[each] == vector)[:20]
    assert compared == [250]


def test_in_no_segments_nothing_is_found() -> None:
    assert find([], question(b"\x01" * 96), limit=5) == []
    assert find([Segment.of([], 96)], question(b"\x01" * 96), limit=5) == []


# Keeping


def test_what_is_added_and_removed_is_found_and_not_found(tmp_path: Path) -> None:
    kept = Kept(tmp_path, rows(2_000))
    for number in range(1, 12):
        added = rows(number * 7, seed=number)
        kept.change(add=added, remove=list(kept.rows)[::9])
        asked = question(next(iter(added.values())))
        assert find(kept.segments(), asked, limit=5) == find([Segment.of(kept.rows.items(), 96)], asked, limit=5)
    assert len(kept.looked_at) == 1  # all the stamps, for the first segment; then only what changed
    assert list(nearest.problems(tmp_path)) == []


def test_a_change_writes_what_changed_and_segments_stay_few(tmp_path: Path) -> None:
    kept = Kept(tmp_path, rows(4_000))
    [first] = {path.name for path in (tmp_path / NEAREST).iterdir() if path.is_dir()}
    for number in range(1, 40):
        kept.change(add=rows(3, seed=number))
        names = {path.name for path in (tmp_path / NEAREST).iterdir() if path.is_dir()}
        assert first in names
        assert len(names) <= 8
        assert sum(map(len, kept.segments())) == len(kept.rows)


def test_a_segment_of_which_most_is_gone_is_written_anew(tmp_path: Path) -> None:
    kept = Kept(tmp_path, rows(1_000))
    kept.change(remove=list(kept.rows)[:400])
    assert [len(each.stamps) for each in kept.segments()] == [1_000]
    kept.change(remove=list(kept.rows)[:200])
    assert [len(each.stamps) for each in kept.segments()] == [400]
    kept.change(remove=list(kept.rows))
    assert kept.segments() == []


def test_a_vector_that_was_removed_may_come_back(tmp_path: Path) -> None:
    kept = Kept(tmp_path, rows(1_000))
    stamp, vector = next(iter(kept.rows.items()))
    kept.change(remove=[stamp])
    assert stamp not in find(kept.segments(), question(vector), limit=5)
    kept.change(add={stamp: vector})
    assert find(kept.segments(), question(vector), limit=5)[0] == stamp
    kept.change(remove=[stamp])
    assert stamp not in find(kept.segments(), question(vector), limit=5)


def test_what_changed_unseen_is_found_when_all_are_looked_at(tmp_path: Path) -> None:
    kept = Kept(tmp_path, rows(1_000))
    added = rows(5, seed=2)
    kept.rows = {**dict(list(kept.rows.items())[500:]), **added}  # and the process was killed
    kept.settle(before="another", changed=())
    asked = question(next(iter(added.values())))
    assert find(kept.segments(), asked, limit=9) == find([Segment.of(kept.rows.items(), 96)], asked, limit=9)


def test_who_asks_goes_on_while_segments_are_put_together(tmp_path: Path) -> None:
    kept = Kept(tmp_path, rows(500))
    reader = SegmentFiles(tmp_path, "encoder")
    before = reader.current()
    asked = question(next(iter(kept.rows.values())))
    found = find(before, asked, limit=20)
    kept.change(add=rows(600, seed=1))
    assert find(before, asked, limit=20) == found
    [after] = reader.current()
    assert len(after) == 1_100
    assert reader.current()[0] is after


def test_segments_of_another_encoder_are_not_used(tmp_path: Path) -> None:
    Kept(tmp_path, rows(300))
    assert SegmentFiles(tmp_path, "other").current() == []


@pytest.mark.parametrize("name", ["segments.json", "nearest.bits.npy", "nearest.stamps.npy", "sealed.json"])
def test_a_byte_that_was_changed_is_told(tmp_path: Path, name: str) -> None:
    Kept(tmp_path, rows(300))
    [path] = (tmp_path / NEAREST).rglob(name)
    content = bytearray(path.read_bytes())
    content[-30] ^= 1
    path.write_bytes(content)
    [problem] = nearest.problems(tmp_path)
    assert name in problem
    if name != "sealed.json":
        with pytest.raises(DamagedLibraryError):
            SegmentFiles(tmp_path, "encoder").current()


@pytest.mark.parametrize("name", ["segments.json", "nearest.bits.npy"])
def test_segments_that_cannot_be_read_are_made_anew(tmp_path: Path, name: str) -> None:
    kept = Kept(tmp_path, rows(300))
    [path] = (tmp_path / NEAREST).rglob(name)
    path.write_bytes(b"")  # as a power cut may leave a file
    kept.change(add=rows(5, seed=2))
    assert sum(map(len, kept.segments())) == 305
    assert list(nearest.problems(tmp_path)) == []


def test_a_segment_without_vectors_has_none_of_any_stamps() -> None:
    are_kept, places = Segment.of([], 96).lookup(as_stamps([bytes(16)]))
    assert (are_kept.tolist(), places.tolist()) == ([False], [])


# A library


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library of more than ten passages is large."""
    monkeypatch.setattr("qa.library.meaning.MOST_COMPARED", 10)
    monkeypatch.setattr("qa.library.encoding.MOST_COMPARED", 10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = tmp_path / "documents"
    documents.mkdir()
    for number in range(12):
        (documents / f"{number}.md").write_text(f"# Nests {number}\n\nTern {number} nests on open shingle in May.\n")
    return documents


@pytest.fixture
def engine(large: None, folder: Path, tmp_path: Path) -> Engine:  # noqa: ARG001 - it is what makes it large
    engine = Engine.create(Settings(library=tmp_path / "library"))
    engine.add([folder])
    engine.encode()
    return engine


def found(engine: Engine, asked: str = BLIND, *, document: str | None = None) -> list[str]:
    return [hit.passage.document_id for hit in engine.search(asked, document=document)]


def segments(engine: Engine) -> Path:
    assert isinstance(engine.settings.library, Path)
    return engine.settings.library / NEAREST


def test_in_a_large_library_a_question_in_other_words_finds_what_is_added_and_not_what_is_removed(
    engine: Engine, folder: Path
) -> None:
    assert "eyes" not in found(engine)
    (folder / "eyes.md").write_text(EYES)
    engine.add([folder])
    assert "eyes" not in found(engine)
    engine.encode()
    assert found(engine)[0] == "eyes"
    engine.remove(["eyes"])
    assert "eyes" not in found(engine)
    engine.encode()
    assert "eyes" not in found(engine)
    assert engine.check() == []


def test_an_engine_that_is_open_uses_segments_that_another_process_makes(engine: Engine, folder: Path) -> None:
    (folder / "eyes.md").write_text(EYES)
    engine.add([folder])
    assert "eyes" not in found(engine)
    program = (
        "import sys; from pathlib import Path; from qa import Engine, Settings; import qa.library.encoding as encoding;"
        "encoding.MOST_COMPARED = 10; Engine.open(Settings(library=Path(sys.argv[1]))).encode()"
    )
    subprocess.run([sys.executable, "-c", program, str(engine.settings.library)], cwd=ROOT, check=True)
    assert found(engine)[0] == "eyes"


def test_a_small_library_has_no_segments(engine: Engine) -> None:
    assert segments(engine).exists()
    engine.remove(["0", "1"])
    engine.encode()
    assert not segments(engine).exists()
    assert found(engine)


def test_a_file_with_the_same_words_is_found_by_its_vector(engine: Engine, folder: Path) -> None:
    (folder / "eyes.md").write_text(EYES)
    (folder / "again.md").write_text(EYES)
    engine.add([folder])
    engine.encode()
    assert {*found(engine)[:2]} == {"again", "eyes"}


def test_a_question_to_one_document_finds_its_nearest_passages(engine: Engine, folder: Path) -> None:
    (folder / "eyes.md").write_text(EYES)
    engine.add([folder])
    engine.encode()
    assert found(engine, document="7") == found(engine, document="7") == ["7"]
    assert found(engine, document="eyes") == ["eyes"]


@pytest.mark.usefixtures("large")
def test_a_large_library_in_memory_is_asked_by_meaning_too(folder: Path) -> None:
    (folder / "eyes.md").write_text(EYES)
    engine = Engine.create(Settings())
    engine.add([folder])
    engine.encode()
    assert found(engine)[0] == "eyes"


def test_a_backup_has_the_segments_and_a_check_sees_them(engine: Engine, folder: Path, tmp_path: Path) -> None:
    (folder / "eyes.md").write_text(EYES)
    engine.add([folder])
    engine.encode()
    engine.backup(tmp_path / "copy")
    copied = Engine.open(Settings(library=tmp_path / "copy"))
    assert found(copied)[0] == "eyes"
    assert copied.check() == []
    path = next(segments(copied).rglob("nearest.vectors.npy"))
    path.write_bytes(path.read_bytes()[:-1] + b"\x05")
    assert [each for each in copied.check() if "nearest.vectors.npy" in each]


def test_a_library_of_an_earlier_version_is_searched_by_meaning_once_it_is_encoded(engine: Engine) -> None:
    shutil.rmtree(segments(engine))
    again = Engine.open(engine.settings)
    assert found(again) == []
    again.encode()
    assert found(again)


def test_segments_that_cannot_be_written_are_an_error(engine: Engine, folder: Path) -> None:
    (folder / "eyes.md").write_text(EYES)
    engine.add([folder])
    shutil.rmtree(segments(engine))
    segments(engine).write_text("in the way")
    with pytest.raises(LibraryUnwritableError):
        engine.encode()
