"""Documents and passages kept in SQLite, with the index beside them; every change is whole or has not happened.

A library on disk is a folder:

    library.sqlite3            documents, sections, references, passages; and of the passages the words, as they stand
    library.sqlite3-wal, -shm  what SQLite keeps beside it while it is in use
    vectors.sqlite3            the vectors of passages, which are made behind the index
    index/000007-5e1f…/        the index of one version, never changed once it is the current one
        passages/              the retriever's
        vocabulary/            the words that a question's are corrected to

A change is one transaction of the database, which names the version of the index that belongs to it. So the commit
makes both the current ones at once. Until then the old ones serve; whatever a killed change left behind is swept away
by the next.

`store` makes changes, by `indexing`, imported at the first, which has `analyst`s work in other processes by
`helpers`; `snapshot` reads one state, and `checking` looks whether it is whole; `index` is what finds passages; `rows`
turns documents into rows and back, `words` looks words up; `folder` and `schema` know the files and the tables.
"""

from qa.library.folder import FORMAT, size_of
from qa.library.rows import Source
from qa.library.snapshot import Snapshot, open_snapshot
from qa.library.store import Library

__all__ = ["FORMAT", "Library", "Snapshot", "Source", "open_snapshot", "size_of"]
