"""reStructuredText to a Document, by docutils: sections, paragraphs, lists, tables, listings, notes.

Nothing is inserted from other files, and nothing raw is passed on: `include` and the like are counted. What Sphinx adds
is read as what it shows: boxes, tabs and cards under their titles; what is documented under its signature, or under its
name where that stands in another file; roles as the text of their links. Directives that nobody knows keep their text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives, roles

from qa.errors import DamagedSourceError
from qa.model import Document, Reference
from qa.readers.formats.code import bare, marked_code, tight
from qa.readers.formats.dates import parse_date
from qa.readers.formats.decoding import decode
from qa.readers.formats.numbering import counted
from qa.readers.formats.scripts import marked_lowered, marked_raised, plain
from qa.readers.formats.tables import Cell, Rows
from qa.readers.formats.tex import in_a_line
from qa.readers.formats.writing import About, PlainText, SourceFile, without_invisible
from qa.readers.references.entries import reference

__all__ = ["read_rst"]

_DIRECTIVE = re.compile(
    r"^[ \t]*\.\. (?:\|[^|\n]{1,100}\|\s+)?(?P<name>[A-Za-z][\w.+:-]{0,80}?)::(?:\s|$)", re.MULTILINE
)
_ABOUT_FILE = re.compile(r"\A\s*(?::(?:orphan|tocdepth|nocomments|no-?search):[^\n]*\n\s*)+")  # for Sphinx
_ROLE = re.compile(r":(?P<name>[A-Za-z][\w.+:-]{0,80}):`|`:(?P<behind>[A-Za-z][\w.+:-]{0,80}):")
_INSERTED = frozenset({"include", "literalinclude", "raw", "automodule"})
_NAMED = frozenset(  # of which the name is shown, and what another file says
    {
        *("autoclass", "autofunction", "automethod", "autodata", "autoattribute", "autoproperty", "autoexception"),
        *("autodecorator", "doxygenfunction", "doxygenclass", "doxygenstruct", "doxygenenum"),
    }
)
_MODULES = frozenset({"module", "py:module", "currentmodule", "py:currentmodule"})
_UNSEEN = frozenset(
    {
        *(
            "toctree",
            "index",
            "highlight",
            "currentmodule",
            "module",
            "py:module",
            "py:currentmodule",
            "tabularcolumns",
        ),
        *(
            "default-role",
            "meta",
            "sectionauthor",
            "codeauthor",
            "testsetup",
            "testcleanup",
            "contents",
            "target-notes",
        ),
    }
)
_OTHERWISE = frozenset({*_INSERTED, *_UNSEEN, "code", "code-block", "sourcecode", "date"})  # than docutils has them
_PICTURES = frozenset(
    {"graphviz", "digraph", "graph", "mermaid", "uml", "plot", "inheritance-diagram", "youtube", "video"}
)
_LISTINGS = frozenset(
    {
        "code",
        "code-block",
        "sourcecode",
        "prompt",
        "testcode",
        "testoutput",
        "doctest",
        "productionlist",
        "console",
        "terminal",
        "ipython",
    }
)
_VERSIONS = {
    "versionadded": "Added in version", "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
    "version-added": "Added in version", "version-changed": "Changed in version",
    "versionremoved": "Removed in version",
}  # fmt: skip
_HEADED = frozenset({"tab", "tab-item", "dropdown", "card", "grid-item-card", "collapse", "details", "toggle", "topic"})
_CONDITIONS = frozenset({"only", "ifconfig"})  # what stands behind them says when their text is shown
_BOXES = {"seealso": "See also", "todo": "To do"}
_DESCRIBED = re.compile(
    r"(?:[a-z]{1,4}:)?(?:function|class|method|attribute|data|exception|option|envvar|confval|cmdoption|program|describe"
    r"|object|staticmethod|classmethod|decorator|property|macro|type|struct|member|enum|var|setting|rubric|centered)"
)
_KINDS = {"arabic": "decimal", "loweralpha": "lowerLetter", "upperalpha": "upperLetter", "lowerroman": "lowerRoman",
          "upperroman": "upperRoman"}  # fmt: skip
_LISTS = nodes.bullet_list | nodes.enumerated_list | nodes.definition_list | nodes.field_list | nodes.option_list


class _AnyOption(dict[str, Callable[[Any], Any]]):
    """The options of a directive that nobody knows: any."""

    def __missing__(self, _: str) -> Callable[[Any], Any]:
        return directives.unchanged


class _Unknown(Directive):
    """A directive of Sphinx or of anybody else, as what is shown of it."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = _AnyOption({"class": directives.unchanged})

    def run(self) -> list[nodes.Node]:
        name = self.name.lower()
        said = " ".join((self.arguments[0] if self.arguments else "").split())
        left_out: Counter[str] = self.state.document.settings.left_out
        if name in _INSERTED:
            left_out["part of another file"] += 1
            return []
        if name in _PICTURES:
            left_out["picture"] += 1
            return []
        settings = self.state.document.settings
        if name in _MODULES:
            settings.module = "" if said == "None" else said
        if name in _NAMED:
            left_out["part of another file"] += 1
            is_whole = name.startswith("doxygen") or not settings.module or said.startswith(f"{settings.module}.")
            said = said if is_whole else f"{settings.module}.{said}"
        if name == "toctree":
            left_out["line of a table of contents"] += sum(bool(line.strip()) for line in self.content)
        if name in _UNSEEN:
            return []
        if name == "date":
            return [nodes.Text(" ")]  # that of the day on which the file is read is none of the file's
        if name in _LISTINGS:
            text = "\n".join(self.content)
            called = str(self.options.get("caption") or "")
            return [*([nodes.paragraph(called, called)] if called else []), nodes.literal_block(text, text)]
        inside = nodes.container()
        if name in _VERSIONS:
            version, _, rest = said.partition(" ")
            parsed, _ = self.state.inline_text(rest, self.lineno)
            inside += nodes.paragraph("", f"{_VERSIONS[name]} {version}{': ' if rest else '.'}", *parsed)
        elif name in _BOXES:
            inside += nodes.rubric("", said or _BOXES[name])
        elif name in _HEADED and said:
            inside["headed"] = said
        elif said and (name in _NAMED or _DESCRIBED.fullmatch(name)):
            inside += nodes.paragraph("", said)
        elif said and name not in _CONDITIONS:
            parsed, _ = self.state.inline_text(said, self.lineno)
            inside += nodes.paragraph(said, "", *parsed)
        self.state.nested_parse(self.content, self.content_offset, inside)
        return [inside]


