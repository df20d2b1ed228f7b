"""Markdown (CommonMark with tables) to a Document whose text is what a reader sees: no `**`, no link targets.

A heading, paragraph, list or table of the file is a run of lines of the text; a blank line parts them. A table's row
is a line in bars, a list's item a line with its bullet. Numbers set as superscripts stand in raised digits. Footnotes
stand at the end and, like a list of references, in no section. What is struck out is left out, and told. A paragraph
that is nothing but a question in bold type heads its answer. Besides CommonMark it knows what is widespread: lists of
terms, boxes, callouts, links of wikis, and attributes such as `{#id}`, which are not seen.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from qa.model import Document, Reference
from qa.readers.formats.admonitions import BEGIN_OF_BOX, END_OF_BOX, without_boxes
from qa.readers.formats.code import CODE, CODE_END, bare, marked_code, tight
from qa.readers.formats.front_matter import split_front_matter
from qa.readers.formats.markdown_tables import with_bars
from qa.readers.formats.scripts import marked_lowered, marked_raised, plain
from qa.readers.formats.tables import Cell, Rows
from qa.readers.formats.tex import in_a_line
from qa.readers.formats.writing import PlainText, SourceFile, is_question
from qa.readers.references.bibliography import find_markers, merged, with_footnotes
from qa.readers.references.entries import LinkTarget, reference, split_bibliography

__all__ = ["read_markdown"]

_FEWEST_OF_BOLD = 3  # tokens: where it begins, what it says, where it ends
_DEEPEST = 100  # levels of nesting, of which a list takes two and a quotation one

_HIDDEN = re.compile(
    r"<!--.*?(?P<comment>-->|\Z)|<(?P<tag>script|style)\b.*?(?P<end></(?P=tag)\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"""</?(?P<name>[a-z][^\s/<>"']*+)(?:[^<>"']|"[^"]*"|'[^']*')*+>|<[!?][^<>]*>""", re.IGNORECASE)
_SUPERSCRIPT = re.compile(r"<(?P<name>sup|sub)\b[^<>]{0,200}>([^<>]{1,40})</(?P=name)\s{0,10}>", re.IGNORECASE)
_MARKED = re.compile(r"(?<![=\w])==(?=[^\s=])([^=\n]{1,1000}?)(?<=\S)==(?![=\w])")
_SPAN = re.compile(r"\[([^\[\]\n]{1,1000})\]\{[ ]{0,9}[.#][^{}\n]{0,200}\}")
_SHORTCODE = re.compile(r"\{\{[<%][^{}]{0,300}[>%]\}\}|\{%[^{}]{0,300}%\}")
_IMPORT = re.compile(r"import\s[^\n]{1,300}\sfrom\s['\"][^'\"\n]{1,300}['\"];?")
_CARETS = re.compile(r"(?<![\^])\^([+-]?\d[\d,–-]{0,40})\^(?![\w^])", re.ASCII)
_TILDES = re.compile(r"(?<=[^\W_])~([\w+−-]{1,10})~(?!~)")
_SCRIPT = re.compile(r"<(?P<end>/?)(?P<name>sup|sub)\b", re.IGNORECASE)
_STRIKE = re.compile(r"<(?P<end>/?)(?:del|s|strike)(?=[\s>/])", re.IGNORECASE)
_WIKI_LINK = re.compile(r"(?P<picture>!?)\[\[(?P<target>[^\[\]|\n]{1,200})(?:\\?\|(?P<label>[^\[\]\n]{1,200}))?\]\]")
_ATTRIBUTES = re.compile(r"\{(?:[ ]{0,9}[#.][\w-][^{}\n]*|:[^{}\n]+)\}")
_TERM = re.compile(r"^[ \t>]*[:~][ \t]", re.MULTILINE)  # where the meaning of a term begins
_TEX = re.compile(r"\\[A-Za-z]{2}")
_OF_FORMULA = re.compile(r"[\\^_=<>+*/(]|\A\s*[A-Za-z]\s*\Z")
_NO_FORMULA = re.compile(r"[A-Za-z]{3}|[:/]\s*\Z")  # words, as the names of variables of a program have them
_FUNCTION = re.compile(r"[A-Za-z]{1,30}(?=\()")
_CALLOUT = re.compile(r"\[!(?P<kind>[A-Za-z]{2,20})\]")
_DETAILS = re.compile(
    r"(?P<begin><details\b[^<>]{0,200}>)|(?P<end></(?:details|TabItem)\s{0,10}>)"
    r"|<TabItem\b[^<>]{0,200}?\blabel=[\"'](?P<tab>[^\"'<>]{1,200})[\"'][^<>]{0,200}>"
    r"|<summary\b[^<>]{0,200}>(?P<summary>.{0,2000}?)</summary\s{0,10}>",
    re.DOTALL | re.IGNORECASE,
)
_TABLE = re.compile(r"<table\b[^<>]{0,300}>(?P<inside>(?:(?!<table\b).)*?)</table\s{0,10}>", re.DOTALL | re.IGNORECASE)
_ROW = re.compile(r"<tr\b[^<>]{0,300}>", re.IGNORECASE)
_CELL = re.compile(
    r"<t[dh]\b(?P<about>[^<>]{0,300})>(?P<inside>.*?)(?=<t[dh]\b|</t[dhr]\b|</tbody|</thead|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_STRUCK_HTML = re.compile(
    r"<(?P<tag>del|s|strike)(?:\s[^<>]{0,200})?>(?P<inside>.{0,2000}?)</(?P=tag)\s{0,10}>", re.DOTALL | re.IGNORECASE
)
_IMAGE = re.compile(r"<(?:img|svg|video|iframe)\b", re.IGNORECASE)
_STRUCK_OUT, _PICTURE = "word, struck out", "picture"
_BREAK = re.compile(r"<br\b", re.IGNORECASE)
_CODE_TAG = re.compile(r"<(?P<end>/?)(?:code|kbd|samp|tt)(?=[\s>])", re.IGNORECASE)
_INSIDE_A_LINE = re.compile(
    "a|abbr|b|bdi|bdo|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strong|sub|sup|tt|u|var",
    re.IGNORECASE,
)


def read_markdown(
    text: str,
    *,
    path: Path,
    document_id: str,
    listed: Sequence[Reference] = (),
    note: Callable[[str], None] = lambda _: None,
) -> Document:
    """The document that a Markdown file holds. Its title is the front matter's, else its first heading of level 1.

    Its references are those of the bibliography beside it, which are `listed`, then the front matter's, then the
    text's: numbered link targets, the lists under a heading such as "References", and footnotes.

    Raises:
        FrontMatterError: for a header that cannot be understood.
    """
    front_matter, body = split_front_matter(text, path)
    page = _Page(front_matter.title)
    targets = _LinkTargets()
    page.write(SyntaxTreeNode(_parse(with_bars(without_boxes(body)), targets, page.left_out)))
    page.end()
    file = SourceFile(data=b"", path=path, document_id=document_id, listed=lambda _: listed, note=note)
    for what, count in page.left_out.items():
        file.leave_out(count, what, is_told=what == _STRUCK_OUT)
    page.write_footnotes()
    plain = "".join(page.pieces)
    in_text, sections = split_bibliography(plain, page.sections, page.targets)
    references = merged(listed, front_matter.bibliography(), targets.bibliography(), in_text)
    references = with_footnotes(references, [reference(*each) for each in page.footnotes])
    return Document(
        id=document_id,
        title=front_matter.title or page.title or path.stem.replace("-", " ").replace("_", " ").strip() or path.name,
        text=plain,
        source=path.name,
        authors=front_matter.authors,
        editors=front_matter.editors,
        publisher=front_matter.publisher,
        updated=front_matter.updated,
        url=front_matter.url,
        keywords=front_matter.keywords,
        headings=tuple(page.headings),
        sections=tuple(sections),
        references=references,
        markers=find_markers(plain, sections, references),
        code=tuple(page.code),
        left_out=file.left_out(),
    )


class _LinkTargets(dict[str, dict[str, Any]]):
    """What the lines `[label]: target` define. A number stands for an entry of the bibliography: `[98]` in the text
    remains a marker and does not become a link that reads "98"."""

    def __init__(self) -> None:
        super().__init__()
        self._numbered: dict[str, dict[str, Any]] = {}

    def __setitem__(self, label: str, target: dict[str, Any]) -> None:
        if label.isdecimal():
            self._numbered.setdefault(label, target)
        else:
            super().__setitem__(label, target)

    def bibliography(self) -> tuple[Reference, ...]:
        """The numbered ones as references."""
        return tuple(
            reference(label, f"{target['title']} {target['href']}".strip()) for label, target in self._numbered.items()
        )


def _parse(body: str, targets: _LinkTargets, left_out: Counter[str]) -> list[Token]:
    """The blocks of a text, each with its own text as it is seen. What is left out is counted in `left_out`.

    markdown-it leaves out what is nested deeper than its limit; where anything is, lists and quotations are read as
    the characters that they are.
    """
    parser = _parser(
        has_tables="|" in body,
        has_struck="~~" in body,
        has_notes="[^" in body,
        has_terms=_TERM.search(body) is not None,
        has_formulas="$" in body,
    )
    tokens = parser.parse(body, {"references": targets})
    if any(token.nesting == 1 and token.level >= _DEEPEST - 1 for token in tokens):
        tokens = _flat_parser().parse(body, {"references": targets})
    for number, token in enumerate(tokens):
        if token.type == "inline":
            if number > 1 and tokens[number - 2].type == "blockquote_open":
                _take_callout(token)
            linked: list[LinkTarget] = []
            token.content = _inline_text(token.children or (), linked, left_out)
            token.meta["targets"] = linked
            token.meta["asked"] = _bold_question(token.children or ())
            token.children = None
    return tokens


@cache
def _parser(*, has_tables: bool, has_struck: bool, has_notes: bool, has_terms: bool, has_formulas: bool) -> MarkdownIt:
    """A parser with the rules that a text may need: each takes time with every block or letter. It takes as long to
    make as a page does to read, and keeps nothing of what it reads."""
    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST})
    parser.enable([*["table"] * has_tables, *["strikethrough"] * has_struck])
    if has_notes:
        footnote_plugin(parser, inline=False, move_to_end=False)
    if has_terms:
        deflist_plugin(parser)
    if has_formulas:
        dollarmath_plugin(parser, allow_labels=False, allow_space=False, allow_digits=False, double_inline=True)
    return parser


@cache
def _flat_parser() -> MarkdownIt:
    """A parser that reads lists and quotations as the characters that they are."""
    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable(["table", "strikethrough"])
    footnote_plugin(parser, inline=False, move_to_end=False)
    deflist_plugin(parser)
    return parser.disable(["list", "blockquote"])


def _take_callout(token: Token) -> None:
    """Take the line `[!NOTE] Title` off a quotation that begins with it, and keep what it is called."""
    children = token.children or []
    callout = _CALLOUT.match(children[0].content) if children and children[0].type == "text" else None
    if callout is None:
        return
    end = next((n for n, each in enumerate(children) if each.type in {"softbreak", "hardbreak"}), len(children))
    title = _inline_text(children[:end])[callout.end("kind") + 1 :].lstrip("+- ").strip()
    token.meta["callout"] = title or callout["kind"].capitalize()
    token.children = children[end + 1 :]


def _bold_question(tokens: Sequence[Token]) -> str:
    """The question in bold type that a paragraph is or begins with; empty where there is none."""
    if len(tokens) < _FEWEST_OF_BOLD or (tokens[0].type != "strong_open" and tokens[0].content.strip()):
        return ""
    first = next((n for n, token in enumerate(tokens) if token.type != "text" or token.content.strip()), 0)
    if len(tokens) - first < 3 or tokens[first].type != "strong_open":
        return ""
    level = tokens[first].level
    end = next(
        (n for n in range(first, len(tokens)) if tokens[n].type == "strong_close" and tokens[n].level == level), 0
    )
    text = " ".join(_inline_text(tokens[first:end]).split())
    return text if is_question(text) else ""


def _inline_text(
    tokens: Sequence[Token], targets: list[LinkTarget] | None = None, left_out: Counter[str] | None = None
) -> str:
    """The text of a line as it is seen: a wrapped line runs on, a hard break stays. What its links lead to is added to
    `targets`, and what of it is left out to `left_out`.
    """
    pieces: list[str] = []
    links: list[tuple[int, str]] = []  # (how many pieces stand before it, address)
    scripts: list[int] = []  # where raised or lowered type that is open begins among the pieces
    strikes: list[int] = []  # and what is struck out

    cuts: list[int] = []  # among the pieces, where something is left out

    def end_strike() -> None:
        if strikes:
            begin = strikes.pop()
            if left_out is not None and not strikes:
                left_out[_STRUCK_OUT] += len("".join(pieces[begin:]).split())
            del pieces[begin:]
            cuts.append(begin)

    for number, token in enumerate(tokens):
        match token.type:
            case "text":
                shown = token.content
                if "^" in shown:
                    shown = _CARETS.sub(lambda found: marked_raised(found[1]), shown)
                shown = _TILDES.sub(lambda found: marked_lowered(found[1]), shown) if "~" in shown else shown
                shown = _WIKI_LINK.sub(_label_of_link, shown) if "[[" in shown else shown
                shown = _MARKED.sub(r"\1", shown) if "==" in shown else shown
                shown = _SPAN.sub(r"\1", shown) if "]{" in shown else shown
                if ("{{" in shown or "{%" in shown) and (rest := _SHORTCODE.sub("", shown)) != shown:
                    cuts.append(len(pieces))
                    shown = rest
                pieces.append(shown)
            case "s_open":
                strikes.append(len(pieces))
            case "s_close":
                end_strike()
            case "html_inline" if tag := _STRIKE.match(token.content):
                if not tag["end"]:
                    strikes.append(len(pieces))
                else:
                    end_strike()
            case "math_inline" | "math_inline_double":
                behind = tokens[number + 1].content if number + 1 < len(tokens) else ""
                pieces.append(_formula(token, behind))
            case "code_inline":
                pieces.append(marked_code(token.content))
            case "text_special":
                pieces.append(token.content)
            case "html_inline" if tag := _CODE_TAG.match(token.content):
                pieces.append(CODE_END if tag["end"] else CODE)
            case "link_open":
                links.append((len(pieces), str(token.attrs["href"])))
            case "footnote_ref":
                pieces.append(f"[^{token.meta['label']}]")
            case "softbreak":
                pieces.append(" ")
            case "hardbreak":
                pieces.append("\n")
            case "html_inline" if _BREAK.match(token.content):
                pieces.append("\n")
            case "html_inline" if tag := _SCRIPT.match(token.content):
                if not tag["end"]:
                    scripts.append(len(pieces))
                elif scripts:
                    begin = scripts.pop()
                    mark = marked_raised if tag["name"].lower() == "sup" else marked_lowered
                    pieces[begin:] = [mark("".join(pieces[begin:]))]
            case "image":
                if left_out is not None:
                    left_out[_PICTURE] += 1
                pieces.append(_inline_text(token.children or ()))
    for cut in cuts:
        if 0 < cut < len(pieces) and pieces[cut - 1].endswith(" "):
            pieces[cut] = pieces[cut].removeprefix(" ")
    if targets is not None and links:
        starts = [0, *accumulate(len(bare(piece)) for piece in pieces)]
        targets += [LinkTarget(starts[min(number, len(pieces))], address) for number, address in links]
    text = tight(plain("".join(pieces)))
    return text.strip(" ") if cuts else text


def _formula(token: Token, behind: str) -> str:
    """A formula in a line, with this text behind it; what is none, as `$HOME/bin:$PATH`, or cannot be written so, as it
    stands between its dollars."""
    is_formula = _TEX.search(token.content) is not None or (
        not behind[:1].isalnum()
        and _OF_FORMULA.search(token.content) is not None
        and _NO_FORMULA.search(_FUNCTION.sub(" ", token.content)) is None
    )
    written = in_a_line(token.content) if is_formula else None
    return f"{token.markup}{token.content}{token.markup}" if written is None else written


def _label_of_link(link: re.Match[str]) -> str:
    """What is seen of a link of a wiki: `[[Page|its name]]`; a picture, `![[tern.png]]`, is none."""
    return "" if link["picture"] else (link["label"] or link["target"]).strip()


class _Page(PlainText):
    """The plain text as the blocks of a file are written one after the other."""

    def __init__(self, given_title: str | None = None) -> None:
        super().__init__(given_title)
        self.left_out: Counter[str] = Counter()  # how much, by what it is

    def write(self, parent: SyntaxTreeNode) -> None:
        for node in parent.children:
            match node.type:
                case "heading":
                    self.write_heading(int(node.tag[1]), _without_attributes(" ".join(_lines(node))))
                case "dl":
                    self._write_terms(node)
                case "bullet_list" | "ordered_list":
                    self._write_list(node)
                case "table":
                    self.write_table(_lines(node))
                case "fence" | "code_block":
                    self.write_block("code", "\n".join(_lines(node)))
                case "math_block":
                    self.write_block("paragraph", "\n".join(_lines(node)))
                case "footnote_reference":
                    addresses = [target.address for target in _targets(node)]
                    self.footnotes.append((node.meta["label"], bare(" ".join(_lines(node))), addresses))
                case "paragraph":
                    self._write_paragraph(node)
                case "html_block":
                    self._write_html(node.content)
                case _:
                    self.write(node)

    def _write_paragraph(self, node: SyntaxTreeNode) -> None:
        text = _without_attributes("\n".join(_lines(node)))
        if called := node.children[0].meta.get("callout"):
            self.write_block("paragraph", called)
        if not self.pieces and all(map(_IMPORT.fullmatch, text.split("\n"))):
            return  # of the parts of a site, as MDX has them
        asked = node.children[0].meta.get("asked")
        if asked and text.startswith(asked):
            self.write_question(asked)
            text = text[len(asked) :].strip()
        start = self.write_block("paragraph", text)
        self.targets += [LinkTarget(start + place, address) for place, address in _targets(node)]

    def _write_terms(self, node: SyntaxTreeNode) -> None:
        """Write a list of terms, each in a line with what it means; where the terms are questions, these head it."""
        terms = [" ".join(_lines(each)) for each in node.children if each.type == "dt"]
        if all(map(is_question, terms)):
            for each in node.children:
                if each.type == "dt":
                    self.write_question(" ".join(_lines(each)))
                else:
                    self.write(each)
            self.end_question()
        else:
            self.write_block("list", "\n".join(_lines(node)))

    def _write_html(self, markup: str) -> None:
        """Write what is seen of a block of HTML; the summary of `<details>` heads what stands behind it."""
        if markup.strip() == BEGIN_OF_BOX:
            self.begin_part()
            return
        if markup.strip() == END_OF_BOX:
            self.end_part()
            return
        markup = _STRUCK_HTML.sub(self._strike, markup)
        self.left_out[_PICTURE] += len(_IMAGE.findall(markup))
        begin = 0
        for found in _DETAILS.finditer(markup):
            self._write_shown(markup[begin : found.start()])
            begin = found.end()
            if found["end"]:
                self.end_part()
            elif found["begin"]:
                self.begin_part()
            elif found["tab"]:
                self.begin_part()
                self.write_question(html.unescape(found["tab"]))
            elif asked := " ".join(_lines_of_html(found["summary"] or "")):
                self.write_question(asked)
        self._write_shown(markup[begin:])

    def _write_shown(self, markup: str) -> None:
        """Write what is seen of HTML, a table in its rows."""
        begin = 0
        for found in _TABLE.finditer(markup):
            self.write_block("paragraph", "\n".join(_lines_of_html(markup[begin : found.start()])))
            self.write_table(_rows_of_html(found["inside"]))
            begin = found.end()
        self.write_block("paragraph", "\n".join(_lines_of_html(markup[begin:])))

    def _strike(self, struck: re.Match[str]) -> str:
        self.left_out[_STRUCK_OUT] += len(_TAG.sub(" ", struck["inside"]).split())
        return ""

    def _write_list(self, node: SyntaxTreeNode) -> None:
        """Write a list; a link in an item is taken to begin where the item does."""
        items = ["\n".join(lines) for lines in _items(node, 0)]
        start = self.write_block("list", "\n".join(items))
        for item, text in zip(node.children, items, strict=True):
            self.targets += [LinkTarget(start, target.address) for target in _targets(item)]
            start += len(bare(text)) + 1


def _without_attributes(text: str) -> str:
    """A heading or paragraph without the attributes behind it, `{#id .class}` or `{: .class}`."""
    shown = text.rstrip()
    if not shown.endswith("}"):
        return text
    begin = shown.rfind("{")
    return shown[:begin].rstrip() if begin >= 0 and _ATTRIBUTES.fullmatch(shown, begin) else text


def _lines(node: SyntaxTreeNode, depth: int = 0) -> list[str]:
    """The lines of text that a block is made of, however deep they lie in it; `depth` is that of a list in lists."""
    match node.type:
        case "paragraph" if depth and (called := node.children[0].meta.get("callout")):
            return [called, *node.children[0].content.split("\n")]
        case "heading" | "paragraph":
            return node.children[0].content.split("\n")
        case "bullet_list" | "ordered_list":
            return [line for lines in _items(node, depth) for line in lines]
        case "table":
            rows = (row for part in node.children for row in part.children)
            return [
                f"| {' | '.join(' '.join(map(str.strip, _lines(cell))) for cell in row.children)} |" for row in rows
            ]
        case "th" | "td" | "dt":
            return [line for inline in node.children for line in inline.content.split("\n")]
        case "fence" | "code_block":
            return node.content.rstrip("\n").split("\n")
        case "math_block":
            return [in_a_line(node.content) or f"$$ {' '.join(node.content.split())} $$"]
        case "html_block":
            return _lines_of_html(node.content)
        case "dl":
            return _terms(node, depth)
    return [line for child in node.children for line in _lines(child, depth)]


def _targets(node: SyntaxTreeNode) -> list[LinkTarget]:
    """What the links in a block lead to; each begins so many characters behind the start of its own line of text."""
    if node.type == "inline":
        return list(node.meta["targets"])
    return [target for child in node.children for target in _targets(child)]


def _items(node: SyntaxTreeNode, depth: int) -> list[list[str]]:
    """The lines of each item of a list."""
    items: list[list[str]] = []
    for number, item in zip(_numbers(node), node.children, strict=True):
        bullet = "- " if node.type == "bullet_list" else f"{number}. "
        first, *others = [line for child in item.children for line in _lines(child, depth + 1)] or [""]
        items.append(["  " * depth + bullet + first.lstrip(), *others])
    return items


def _terms(node: SyntaxTreeNode, depth: int) -> list[str]:
    """A line for each term of a list of terms, with what it means behind it."""
    lines: list[str] = []
    for each in node.children:
        text = " ".join(line.strip() for line in _lines(each, depth + 1))
        if each.type == "dt" or not lines:
            lines.append(f"{'  ' * depth}- {text}")
        elif text:
            lines[-1] += f" {text}" if bare(lines[-1])[-1] in ":?.!;" else f": {text}"
    return lines


def _numbers(node: SyntaxTreeNode) -> list[int]:
    """The numbers of a list's items: as they are written, where none is less than the one before, else counted.

    CommonMark counts in any case; but an entry with the number 102 behind the one with 98 is not the 99th, nor is the
    one behind two with the number 3 the fifth. Where all have the same number, counting is meant.
    """
    counted = list(range(int(node.attrs.get("start", 1)), int(node.attrs.get("start", 1)) + len(node.children)))
    written = [int(item.info) for item in node.children if item.info.isdecimal()]
    is_rising = len(written) == len(counted) and all(a <= b for a, b in pairwise(written))
    return written if is_rising and len(set(written)) > 1 else counted


def _lines_of_html(markup: str) -> list[str]:
    """What a reader sees of a block of HTML: the text between its tags. What opens and is not closed stays text."""
    shown = _HIDDEN.sub(lambda found: "" if found["comment"] or found["end"] else found[0], markup)
    shown = _SUPERSCRIPT.sub(
        lambda each: marked_raised(each[2]) if each["name"].lower() == "sup" else marked_lowered(each[2]), shown
    )
    text = tight(plain(html.unescape(_TAG.sub(_in_place_of_tag, shown))))
    return [line.strip() for line in text.split("\n") if line.strip()]


def _rows_of_html(markup: str) -> list[str]:
    """The rows of what stands in a `<table>` of HTML, in which there is no other."""
    rows = Rows()
    lines: list[str] = []
    for row in _ROW.split(markup):
        cells = [
            Cell(
                " ".join(_lines_of_html(found["inside"])),
                _spanned(found["about"], "col"),
                _spanned(found["about"], "row"),
            )
            for found in _CELL.finditer(row)
        ]
        if line := rows.line(cells):
            lines.append(line)
    return lines


def _spanned(about: str, what: str) -> int:
    found = re.search(rf"\b{what}span\s{{0,9}}=\s{{0,9}}[\"']?(\d{{1,4}})", about, re.IGNORECASE)
    return int(found[1]) if found else 1


def _in_place_of_tag(tag: re.Match[str]) -> str:
    name = tag["name"] or ""
    if code := _CODE_TAG.match(tag[0]):
        return CODE_END if code["end"] else CODE
    if not name or _INSIDE_A_LINE.fullmatch(name):
        return ""
    return " " if name.lower() in {"td", "th"} else "\n"
