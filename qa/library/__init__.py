"""Documents and passages in SQLite, with the index beside them. A change happens completely or not at all.

A library on disk is a folder:

    library.sqlite3            documents, sections, references, passages, and the words of the passages as written
    library.sqlite3-wal, -shm  files of SQLite while it is in use
    vectors.sqlite3            the vectors of passages, made after the index
    nearest/                   of a large library: the vectors laid out so that the nearest are soon found
    *.sqlite3.sealed           the checksum of a database's file, as it was when it was last written
    uploads/                   the files that were added through the service, for which `uploads` and `jobs` care
    index/000007-5e1f…/        the index of one version; it never changes once it is current
        passages/              the retriever's index
        vocabulary/            the words that questions are corrected to

A change is one transaction of the database. The database names the version of its index, so the commit makes both
current at once. Until then the old ones serve. The next change deletes what a killed change left behind.

`store` makes changes through `indexing`, which is imported on first use. `helpers` runs `analyst`s in other processes.
`snapshot` reads one state through `state`, behind which `local` has a database; `checking` looks for damage in it, by
what `sealing` wrote down. `index` finds passages. `rows` turns documents into rows
and back. `words` looks words up. `folder` and `schema` know the files and the tables.

A library may also be in a cluster: `cluster_store` draws what is where, `cluster_state` reads it and `cluster_library`
changes it; `packing` makes bytes of documents and tables. They are imported for such a library only.
"""

from qa.library.folder import FORMAT, refuse_other_files, size_of
from qa.library.rows import Source
from qa.library.snapshot import Snapshot, open_snapshot
from qa.library.store import Library

__all__ = ["FORMAT", "Library", "Snapshot", "Source", "open_snapshot", "refuse_other_files", "size_of"]
