"""JATS, the XML of journal articles as PubMed Central and publishers give them, to a Document.

Title, authors, journal, date, DOI and keywords are those of the article's front; abstracts, sections, lists, tables and
formulas are its text, and figures their captions. Markers of references are links of the file, so that each is known
whatever it looks like: `[12]`, raised digits, `(Auk, 2019)`. The list of references stands at the end. What the front
says besides, as licences and addresses, is left out and counted, as pictures are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from lxml import etree

from qa.model import Document, Marker, Reference
from qa.readers.formats.about import written
from qa.readers.formats.dates import parse_date
from qa.readers.formats.mathml import formula
from qa.readers.formats.numbering import counted
from qa.readers.formats.scripts import marked_lowered, marked_raised, plain
from qa.readers.formats.tables import Cell, Rows
from qa.readers.formats.writing import About, PlainText, SourceFile, without_invisible

__all__ = ["ids_of_article", "read_jats"]

_BLOCKS = frozenset(
    {
        *("p", "sec", "list", "def-list", "disp-formula", "disp-formula-group", "table-wrap", "table-wrap-group"),
        *("table", "fig", "fig-group", "disp-quote", "boxed-text", "preformat", "code", "verse-group", "statement"),
        *(
            "supplementary-material",
            "media",
            "array",
            "ack",
            "app",
            "app-group",
            "glossary",
            "notes",
            "bio",
            "fn-group",
        ),
        *("ref-list", "speech", "question", "answer", "fn", "title"),
    }
)
_UNSEEN = frozenset(
    {
        "index-term",
        "label",
        "object-id",
        "private-char",
        "milestone-start",
        "milestone-end",
        "permissions",
        "institution-id",
    }
)
_PICTURES = frozenset({"graphic", "inline-graphic", "media", "inline-media"})
_TITLED = frozenset({"ack", "app", "app-group", "glossary", "notes", "bio", "fn-group", "statement", "boxed-text"})
_TITLES = {"ack": "Acknowledgements", "glossary": "Glossary", "fn-group": "Article notes"}
_BULLETS = {"order": "decimal", "alpha-lower": "lowerLetter", "alpha-upper": "upperLetter", "roman-lower": "lowerRoman",
            "roman-upper": "upperRoman"}  # fmt: skip
_DATES = ("pub", "epub", "ppub", "collection", "preprint")  # kinds of dates, the first of them first
_MARK, _BEHIND_ID, _END_OF_MARK = "\x12", "\x13", "\x14"  # around the id of a reference, and behind the marker's text
_MARKED = re.compile(
    f"{_MARK}(?P<id>[^{_MARK}{_BEHIND_ID}]*){_BEHIND_ID}(?P<text>[^{_MARK}{_END_OF_MARK}]*){_END_OF_MARK}"
)
_WHITE = re.compile(r"[ \t\r\n]+")
_NUMBER = re.compile(r"\[?\(?(\d{1,4}[a-z]?)\)?\]?[.):]?")
_TEX_BEGIN, _TEX_END = r"\begin{document}", r"\end{document}"
_FEWEST_OF_STATEMENT = 5  # words
_MOST_NAMES = 6  # authors of a reference that are written


def read_jats(article: etree._Element, file: SourceFile) -> Document:
    """The document that an article is, whose elements are named without namespaces."""
    front = article.find("front")
    meta = front.find("article-meta") if front is not None else None
    about = _about(article, front, meta)
    writer = _Article(article, about.title)
    if about.title:
        writer.write_heading(1, about.title)
    if meta is not None:
        writer.write_abstracts(meta)
    writer.write_parts(article)
    writer.write_statements(meta)
    writer.leave_out_front(front)
    for what, count in writer.counted.items():
        file.leave_out(count, what, is_told=what == _STRUCK_OUT)
    document = writer.document(file, about, references=writer.references)
    return replace(document, markers=_with_links(document.markers, writer.links))


def _with_links(found: Iterable[Marker], links: Iterable[Marker]) -> tuple[Marker, ...]:
    """The markers that the text shows, and those that are only links, which lie in none of these."""
    shown = sorted(found, key=lambda marker: (marker.start, marker.end))
    taken = [(marker.start, marker.end) for marker in shown]
    place = 0
    others: list[Marker] = []
    for link in sorted(links, key=lambda marker: marker.start):
        while place < len(taken) and taken[place][1] <= link.start:
            place += 1
        if place == len(taken) or taken[place][0] >= link.end:
            others.append(link)
    return tuple(sorted([*shown, *others], key=lambda marker: (marker.start, marker.end)))


_STRUCK_OUT, _PICTURE, _FRONT = "word, struck out", "picture", "word of the article's front"


class _Article(PlainText):
    """The text of an article as it is written."""

    def __init__(self, article: etree._Element, title: str | None) -> None:
        super().__init__(title)
        self.links: list[Marker] = []
        self.counted: dict[str, int] = {}
        self.labels, self.references = _references(article)
        self._notes = {each.get("id") or "": each for each in article.iter("fn")}
        self._noted: set[str] = set()
        self._level = 1

    def write_abstracts(self, meta: etree._Element) -> None:
        for abstract in meta.iter("abstract", "trans-abstract"):
            title = abstract.find("title")
            self.write_heading(2, self._text(title) if title is not None else "Abstract")
            self._level = 2
            self._write_inside(abstract)
        self.write_heading(2, "")

    def write_parts(self, article: etree._Element) -> None:
        """Write the body, what floats, and what stands behind; then the articles within this one, as letters are."""
        self._level = 1
        for name in ("body", "floats-group", "floats-wrap"):
            for part in article.findall(name):
                self._write_inside(part)
                self.write_heading(2, "")
        for part in article.findall("back"):
            self._write_inside(part)
            self.write_heading(2, "")
        for part in article.iterchildren("sub-article", "response"):
            title = next(part.iter("article-title"), None)
            self.write_heading(2, self._text(title) if title is not None else "")
            self._level = 2
            for name in ("body", "back"):
                for inside in part.findall(name):
                    self._write_inside(inside)

    def write_statements(self, meta: etree._Element | None) -> None:
        """Write what the front states in sentences, as where the data are, each under its name."""
        for each in meta.iter("custom-meta") if meta is not None else ():
            name, value = each.find("meta-name"), each.find("meta-value")
            if name is None or value is None or len("".join(value.itertext()).split()) < _FEWEST_OF_STATEMENT:
                continue
            self.write_heading(2, self._text(name))
            self._write_inside(value)

    def leave_out_front(self, front: etree._Element | None) -> None:
        """Count the words of the front that are not read."""
        if front is None:
            return
        for part in front.iter("author-notes", "aff", "permissions", "funding-group", "history"):
            self._count(_FRONT, len("".join(part.itertext()).split()))

    def _count(self, what: str, amount: int) -> None:
        if amount:
            self.counted[what] = self.counted.get(what, 0) + amount

    def _write_inside(self, parent: etree._Element) -> None:
        """The blocks of an element; what stands between them is a paragraph."""
        run = [parent.text or ""]
        for child in parent:
            tag = child.tag
            if isinstance(tag, str) and tag in _BLOCKS:
                self._write_marked("paragraph", "".join(run))
                run.clear()
                self._write_element(child)
            elif isinstance(tag, str):
                run.append(self._inline(child))
            run.append(child.tail or "")
        self._write_marked("paragraph", "".join(run))

    def _write_element(self, element: etree._Element) -> None:
        tag = element.tag
        if tag in {"title", "label", "permissions"}:
            return
        if tag == "fn" and element.get("id") in self._noted:
            return
        if tag == "sec" or tag in _TITLED:
            self._write_section(element)
        elif tag == "ref-list":
            self._write_references(element)
        elif tag in {"list", "def-list"}:
            self._write_marked("list", "\n".join(self._items(element, 0)), is_lines=True)
        elif tag in {"table-wrap", "fig", "supplementary-material", "media"}:
            self._write_captioned(element)
        elif tag == "table":
            self._write_table(element)
        elif tag in {"preformat", "code"}:
            self.write_block("code", without_invisible("".join(element.itertext())).strip("\n"))
        elif tag in {"disp-formula", "array", "verse-group"}:
            label = element.find("label")
            behind = f" {self._text(label)}" if label is not None and tag == "disp-formula" else ""
            self._write_marked("paragraph", f"{self._inline(element)}{behind}")
        else:
            self._write_inside(element)

    def _write_section(self, element: etree._Element) -> None:
        """Write a part under its title, one deeper than where it stands."""
        title, label = element.find("title"), element.find("label")
        if title is None and element.find("caption") is not None:
            title = element.find("caption/title")
        shown = " ".join(filter(None, (self._text(each) for each in (label, title) if each is not None)))
        heading = shown or (_TITLES.get(str(element.tag), "") if self._level < 2 or element.tag == "fn-group" else "")
        level, self._level = self._level, min(self._level + bool(heading), 5)
        self.begin_part()
        if heading:
            self.write_heading(self._level, heading)
        self._write_inside(element)
        self._level = level
        self.end_section()
        self.end_part()

    def _write_captioned(self, element: etree._Element) -> None:
        """Write the label and caption of a figure or table in a paragraph, then the table, and what stands below."""
        label = element.find("label")
        pieces = [self._text(label)] if label is not None else []
        for caption in element.findall("caption"):
            pieces += [
                self._inline(each) for each in caption if isinstance(each.tag, str) and each.tag != "permissions"
            ]
        joined = " ".join(
            f"{each.strip()}" if each.strip()[-1:] in ".:?!" else f"{each.strip()}." for each in pieces if each.strip()
        )
        self._write_marked("paragraph", joined)
        tables = list(element.iter("table", "tgroup"))
        for table in tables:
            self._write_table(table)
        for each in element.iter(*_PICTURES):
            if not tables or each.getparent().tag != "alternatives":
                self._count(_PICTURE, 1)
        for foot in element.findall("table-wrap-foot"):
            for each in foot.iter("fn", "attrib", "p"):
                if each.tag != "p" or each.getparent().tag == "table-wrap-foot":
                    self._write_marked("paragraph", " ".join(self._of_note(each)))
        for formula_ in element.iterchildren("disp-formula", "list", "def-list", "disp-quote", "p", "preformat"):
            self._write_element(formula_)

    def _of_note(self, element: etree._Element) -> Iterator[str]:
        """The label and the paragraphs of a note."""
        yield self._inline_inside(element.find("label")) if element.find("label") is not None else ""
        yield self._inline_inside(element)

    def _write_table(self, table: etree._Element) -> None:
        rows = Rows()
        lines: list[str] = []
        marks: list[list[tuple[int, int, str]]] = []
        for row in table.iter("tr", "row"):
            cells = [
                Cell(
                    self._line(self._inline(cell)),
                    _whole(cell.get("colspan")),
                    _whole(cell.get("rowspan") or _one_more(cell.get("morerows"))),
                )
                for cell in row
                if cell.tag in {"td", "th", "entry"}
            ]
            if line := rows.line(cells):
                text, its_marks = _unmarked(line)
                lines.append(text)
                marks.append(its_marks)
        for start, its_marks in zip(self.write_table(lines), marks, strict=True):
            self._keep_links(start, its_marks)

    def _items(self, element: etree._Element, depth: int) -> Iterator[str]:
        """The lines of a list, those of lists in it further in."""
        kind = element.get("list-type") or ""
        if element.tag == "def-list":
            for item in element.iterchildren("def-item"):
                term, meanings = item.find("term"), item.findall("def")
                shown = self._line(self._inline(term)) if term is not None else ""
                meant = " ".join(self._line(self._inline(each)) for each in meanings)
                colon = ":" if shown and meant and shown[-1] not in ":?.!" else ""
                yield f"{'  ' * depth}- {shown}{colon} {meant}".rstrip()
            return
        for number, item in enumerate(element.iterchildren("list-item"), start=1):
            label = item.find("label")
            own = self._text(label) if label is not None else ""
            bullet = own or (f"{counted(number, _BULLETS[kind])}." if kind in _BULLETS else "-")
            inside = [each for each in item if each.tag in {"list", "def-list"}]
            text = self._line("".join(self._pieces(item, but=frozenset({"list", "def-list"}))))
            yield f"{'  ' * depth}{bullet} {text}".rstrip()
            for each in inside:
                yield from self._items(each, depth + 1)

    def _write_references(self, element: etree._Element) -> None:
        """Write a list of references under its heading, each in a line with its label."""
        title = element.find("title")
        self.write_heading(2, self._text(title) if title is not None else "References")
        lines = []
        for each in element.iter("ref"):
            label, text = self.labels.get(each.get("id") or "", ""), _text_of_reference(each)
            if text:
                lines.append(f"{label}. {text}" if label.isdecimal() else f"[{label}] {text}" if label else text)
        self.write_block("list", "\n".join(lines))
        self.end_section()

    def _text(self, element: etree._Element) -> str:
        """The text of a title or label in a line, without markers."""
        return _unmarked(self._line(self._inline_inside(element)))[0]

    def _line(self, text: str) -> str:
        return _WHITE.sub(" ", _without_invisible(plain(text))).strip(" ")

    def _write_marked(self, kind: str, marked: str, *, is_lines: bool = False) -> None:
        """Write a block, and keep where in it the links to references stand."""
        shown = _without_invisible(plain(marked))
        if not is_lines:
            shown = _WHITE.sub(" ", shown).strip(" ")
        text, marks = _unmarked(shown.strip("\n"))
        if text.strip():
            start = self.write_block("list" if kind == "list" else "paragraph", text)
            self._keep_links(start, marks)

    def _keep_links(self, start: int, marks: Iterable[tuple[int, int, str]]) -> None:
        self.links += [Marker(label=label, start=start + a, end=start + b) for a, b, label in marks]

    def _inline(self, element: etree._Element) -> str:
        """The text of an element in its line, with marks around links to references."""
        tag = element.tag
        if tag in _UNSEEN:
            return ""
        if tag in _PICTURES:
            self._count(_PICTURE, 1)
            return ""
        if tag in {"math", "tex-math", "alternatives", "inline-formula", "disp-formula"}:
            return self._formula(element)
        if tag == "break":
            return " "
        if tag == "strike":
            self._count(_STRUCK_OUT, len("".join(element.itertext()).split()))
            return ""
        if tag == "xref":
            return self._link(element)
        if tag == "element-citation" and not _is_punctuated(element):
            return _of_parts(element)
        if tag == "fn":
            return self._note(element)
        inside = self._inline_inside(element)
        if tag == "sup":
            return _raised(inside)
        if tag == "sub":
            return marked_lowered(inside)
        if tag in {"p", "title", "td", "th", "verse-line", "list-item", "def", "caption"}:
            return f" {inside} "
        return inside

    def _inline_inside(self, element: etree._Element) -> str:
        return "".join(self._pieces(element))

    def _pieces(self, element: etree._Element, but: frozenset[str] = frozenset()) -> Iterator[str]:
        yield element.text or ""
        for child in element:
            if isinstance(child.tag, str) and child.tag not in but:
                yield self._inline(child)
            yield child.tail or ""

    def _formula(self, element: etree._Element) -> str:
        """A formula in a line; of several forms the one in MathML, else the one in TeX."""
        maths = [element] if element.tag == "math" else [*element.iter("math")]
        if maths:
            return "".join(formula(each) for each in maths)
        texts = [element] if element.tag == "tex-math" else [*element.iter("tex-math")]
        if texts:
            found = "".join(texts[0].itertext())
            inside, end, _ = found.partition(_TEX_BEGIN)[2].partition(_TEX_END)
            return " ".join((inside if end else found).replace("$$", " ").split())
        for each in element.iter(*_PICTURES):
            self._count(_PICTURE, 1)
            if each.getparent() is element and not "".join(element.itertext()).strip():
                return ""
        return "".join(self._pieces(element, but=_PICTURES))

    def _link(self, link: etree._Element) -> str:
        """The text of a link within the article, marked where it leads to a reference."""
        inside = self._inline_inside(link)
        ids = (link.get("rid") or "").split()
        if link.get("ref-type") == "fn" and len(ids) == 1 and (note := self._notes.get(ids[0])) is not None:
            return self._note(note, shown=inside)
        label = next((self.labels[each] for each in ids if each in self.labels), "")
        if not label or not inside.strip():
            return inside
        return f"{_MARK}{label}{_BEHIND_ID}{inside}{_END_OF_MARK}"

    def _note(self, note: etree._Element, shown: str = "") -> str:
        """The marker of a note, which is put under the text."""
        note_id = note.get("id") or ""
        label = note.find("label")
        name = written("".join(label.itertext())) if label is not None else written(shown)
        text = " ".join(written("".join(each.itertext())) for each in note.iter("p"))
        if (
            not re.fullmatch(r"\w{1,5}", name)
            or not text
            or any(each.tag == "table-wrap" for each in note.iterancestors())
        ):
            return shown
        if note_id not in self._noted:
            self._noted.add(note_id)
            self.footnotes.append((name, text, ()))
        return f"[^{name}]"


def _without_invisible(text: str) -> str:
    """A text without invisible characters, but with the marks of links."""
    kept = text.translate(_HELD)
    return without_invisible(kept).translate(_LET_GO)


def _raised(text: str) -> str:
    """A text in raised type, in which links may be marked: each of them is raised by itself."""
    pieces: list[str] = []
    reached = 0
    for found in _MARKED.finditer(text):
        pieces.append(marked_raised(text[reached : found.start()]))
        pieces.append(f"{_MARK}{found['id']}{_BEHIND_ID}{marked_raised(found['text'])}{_END_OF_MARK}")
        reached = found.end()
    return "".join([*pieces, marked_raised(text[reached:])])


_HELD = str.maketrans({_MARK: "\ue012", _BEHIND_ID: "\ue013", _END_OF_MARK: "\ue014"})
_LET_GO = str.maketrans({"\ue012": _MARK, "\ue013": _BEHIND_ID, "\ue014": _END_OF_MARK})


def _unmarked(text: str) -> tuple[str, list[tuple[int, int, str]]]:
    """A text without marks, and where each link begins and ends, with the label of its reference."""
    pieces: list[str] = []
    marks: list[tuple[int, int, str]] = []
    length = reached = 0
    for found in _MARKED.finditer(text):
        before, inside = text[reached : found.start()], found["text"]
        begin = length + len(before)
        pieces += [before, inside]
        length = begin + len(inside)
        lead = len(inside) - len(inside.lstrip())
        marks.append((begin + lead, begin + len(inside.rstrip()), found["id"]))
        reached = found.end()
    return "".join([*pieces, text[reached:]]), [mark for mark in marks if mark[0] < mark[1]]


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 6 else 1


def _one_more(text: str | None) -> str:
    return str(_whole(text) + 1) if text else ""


# What the front says


def _about(article: etree._Element, front: etree._Element | None, meta: etree._Element | None) -> About:
    if front is None or meta is None:
        return About()
    group = meta.find("title-group")
    titles = [each for each in (group if group is not None else ()) if each.tag in {"article-title", "subtitle"}]
    title = ": ".join(filter(None, (_plain(each) for each in titles)))
    journal = next((text for each in front.iter("journal-title") if (text := _plain(each))), None)
    publisher = next((text for each in front.iter("publisher-name") if (text := _plain(each))), None)
    doi = next(ids_of_article(article, "doi"), None)
    return About(
        title=title or None,
        authors=tuple(dict.fromkeys(_authors(meta))),
        publisher=journal or publisher,
        updated=_day(meta),
        url=f"https://doi.org/{doi}" if doi else None,
        keywords=tuple(dict.fromkeys(text for each in meta.iter("kwd") if (text := _plain(each)))),
    )


def ids_of_article(article: etree._Element, kind: str) -> Iterator[str]:
    """The ids of a kind, such as `doi` or `pmid`, that the front gives an article."""
    for each in article.iterfind("front/article-meta/article-id"):
        if each.get("pub-id-type") == kind and (text := _plain(each)):
            yield text


def _plain(element: etree._Element) -> str:
    """The text of an element of the front, without notes."""
    pieces = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str) and child.tag not in {"xref", "fn"}:
            inside = _plain(child)
            pieces.append(marked_raised(inside) if child.tag == "sup" else inside)
        pieces.append(child.tail or "")
    return written(plain("".join(pieces)))


def _authors(meta: etree._Element) -> Iterator[str]:
    for group in meta.findall("contrib-group"):
        for contributor in group.iter("contrib"):
            if contributor.get("contrib-type") not in {None, "author", "group"}:
                continue
            for name in contributor.iter("name", "string-name", "collab"):
                if shown := _plain(name) if name.tag == "collab" else _name(name, given_first=True):
                    yield shown
                break


def _name(name: etree._Element, *, given_first: bool) -> str:
    surname, given = (
        _plain(each) if each is not None else "" for each in (name.find("surname"), name.find("given-names"))
    )
    if not surname:
        return _plain(name)
    suffix = name.find("suffix")
    parts = [given, surname] if given_first else [surname, given]
    return " ".join(filter(None, [*parts, _plain(suffix) if suffix is not None else ""]))


def _day(meta: etree._Element) -> date | None:
    """The day on which the article was published; of a month without a day the first."""
    found: dict[str, date] = {}
    for each in meta.findall("pub-date"):
        kind = each.get("date-type") or each.get("pub-type") or "pub"
        said = each.get("iso-8601-date") or "-".join(
            text for name in ("year", "month", "day") if (text := each.findtext(name) or "").strip()
        )
        if day := parse_date(said):
            found.setdefault(kind, day)
    return next((found[kind] for kind in _DATES if kind in found), next(iter(found.values()), None))


# References


def _references(article: etree._Element) -> tuple[dict[str, str], list[Reference]]:
    """The labels of the references by their ids, and the references: numbered where the file does not label them."""
    refs = list(article.iter("ref"))
    labels: dict[str, str] = {}
    found: list[Reference] = []
    for number, each in enumerate(refs, start=1):
        label = each.find("label")
        if label is None:
            label = next(each.iter("label"), None)
        name = written("".join(label.itertext())) if label is not None else ""
        numbered = _NUMBER.fullmatch(name)
        marker = numbered[1] if numbered else name.strip("[]().: ")[:80] or str(number)
        text = _text_of_reference(each)
        if ref_id := each.get("id"):
            labels[ref_id] = marker
        for inside in each.iter("element-citation", "mixed-citation", "nlm-citation", "citation"):
            if (inside_id := inside.get("id")) is not None:
                labels[inside_id] = marker
        found.append(
            Reference(
                marker=marker,
                text=text or None,
                doi=_pub_id(each, "doi"),
                pmid=_pub_id(each, "pmid"),
                url=next((link for link in map(_address, each.iter("ext-link", "uri")) if link), None),
            )
        )
    return labels, found


def _pub_id(reference: etree._Element, kind: str) -> str | None:
    for each in reference.iter("pub-id", "object-id", "ext-link"):
        text = "".join(each.itertext()).strip()
        if each.get("pub-id-type") == kind and text and len(text) < 300:
            return text
        if (
            kind == "doi"
            and each.tag == "ext-link"
            and (found := re.search(r"\b10\.\d{4,9}/\S{1,200}", _address(each) or ""))
        ):
            return found[0]
    return None


def _address(link: etree._Element) -> str | None:
    href = next((str(value) for key, value in link.attrib.items() if str(key).endswith("href")), "") or (
        link.text or ""
    )
    return href.strip() if re.fullmatch(r"https?://\S{1,1000}", href.strip()) and "doi.org/" not in href else None


def _text_of_reference(reference: etree._Element) -> str:
    """A reference in a line: as the file writes it, or its parts in the order of medical journals."""
    found = [
        each
        for each in reference.iter("mixed-citation", "element-citation", "nlm-citation", "citation")
        if each.getparent().tag in {"ref", "citation-alternatives"}
    ]
    if any(each.tag in {"mixed-citation", "citation"} for each in found):
        found = [each for each in found if each.tag in {"mixed-citation", "citation"}]
    shown = [
        written(" ".join("".join(_seen(each)).split())) if _is_punctuated(each) else _of_parts(each) for each in found
    ]
    notes = [written("".join(each.itertext())) for each in reference.findall("note")]
    return " ".join(filter(None, [*shown, *notes]))


def _seen(element: etree._Element) -> Iterator[str]:
    """The text of a reference that is written as it is read; of ids only those with a word for what they are."""
    yield element.text or ""
    for child in element:
        if child.tag == "name":
            yield _name(child, given_first=False)
        elif isinstance(child.tag, str) and child.tag not in {"label", "pub-id"}:
            yield from _seen(child)
        elif (
            isinstance(child.tag, str)
            and child.tag == "pub-id"
            and (child.getprevious() is None or child.getprevious().tail)
        ):
            yield "".join(child.itertext())
        yield child.tail or ""


def _is_punctuated(citation: etree._Element) -> bool:
    """Whether a reference has marks between its parts, and so is read as it is written."""
    between = "".join([citation.text or "", *(each.tail or "" for each in citation)])
    return (
        len(citation) == 0 or any(mark in between for mark in ".,;:") or citation.tag in {"mixed-citation", "citation"}
    )


def _of_parts(citation: etree._Element) -> str:
    """A reference from its parts: `Auk A, Bunting B. Diving. J Birds. 2019;12(3):45-50.`"""

    def said(*names: str) -> str:
        return next((text for name in names for each in citation.iter(name) if (text := _plain(each))), "")

    names = [
        _plain(each) if each.tag == "collab" else _name(each, given_first=False)
        for group in (citation.findall("person-group") or [citation])
        if group.get("person-group-type") in {None, "author", "allauthors", "inventor"}
        for each in group.iterchildren("name", "string-name", "collab")
    ]
    authors = ", ".join(names[:_MOST_NAMES]) + (", et al" if len(names) > _MOST_NAMES else "")
    volume, issue = said("volume"), said("issue")
    first, last = said("fpage", "elocation-id"), said("lpage")
    place = f"{volume}{f'({issue})' if issue else ''}"
    pages = f"{first}{f'-{last}' if last and last != first else ''}"
    year = said("year")
    issued = "".join([year, ";" if year and place else "", place, ":" if pages and (year or place) else "", pages])
    publisher = said("publisher-name")
    parts = [
        authors,
        said("article-title", "chapter-title", "data-title"),
        said("source"),
        said("edition"),
        publisher,
        issued,
    ]
    return " ".join(f"{part.rstrip('.')}." if part[-1] not in "?!" else part for part in parts if part)
