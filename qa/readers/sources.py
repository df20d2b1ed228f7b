"""The source files that lie at a path, and the ids that their documents get."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from qa.errors import NoSourcesError, UnknownFormatError, UnreadableError
from qa.readers.files import is_file, is_folder, is_link, legible, mode_of, read_text, refused, resolved
from qa.readers.formats.endings import READERS
from qa.readers.formats.naming import document_id
from qa.readers.ignoring import IGNORE_FILE, Pattern, is_ignored, read_patterns
from qa.readers.references.sidecars import SIDECARS

__all__ = ["find_sources"]

_IGNORED = "\0"  # among the endings of what is not read: what is not to be read
_TOLD = f"passed over, as {IGNORE_FILE} or --exclude says"
_MOST_KINDS = 8  # of files that are not read, by their endings, that are told apart


def find_sources(
    path: Path,
    *,
    exclude: Sequence[str] = (),
    note: Callable[[str], None] = lambda _: None,
    on_unreadable: Callable[[UnreadableError], None] | None = None,
) -> Iterator[tuple[Path, str]]:
    """The source files at a path, in order of their names, each with the id that its document gets.

    A folder gives all that lie in it, at any depth; whatever begins with a dot, and links to folders (which may lead
    round in circles) are passed over; and so is a file of references that is named itself, as `FOLDER/*` does, where
    the document lies beside it with which it is read. Of judged questions in BEIR's form it gives the corpus alone.
    Left out, and said to `note`, are links that lead out of the folder or to nothing, what is no file, as pipes and
    devices are, files of formats that are not read, and what the patterns `exclude` or those of `.pinciteignore` files
    in it say, in the form of a `.gitignore`: none of these is opened. `on_unreadable`, where it is given, is told of
    folders further in that cannot be read, which are left out then.

    Raises:
        SourceNotFoundError, UnreadableError, UnknownFormatError, NoSourcesError.
        NotTextError: for a `.pinciteignore` that is none.
    """
    if not stat.S_ISDIR(mode_of(path)):
        if _is_beside_a_document(path):
            return
        if path.suffix.lower() not in READERS:
            raise UnknownFormatError(path, suffixes=tuple(READERS))
        yield path, document_id(Path(path.name))
        return
    found = False
    others: Counter[str] = Counter()
    patterns = read_patterns(exclude)
    for source in _files(path, patterns, note=note, on_unreadable=on_unreadable, others=others):
        found = True
        yield source, document_id(source.relative_to(path))
    if not found:
        raise NoSourcesError(path, suffixes=tuple(READERS))
    if ignored := others.pop(_IGNORED, 0):
        note(f"{legible(path)}: {ignored:,} {'file or folder is' if ignored == 1 else 'files or folders are'} {_TOLD}.")
    if others:
        note(_passed_over(path, others))


def _files(
    folder: Path,
    exclude: Sequence[Pattern],
    *,
    note: Callable[[str], None],
    on_unreadable: Callable[[UnreadableError], None] | None,
    others: Counter[str],
) -> Iterator[Path]:
    """The source files below a folder. Of what else lies there, but for bibliographies and judged questions, the
    endings are counted in `others`, and there too what the patterns of the folder and its `.pinciteignore`s, which give
    way to those in `exclude`, pass over."""
    root = resolved(folder)
    patterns = [*_patterns(folder, ()), *exclude]
    waiting = [(entry, is_folder, patterns) for entry, is_folder in reversed(_entries(folder))]
    while waiting:
        entry, is_folder, patterns = waiting.pop()
        names = entry.relative_to(folder).parts if patterns or is_folder else ()
        if patterns and is_ignored(names, patterns, is_folder=is_folder):
            others[_IGNORED] += 1
            continue
        if not is_folder and entry.suffix.lower() not in READERS:
            if not _is_beside_a_document(entry):
                others[entry.suffix.lower()] += 1
            continue
        is_linked = is_link(entry)
        if is_linked and not resolved(entry).is_relative_to(root):
            note(f"{legible(entry)} is left out: it is a link that leads out of the folder.")
        elif is_linked and not entry.exists():
            note(f"{legible(entry)} is left out: it is a link to nothing.")
        elif is_folder:
            if not is_linked:
                try:
                    own = _patterns(entry, names)
                    within = [*patterns[: len(patterns) - len(exclude)], *own, *exclude] if own else patterns
                    waiting += [(each, is_deep, within) for each, is_deep in reversed(_entries(entry))]
                except UnreadableError as error:
                    if on_unreadable is None:
                        raise
                    on_unreadable(error)
        elif _is_special(entry):
            note(f"{legible(entry)} is left out: it is no file, but a pipe, a socket or a device.")
        else:
            yield entry


def _entries(folder: Path) -> list[tuple[Path, bool]]:
    """What lies in a folder, in order of the names, each with whether it is a folder; but for what begins with a dot,
    and for questions about a corpus beside them, with their judgements.

    Raises:
        UnreadableError.
    """
    try:
        entries = [(each, is_folder(each)) for each in sorted(folder.iterdir()) if not each.name.startswith(".")]
    except OSError as error:
        raise refused(folder, error) from None
    is_judged = {"corpus.jsonl", "queries.jsonl"} <= {entry.name for entry, _ in entries}
    return [each for each in entries if not (is_judged and each[0].name in {"queries.jsonl", "qrels"})]


def _patterns(folder: Path, names: Sequence[str]) -> list[Pattern]:
    """The patterns of the file in a folder that says what of it is not to be read, if there is one."""
    path = folder / IGNORE_FILE
    return read_patterns(read_text(path).split("\n"), names) if is_file(path) else []


def _is_special(path: Path) -> bool:
    """Whether something is there that is no file."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _is_beside_a_document(path: Path) -> bool:
    """Whether a file is the bibliography of a document beside it."""
    stems = [path.name.removesuffix(ending) for ending in SIDECARS if path.name.endswith(ending)]
    return any(is_file(path.with_name(stem + ending)) for stem in stems if stem for ending in READERS)


def _passed_over(folder: Path, others: Counter[str]) -> str:
    """How many files of which endings lie in a folder and are not read."""
    kinds = [
        f"{count:,} {legible(Path(ending)) if ending else 'without an ending'}"
        for ending, count in sorted(others.items())
    ]
    more = len(kinds) - _MOST_KINDS
    told = ", ".join([*kinds[:_MOST_KINDS], f"{more:,} other kinds"] if more > 0 else kinds)
    return f"{legible(folder)}: files of other formats are passed over: {told}."
