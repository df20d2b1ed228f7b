"""Documents and passages kept in SQLite, with the index beside them; every change is whole or has not happened.

A library on disk is a folder:

    current.json               the format, and which generation is the current one
    generations/000007-5e1f…/  never changed once it is current
        library.sqlite3        documents and passages
        okapi.npz              the retriever's index
        wordings.npz           the words of its passages, which a question is held against
        vocabulary.npz         the words that a question's are corrected to
        concepts.json          names that mean the same, of which the library holds any
    change.lock                held while a change is made

A change is made in a new generation, a copy, which becomes the current one by the renaming of one small file. Until
then the old one serves; whatever a killed change left behind is swept away by the next.

`store` makes changes, `snapshot` reads one state, `rows` turns documents into rows and back, `names` keeps the
concepts, `generations` knows the folder.
"""

from qa.library.generations import FORMAT
from qa.library.rows import Source
from qa.library.snapshot import Snapshot
from qa.library.store import Library

__all__ = ["FORMAT", "Library", "Snapshot", "Source"]