def _role(_name: str, _raw: str, text: str, *_: Any, **__: Any) -> tuple[list[Any], list[Any]]:
    """A role that nobody knows as what a link shows: its title, else the last part of what it names."""
    shown = nodes.unescape(text)
    title = shown.rpartition("<")[0].rstrip() if shown.endswith(">") else ""
    shown = title or shown.removeprefix("!")
    return [nodes.Text(shown[1:].rpartition(".")[2] if shown.startswith("~") else shown)], []


def read_rst(file: SourceFile) -> list[Document]:
    """The document that a file is. Its title is the only section of the highest level, else its name.

    Raises:
        NotTextError: for what is no text.
        DamagedSourceError: for what is nested too deeply.
    """
    text = _ABOUT_FILE.sub("", decode(file.data, file.path))
    for found in _DIRECTIVE.finditer(text):
        name = found["name"].lower()
        if name in _OTHERWISE or directives.directive(name, _language(), _nowhere())[0] is None:
            directives.register_directive(name, _Unknown)
    for found in _ROLE.finditer(text):
        name = (found["name"] or found["behind"]).lower()
        if roles.role(name, _language(), 0, _nowhere().reporter)[0] is None:
            roles.register_local_role(name, _role)
    left_out: Counter[str] = Counter()
    settings = {**_SETTINGS, "line_length_limit": len(text) + 1, "left_out": left_out, "module": ""}
    try:
        tree = publish_doctree(text, settings_overrides=settings)
        page = _Page(tree, left_out)
        page.write(tree, 0)
    except RecursionError:
        raise DamagedSourceError(file.path, kind="reStructuredText", reason="it is nested too deeply") from None
    for what, amount in left_out.items():
        file.leave_out(amount, what, is_told=what != "picture")
    sections = [each for each in tree.children if isinstance(each, nodes.section)]
    only = _line(sections[0].children[0], Counter()) if len(sections) == 1 else ""
    about = replace(page.about, title=page.about.title or only or file.name)
    return [page.document(file, about, references=page.cited)]


_SETTINGS: dict[str, Any] = {
    "_disable_config": True,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 5,
    "warning_stream": False,
    "syntax_highlight": "none",
    "input_encoding": "unicode",
    "smart_quotes": False,
    "traceback": True,  # else docutils ends the process
}


@cache
def _nowhere() -> nodes.document:
    """A document for the question which names docutils knows."""
    from docutils.frontend import get_default_settings
    from docutils.parsers.rst import Parser
    from docutils.utils import new_document

    settings = get_default_settings(Parser)
    settings.report_level, settings.warning_stream = 5, False
    return new_document("", settings)


@cache
def _language() -> Any:
    from docutils.parsers.rst.languages import get_language

    return get_language("en")


