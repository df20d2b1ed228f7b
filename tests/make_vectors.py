"""Make the vectors of the shipped corpus, which come with it: python tests/make_vectors.py

To be run whenever the corpus, the splitting into passages or the encoder changes; a test says so.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from qa import Engine, Settings  # noqa: E402
from qa.config import SHIPPED_CORPUS, SHIPPED_SYNONYMS  # noqa: E402

VECTORS = SHIPPED_CORPUS / "vectors.sqlite3"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine.create(Settings(library=Path(folder), synonyms=SHIPPED_SYNONYMS))
        engine.add([SHIPPED_CORPUS])
        engine.encode(on_passages=lambda done, total: print(f"{done} of {total} passages", file=sys.stderr))
        VECTORS.unlink(missing_ok=True)
        with closing(sqlite3.connect(Path(folder) / VECTORS.name)) as made, closing(sqlite3.connect(VECTORS)) as kept:
            for statement in [sql for (sql,) in made.execute("SELECT sql FROM sqlite_schema WHERE sql NOT NULL")]:
                if "sqlite_sequence" not in statement:
                    kept.execute(statement)
            kept.executemany("INSERT INTO encoders VALUES (?, ?, ?)", made.execute("SELECT * FROM encoders"))
            rows = made.execute("SELECT * FROM vectors ORDER BY encoder, stamp")
            kept.executemany("INSERT INTO vectors VALUES (?, ?, ?, ?, ?)", rows)
            kept.commit()
            kept.execute("VACUUM")
    print(f"{VECTORS.relative_to(ROOT)}: {VECTORS.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