class _Page(PlainText):
    """The text of a file as it is written."""

    def __init__(self, tree: nodes.document, left_out: Counter[str]) -> None:
        title = next((each for each in tree.children if isinstance(each, nodes.title)), None)
        super().__init__(None if title is not None else "")
        self.cited: list[Reference] = []
        self.about = About(title=bare(_line(title, left_out)) or None if title is not None else None)
        self._left_out = left_out
        self._is_titled = title is not None

    def write(self, parent: nodes.Element, depth: int) -> None:
        """Write what an element holds; `depth` counts the sections around it."""
        for node in parent.children:
            self._write_node(node, depth)

    def _write_node(self, node: nodes.Node, depth: int) -> None:
        match node:
            case nodes.title() | nodes.subtitle():
                self.write_heading(min(max(depth + (self._is_titled and depth > 0), 1), 6), self._line(node))
            case nodes.section():
                self.write(node, depth + 1)
            case nodes.docinfo():
                self._take_docinfo(node)
            case nodes.paragraph() | nodes.attribution() | nodes.caption() | nodes.rubric():
                self.write_block("paragraph", self._line(node))
            case (
                nodes.bullet_list()
                | nodes.enumerated_list()
                | nodes.definition_list()
                | nodes.field_list()
                | (nodes.option_list())
            ):
                self.write_block("list", "\n".join(self._items(node, 0)))
            case nodes.literal_block() | nodes.doctest_block():
                self.write_block("code", without_invisible(node.astext()))
            case nodes.line_block():
                self.write_block("paragraph", "\n".join(self._lines_of_block(node)))
            case nodes.table():
                self._write_table(node)
            case nodes.footnote() | nodes.citation():
                self._take_note(node)
            case nodes.system_message():
                for each in node.findall(nodes.literal_block):
                    self.write_block("code", without_invisible(each.astext()))
            case nodes.image():
                self._left_out["picture"] += 1
            case nodes.topic() if "contents" in node.get("classes", ()):
                self._left_out["line of a table of contents"] += sum(1 for _ in node.findall(nodes.list_item))
            case nodes.Element() if isinstance(node, nodes.Admonition | nodes.topic | nodes.sidebar):
                self._write_box(node, depth)
            case nodes.container() if node.get("headed"):
                self.begin_part()
                self.write_question(str(node["headed"]))
                self.write(node, depth)
                self.end_section()
                self.end_part()
            case nodes.Invisible() | nodes.decoration() | nodes.transition() | nodes.raw():
                pass
            case nodes.math_block():
                self.write_block("paragraph", in_a_line(node.astext()) or " ".join(node.astext().split()))
            case nodes.Element():
                self.write(node, depth)
            case _:
                self.write_block("paragraph", " ".join(node.astext().split()))

    def _write_box(self, box: nodes.Element, depth: int) -> None:
        """Write a box under its title, or under what it is."""
        self.begin_part()
        title = next((each for each in box.children if isinstance(each, nodes.title)), None)
        shown = self._line(title) if title is not None else type(box).__name__.capitalize()
        self.write_block("paragraph", shown)
        for each in box.children:
            if each is not title:
                self._write_node(each, depth)
        self.end_part()

    def _take_docinfo(self, docinfo: nodes.Element) -> None:
        """Take who wrote the file, and when; what else it says is text."""
        authors: list[str] = []
        others: list[str] = []
        day = None
        for node in docinfo.children:
            text = " ".join(node.astext().split())
            if isinstance(node, nodes.authors):
                authors += [" ".join(each.astext().split()) for each in node.children]
            elif isinstance(node, nodes.author):
                authors.append(text)
            elif isinstance(node, nodes.date) and (found := parse_date(text)):
                day = found
            elif isinstance(node, nodes.field):
                others += self._fields(node, 0)
            else:
                others.append(f"- {type(node).__name__.capitalize()}: {text}")
        self.about = About(title=self.about.title, authors=tuple(authors), updated=day)
        self.write_block("list", "\n".join(others))

    def _take_note(self, note: nodes.Element) -> None:
        """Take a footnote, or an entry of the list of what is cited."""
        label = next((each.astext() for each in note.children if isinstance(each, nodes.label)), "")
        text = bare(" ".join(self._line(each) for each in note.children if not isinstance(each, nodes.label)))
        addresses = [str(each["refuri"]) for each in note.findall(nodes.reference) if each.get("refuri")]
        if isinstance(note, nodes.footnote) and label:
            self.footnotes.append((label, text, addresses))
        elif label:
            self.end_section()
            self._write(f"[{label}] {text}")
            self.cited.append(reference(label, text, addresses))

    def _write_table(self, table: nodes.Element) -> None:
        for title in table.children:
            if isinstance(title, nodes.title):
                self.write_block("paragraph", self._line(title))
        rows = Rows()
        lines: list[str] = []
        for row in table.findall(nodes.row):
            cells = [
                Cell(self._in_a_line(entry), int(entry.get("morecols", 0)) + 1, int(entry.get("morerows", 0)) + 1)
                for entry in row.children
                if isinstance(entry, nodes.entry)
            ]
            if line := rows.line(cells):
                lines.append(line)
        self.write_table(lines)

    def _in_a_line(self, node: nodes.Element) -> str:
        """All that stands in a cell, in a line."""
        pieces: list[str] = []
        for each in node.children:
            if isinstance(each, nodes.paragraph | nodes.literal_block | nodes.line_block):
                pieces.append(self._line(each))
            elif isinstance(each, nodes.bullet_list | nodes.enumerated_list | nodes.definition_list):
                pieces += self._items(each, 0)
            elif isinstance(each, nodes.Element) and not isinstance(each, nodes.Invisible):
                pieces.append(self._in_a_line(each))
        return " ".join(filter(None, pieces))

    def _items(self, node: nodes.Element, depth: int) -> Iterator[str]:
        """The lines of a list, those of lists in it further in."""
        number = int(node.get("start", 1))
        for item in node.children:
            if isinstance(item, nodes.list_item):
                kind = _KINDS.get(node.get("enumtype", ""))
                label = f"{node.get('prefix', '')}{counted(number, kind)}{node.get('suffix', '.')}" if kind else "-"
                number += 1
                yield from self._item(item, label, depth)
            elif isinstance(item, nodes.definition_list_item):
                terms = [self._line(each) for each in item.children if isinstance(each, nodes.term | nodes.classifier)]
                inside = next((each for each in item.children if isinstance(each, nodes.definition)), None)
                yield from self._item(inside, f"- {' : '.join(terms)}:", depth)
            elif isinstance(item, nodes.field):
                yield from self._fields(item, depth)
            elif isinstance(item, nodes.option_list_item):
                group = " ".join(item.children[0].astext().split()) if item.children else ""
                yield from self._item(next(item.findall(nodes.description), None), f"- {group}:", depth)

    def _fields(self, field: nodes.Element, depth: int) -> Iterator[str]:
        name = next((self._line(each) for each in field.children if isinstance(each, nodes.field_name)), "")
        body = next((each for each in field.children if isinstance(each, nodes.field_body)), None)
        yield from self._item(body, f"- {name}:", depth)

    def _item(self, item: nodes.Element | None, label: str, depth: int) -> Iterator[str]:
        """The lines of an item: its text behind its label, then the lists in it."""
        indent = "  " * depth
        texts: list[str] = []
        below: list[str] = []
        waiting = list(item.children) if item is not None else []
        while waiting:
            each = waiting.pop(0)
            if isinstance(each, _LISTS):
                below += self._items(each, depth + 1)
            elif isinstance(each, nodes.literal_block | nodes.doctest_block):
                below += each.astext().split("\n")
            elif isinstance(each, nodes.table):
                below += [self._in_a_line(row) for row in each.findall(nodes.row)]
            elif isinstance(each, nodes.TextElement | nodes.line_block):
                (below if below else texts).append(self._line(each))
            elif isinstance(each, nodes.Element) and not isinstance(each, nodes.Invisible):
                waiting[:0] = each.children
        yield f"{indent}{label} {' '.join(filter(None, texts))}".rstrip()
        yield from filter(None, below)

    def _lines_of_block(self, block: nodes.Element) -> Iterator[str]:
        for each in block.children:
            if isinstance(each, nodes.line_block):
                yield from self._lines_of_block(each)
            elif line := self._line(each):
                yield line

    def _line(self, node: nodes.Node) -> str:
        return _line(node, self._left_out)


def _line(node: nodes.Node, left_out: Counter[str]) -> str:
    """The text of an element in a line."""
    return " ".join(without_invisible(tight(plain(_inline(node, left_out)))).split())


def _inline(node: nodes.Node, left_out: Counter[str]) -> str:
    match node:
        case nodes.Text():
            return node.astext()
        case nodes.image():
            left_out["picture"] += 1
            return str(node.get("alt", ""))
        case nodes.footnote_reference():
            return f"[^{node.astext()}]"
        case nodes.citation_reference():
            return f"[{node.astext()}]"
        case nodes.raw() | nodes.system_message():
            return ""
        case nodes.math():
            return in_a_line(node.astext()) or node.astext()
    inside = "".join(_inline(each, left_out) for each in node.children)
    if isinstance(node, nodes.literal):
        return marked_code(inside)
    if isinstance(node, nodes.superscript):
        return marked_raised(inside)
    if isinstance(node, nodes.subscript):
        return marked_lowered(inside)
    return f"{inside} " if isinstance(node, nodes.paragraph | nodes.line) else inside
