"""HTML to a Document: the text of the page itself, without what surrounds it on every page of its site.

The text is that of `<main>`, else of the only `<article>`, else, or where sentences stand beside these, of the body;
left out are scripts, navigation, fields of forms, what is struck out or hidden, and what names itself a menu, banner,
list of shares or the like. What a person opens with a click, as the answers of an accordion, is hidden only at first,
and stays. Runs of white space are one space, as a browser shows them. Headings, paragraphs, lists, tables and listings
stand as the Markdown reader writes them. A link from a marker to a note or an entry of a list on the same page,
`<sup><a href="#ref-3">3</a></sup>`, is written `[3]`.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from lxml import etree

from qa.errors import DamagedSourceError, NotTextError
from qa.model import Document, Reference
from qa.readers.formats.about import about_page, names_a_file, written
from qa.readers.formats.code import bare, marked_code, tight
from qa.readers.formats.decoding import decode
from qa.readers.formats.mathml import PARTS_OF_FORMULAS
from qa.readers.formats.numbering import counted
from qa.readers.formats.scripts import marked_lowered, marked_raised, plain
from qa.readers.formats.tables import Cell, Rows
from qa.readers.formats.writing import PlainText, SourceFile, is_question, without_invisible
from qa.readers.references.entries import is_bibliography, reference

__all__ = ["EPUB_TYPE", "OF_LINES", "HtmlWriter", "parsed_html", "read_html"]

_MOST_DROPPED = 0.5  # share of a page's text above which what calls itself a menu or banner is none
_LONGEST_NOTE = 5000  # characters
_FEWEST_WORDS = 20  # of a <main> or <article> that is the text

_OF_HEAD = frozenset(
    {"base", "basefont", "bgsound", "link", "meta", "noscript", "script", "style", "template", "title"}
)
_DROPPED = frozenset(
    {
        *(
            "script",
            "style",
            "noscript",
            "template",
            "head",
            "title",
            "meta",
            "link",
            "nav",
            "select",
        ),
        *("option", "input", "textarea", "iframe", "object", "embed", "svg", "canvas", "audio", "video", "dialog"),
        *("datalist", "map", "menu", "base", "param", "source", "track", "applet", "frameset", "noframes"),
        *("annotation", "annotation-xml"),
    }
)
_DROPPED_OUTSIDE = frozenset({"header", "footer", "aside"})  # of the main content
_QUOTED = frozenset({"blockquote", "figure", "dialog"})  # whose header and footer are their own
_DROPPED_ROLES = frozenset(
    {
        *("navigation", "banner", "contentinfo", "search", "complementary", "dialog", "alertdialog", "menu", "menubar"),
        *("toolbar", "tooltip", "doc-toc", "doc-backlink", "doc-pagelist", "doc-pagebreak"),
    }
)
_STRUCK = frozenset({"del", "s", "strike"})
_STRUCK_OUT, _HIDDEN, _AROUND = "word, struck out", "word, hidden on the page", "word of menus and banners"
_PICTURE, _FIELD, _RECORDING = "picture", "field of a form", "recording"
_TOLD = frozenset({_STRUCK_OUT, _HIDDEN, _RECORDING})
_DROPPED_AS = {
    **dict.fromkeys(("nav", "noscript", "menu", "dialog"), _AROUND),
    **dict.fromkeys(("svg", "canvas", "iframe", "object", "embed"), _PICTURE),
    **dict.fromkeys(("audio", "video"), _RECORDING),
    **dict.fromkeys(("input", "select", "textarea"), _FIELD),
}
_BUTTONS = frozenset({"hidden", "submit", "button", "reset", "image"})  # kinds of <input> that hold nothing
_LOOKED_AT = _DROPPED | _DROPPED_OUTSIDE | _STRUCK | {"button", "form"}  # whatever their attributes
_VOID = re.compile(  # elements without an end, which the parser takes to be around what follows; and ends before it
    r"</?(?:wbr|source|track|bgsound|keygen)(?:[\s/][^<>]{0,2000})?>|</(?:html|body)\s{0,9}>", re.IGNORECASE
)
_BOILERPLATE = re.compile(  # a class or id
    r"(?:(?:site|page|global|main|top|bottom|left|right|primary|secondary|header|footer|mw|mw-cite|cite|wp|md|docs?)[-_]?)?"
    r"(?:nav|navbar|navbox|navigation|menu|side-?bar|bread-?crumbs?|cookies?|cookie-?(?:banner|bar|notice|consent)"
    r"|advert|advertisement|ads?|newsletter|subscribe|skip-?link|toc"
    r"|table-of-contents|editsection|back-?links?|back-?ref|pagination|pager"
    r"|sr-only|visually-?hidden|screen-?reader-?text|headerlink|anchor-?link|jump-?link)"
    r"(?:[-_]?(?:container|wrapper|list|links?|bar|box|menu|inner|widget|section|block))?",
    re.IGNORECASE,
)
_PERHAPS_BOILERPLATE = re.compile(  # a class or id of what is left out unless it holds prose
    r"(?:share|sharing|social|social-?(?:media|share)|promo|related-?(?:posts|articles)|noprint)"
    r"(?:[-_]?(?:container|wrapper|list|links?|bar|box|menu|inner|widget|section|block|buttons?))?",
    re.IGNORECASE,
)
_OF_TEXT = re.compile(
    r"(?:article|post|entry|page|main|body|story)?[-_]?(?:article|body|content|entry|post|story|text)"
)
_TEXT_ITSELF = re.compile(r"(?:article|post|entry|story)(?:[-_]?(?:body|content|text))?", re.IGNORECASE)
_SHORTEST_PROSE, _LONG_PROSE = 40, 300  # characters outside of links: that are prose, and that are no sidebar
_MANY_SENTENCES = 0.1  # share of the words of a page above which sentences that are left out are told
_MOST_OUTSIDE = 0.1  # times its own prose that may stand outside of the element that alone is taken for the text
_HIDING = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_STRIKING = re.compile(r"(?:^|;)\s*text-decoration(?:-line)?\s*:[^;]*line-through", re.IGNORECASE)
_OPENED = re.compile(  # a class or id of what a click opens
    r"accordion|collaps|expand|faq|toggle|disclos|spoiler|panel|\btabs?\b|answer|reveal|\bmore\b|more-?(?:text|content)|read-?more",
    re.IGNORECASE,
)
_OPENER = re.compile(  # a class of what is clicked on, right above what that opens
    r"question(?!s|[-_]list)|\btoggle\b(?![-_])"
    r"|(?:faq|accordion|collaps\w*|disclosure|toggle|panel)[-_]*(?:title|head|header|heading|button|trigger)",
    re.IGNORECASE,
)
_TABS = frozenset({"tab", "pill"})
_TARGETS = ("aria-controls", "data-target", "data-bs-target", "href")
_OPENS = ("aria-controls", "data-target", "data-bs-target", "aria-owns", "href", "for")
_FIELD_OF_FORM = frozenset({"label", "legend", "button", "select", "textarea", "option", "datalist", "script", "style"})
_ASKING_FORM = re.compile(r"search|newsletter|subscri|log-?in|sign-?(?:in|up)|feedback|comment|contact|helpful", re.I)
_OF_SENTENCES = ("p", "li", "dd", "td", "blockquote", "figcaption")
_AROUND_PROSE = ("nav", "footer", "aside", "form", "noscript")
_FEWEST_OF_NOSCRIPT = 300  # characters of a text that stands there for programs that run no scripts
_SHORTEST_FORM, _SHORT_FORM = (
    25,
    300,
)  # characters outside of its fields: of any form, and of one that asks for something
_FEWEST_OF_BUTTON = 3  # words
_LONGEST_SUMMARY = 200  # characters
_ABOVE_TEXT = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "dt", "summary"})
_LIST_KINDS = {
    "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman", "1": "decimal",
    "lower-alpha": "lowerLetter", "lower-latin": "lowerLetter", "upper-alpha": "upperLetter",
    "upper-latin": "upperLetter", "lower-roman": "lowerRoman", "upper-roman": "upperRoman",
    "decimal-leading-zero": "decimalZero",
}  # fmt: skip
_LIST_STYLE = re.compile(r"list-style(?:-type)?\s*:\s*([\w-]+)", re.IGNORECASE)
_WHOLE = re.compile(r"\s*([+-]?\d{1,9})\s*")
OF_LINES = frozenset(
    {
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i"),
        *("img", "ins", "kbd", "label", "mark", "nobr", "output", "picture", "q", "rb", "ruby", "s", "samp", "small"),
        *(
            "slot",
            "button",
            "span",
            "strike",
            "strong",
            "sub",
            "sup",
            "time",
            "tt",
            "u",
            "var",
            "wbr",
            "br",
            "math",
            "rp",
            "rt",
            "meter",
            "progress",
        ),
        *("mi", "mn", "mo", "ms", "mtext", "mrow", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder"),
        *("mover", "munderover", "mstyle", "mpadded", "mspace", "menclose", "semantics", "mtable", "mtr", "mtd"),
        *("mmultiscripts", "mprescripts", "mphantom", "merror", "mlabeledtr"),
    }
)
_CODE = frozenset({"code", "kbd", "samp", "tt"})
_HEADING = re.compile(r"h[1-6]")
_WHITE = re.compile(r"[ \t\n\r\f]+")
_LABEL = re.compile(r"\[?\s*(\d{1,4}|[a-z]|[ivx]{1,5}|[*†‡§¶]{1,3})\s*\]?", re.IGNORECASE)
_BRACKETED_NUMBER = re.compile(r"\[\s*\d{1,4}\s*\]")
_NOTE_ROLES = frozenset({"doc-noteref", "noteref", "doc-biblioref"})
_ANCHOR = re.compile(r"[#¶§🔗]{1,2}")  # the text of a link behind a heading that leads to itself
_BACKLINK = re.compile(r"(?<![↩↑⤴^\ufe0e\ufe0f\s])[↩↑⤴^\ufe0e\ufe0f\s]++\Z|\A[↩↑⤴^\s]+")

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_PAGE = re.compile(rb"<(?:!doctype html|html|head|body)[\s>]", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MOST_BROKEN = 0.002  # share of a page's characters
_HEAD = 4096  # bytes in which a page says its encoding
_DEEPEST = 256  # elements within one another
_IS_TOO_DEEP = etree.XPath(f"boolean({'/*' * (_DEEPEST + 1)})")


def read_html(file: SourceFile) -> list[Document]:
    """The document that a page is.

    Its title is the first heading of level 1, where the head says the same or nothing; else what the head says.

    Raises:
        NotTextError: for what is no text.
        DamagedSourceError: for what cannot be parsed to its end, or is nested too deeply.
    """
    root = parsed_html(_text(file), file.path)
    for link in root.iter("a"):
        if (link.get("href") or "").startswith("#") and _ANCHOR.fullmatch((link.text or "").strip()):
            link.text = ""
    about = about_page(root)
    content, main = _content(root)
    said = (about.title, _only_heading(content), _title_element(root))
    title = next((each for each in said if each and not names_a_file(each)), None)
    has_many = title is None and sum(1 for each in content.iter("h1") if _heading_text(each)) > 1
    given = "" if has_many else _as_headed(title, content)
    page = HtmlWriter(content, given_title=given, main=main)
    page.write_all()
    page.tell_what_is_left_out(file)
    if content is main:
        beside = _words_of_sentences(next(root.iter("body"), root)) - _words_of_sentences(content)
        is_much = beside > _MANY_SENTENCES * sum(len(piece.split()) for piece in page.pieces)
        file.leave_out(beside, "word in sentences, outside of the main part", is_told=is_much)
    return [page.document(file, replace(about, title=file.name if has_many else title), references=page.references())]


def parsed_html(text: str, path: Path) -> etree._Element:
    """The tree of a page, as forgiving as a browser is. An empty page gives an empty body.

    Raises:
        DamagedSourceError: for what is nested too deeply, and for what the parser would leave the rest out of.
        MemoryError: where there is too little for the tree, of which the parser leaves the rest out as well.
    """
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = etree.fromstring(_VOID.sub("", text).replace("\0", "\ufffd").encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        root = None
    given_up = parser.error_log.filter_from_fatals()
    if any(error.type == etree.ErrorTypes.ERR_NO_MEMORY for error in given_up):
        raise MemoryError
    if root is not None and _IS_TOO_DEEP(root):
        raise DamagedSourceError(path, kind="HTML", reason=f"its elements are nested more than {_DEEPEST} deep")
    if given_up:
        raise DamagedSourceError(path, kind="HTML", reason=f"its parser gave it up ({given_up[0].message[:80]})")
    if root is None:
        return etree.fromstring("<html><body/></html>", parser)
    _end_head(root)
    return root


def _end_head(root: etree._Element) -> None:
    """Put into the body what stands in the head and does not belong there: a browser ends the head before it, which
    the parser does not where it does not know the element (`<title>…</title><main>…`)."""
    head = root.find("head")
    children = [] if head is None else list(head)
    first = next((place for place, each in enumerate(children) if each.tag not in _OF_HEAD), len(children))
    if moved := children[first:]:
        body = root.find("body")
        if body is None:
            body = etree.SubElement(root, "body")
        moved[-1].tail, body.text = f"{moved[-1].tail or ''}{body.text or ''}", None
        body[:0] = moved


class HtmlWriter(PlainText):
    """The text of a part of a page as it is written. Several parts may follow one another: the chapters of a book."""

    def __init__(
        self, content: etree._Element, *, given_title: str | None = None, main: etree._Element | None = None
    ) -> None:
        """`main` is the part of the content, or all of it, that nothing of the site surrounds."""
        super().__init__(given_title)
        self._left_out: Counter[str] = Counter()  # words, by why
        self._sentences_left_out = 0  # words
        self._counted: set[etree._Element] = set()
        self.elsewhere: dict[tuple[str, str], str] = {}  # what markers read that lead to other files, by file and id
        self._take(content, main)

    def _take(self, content: etree._Element, main: etree._Element | None) -> None:
        self._content = content
        self._main = main
        self._counted.clear()
        self._opened: frozenset[str] | None = None  # the ids of what a click opens, once they are asked for
        self._most_is_hidden: bool | None = None  # once it is asked for
        self._tabs = _tabs(content)  # what is clicked on, by the id of what it opens
        self._sizes = _sizes(content)
        self._labels = _note_labels(content)  # what a link reads, by the id that it leads to
        self._notes: dict[str, str] = {}
        self._noted: dict[etree._Element, str] = {}  # the text of each element that is a note
        self._anchors: Counter[etree._Element] = Counter()  # how many labels each of these has
        self._is_noting = False

    def write_chapter(self, content: etree._Element) -> None:
        """Write one more part, whose notes are its own."""
        self._take(content, content)
        self.write_all()

    def write_all(self) -> None:
        """Write the part, and end its last section."""
        self._write_inside(self._content)
        self.end_section()

    def tell_what_is_left_out(self, file: SourceFile) -> None:
        """Count what is left out. How much of the text is struck out or hidden is noted; how much stands around it,
        where that is most of the page."""
        for what, count in self._left_out.items():
            file.leave_out(count, what, is_told=what in _TOLD)
        around = self._left_out[_AROUND]
        written = sum(len(piece.split()) for piece in self.pieces)
        if around > written:
            file.note(
                f"{_words(around)} are left out as menus, banners, forms and the like, which is most of the page."
            )
        elif self._sentences_left_out > _MANY_SENTENCES * written:
            file.note(f"{_words(self._sentences_left_out)} in sentences are left out as banners, forms and the like.")

    def references(self) -> list[Reference]:
        """The notes that markers of the part link to, each with what it is marked by."""
        return [reference(label, text) for label, text in self._notes.items() if text]

    def _write_inside(self, parent: etree._Element) -> None:
        """The blocks of an element; what stands between them is a paragraph."""
        run: list[str] = []

        def end_run() -> None:
            self.write_block("paragraph", _tidy("".join(run)))
            run.clear()

        opened: etree._Element | None = None  # what stands under what is clicked on to open it
        run.append(_one_space(parent.text))
        for child in parent:
            if isinstance(child.tag, str) and not self._is_dropped(child):
                if (panel := self._panel_of(child)) is not None:
                    end_run()
                    self.write_question(self._in_a_line(child))
                    opened = panel
                elif self._is_inline(child):
                    run.append(self._inline(child))
                else:
                    end_run()
                    self._write_element(child)
                    if child is opened:
                        self.end_question()
            run.append(_one_space(child.tail))
        end_run()

    def _in_a_line(self, element: etree._Element) -> str:
        return " ".join(_tidy(self._inline(element)).split())

    def _panel_of(self, element: etree._Element) -> etree._Element | None:
        """What stands right under an element that is clicked on to open it, as the answer of an accordion under its
        question."""
        if element.tag != "button" and "class" not in element.attrib:
            return None
        is_opener = element.tag == "button" or _OPENER.search((element.get("class") or "")[:1000])
        if not is_opener or element.tag in _ABOVE_TEXT or not self._is_leaf(element):
            return None
        size = self._sizes.get(element, 0)
        panel = next((each for each in element.itersiblings() if isinstance(each.tag, str)), None)
        if panel is None or not 0 < size <= _LONGEST_SUMMARY or (element.tail or "").strip():
            return None
        holds = self._sizes.get(panel, 0) and panel.tag in {"div", "p", "section", "ul", "ol", "dl", "table", "article"}
        is_opener = bool(_OPENER.search((panel.get("class") or "")[:1000])) and self._sizes.get(panel, 0) <= size
        return panel if holds and not is_opener and not self._is_dropped(panel) else None

    def _is_leaf(self, element: etree._Element) -> bool:
        """Whether there is nothing but a line in an element."""
        return all(_is_of_line(each.tag) or each.tag in _DROPPED for each in element.iterdescendants(etree.Element))

    def _write_element(self, element: etree._Element) -> None:
        if self._are_notes(element):
            self._write_notes(element)
            return
        self._keep_note(element)
        tag = element.tag
        if self._tabs and (label := self._tabs.pop(element.get("id") or "", "")):
            self.write_question(label)
            self._write_element(element)
            self.end_question()
        elif _HEADING.fullmatch(tag):
            self.write_heading(int(tag[1]), " ".join(_tidy(self._inline(element)).split()))
        elif tag == "details":
            self._write_details(element)
        elif tag == "dl" and _asks(element):
            for each in _parts_of_definitions(element):
                if self._is_dropped(each):
                    continue
                if each.tag == "dt":
                    self.write_question(" ".join(_tidy(self._inline(each)).split()))
                else:
                    self._write_element(each)
            self.end_question()
        elif tag in {"p", "div"} and _begins_with_bold_question(element) and self._is_leaf(element):
            asked, whole = self._in_a_line(element[0]), _tidy(self._inline(element))
            self.write_question(asked)
            self.write_block("paragraph", whole[len(asked) :].strip())
        elif _is_list(element) and not _holds_headings(element):
            if not self._is_contents(element):
                self.write_block("list", "\n".join(self._list(element)))
            elif element not in self._counted:
                self._counted.add(element)
                self._left_out[_AROUND] += len(" ".join(element.itertext()).split())
        elif tag == "table" and not _is_layout(element):
            for caption in element.iter("caption"):
                self.write_block("paragraph", " ".join(_tidy(self._inline(caption)).split("\n")))
            self.write_table(self._rows(element))
        elif tag == "pre":
            self.write_block("code", without_invisible("".join(element.itertext())).strip("\n").rstrip())
        else:
            self._write_inside(element)

    def _write_details(self, element: etree._Element) -> None:
        """Write what a click opens under what is to be clicked on."""
        summary = next((each for each in element if each.tag == "summary"), None)
        if summary is not None and not _holds_headings(summary):
            asked = " ".join(_tidy(self._inline(summary)).split())
            if asked and len(asked) <= _LONGEST_SUMMARY:
                self.write_question(asked)
                element.remove(summary)  # its tail is white space, or text that a browser shows as well
                element.text = f"{element.text or ''}{summary.tail or ''}"
        self._write_inside(element)
        self.end_question()

    def _are_notes(self, element: etree._Element) -> bool:
        """Whether an element is a note that a marker leads to, or made of such notes, under no heading that says so."""
        if element.tag in OF_LINES or _holds_headings(element) or any(map(is_bibliography, self.headings_above)):
            return False
        if element.get("id") in self._labels:
            return self._sizes.get(element, 0) <= _LONGEST_NOTE
        children = [each for each in element if isinstance(each.tag, str) and each.tag not in {"hr", "br"}]
        if len(children) == 1:
            return self._are_notes(children[0])
        noted = sum(1 for each in children if each.tag not in OF_LINES and each.get("id") in self._labels)
        return 2 * noted > len(children) and not (element.text or "").strip()

    def _write_notes(self, element: etree._Element) -> None:
        """Write notes in no section, each in a line with its label, and what stands among them in lines without."""
        self.end_section()
        labelled = [each for each in element.iter(etree.Element) if each.get("id") in self._labels]
        parted = {around for each in labelled for around in each.iterancestors()}
        waiting = [element]
        while waiting:
            each = waiting.pop()
            label = self._labels.get(each.get("id") or "")
            if label is not None:
                self._keep_note(each)
            if label is None and each in parted:
                waiting += [inner for inner in reversed(each) if isinstance(inner.tag, str)]
            elif label is not None and self._notes.get(label):
                self._write(f"[{label}] {self._notes[label]}")
            elif not self._is_dropped(each) and (text := " ".join(_tidy(self._inline(each)).split())):
                self._write(text)

    def _is_dropped(self, element: etree._Element) -> bool:
        """Whether an element is left out, which is counted."""
        if element.tag not in _LOOKED_AT and not element.attrib:
            return False
        why = self._why_dropped(element)
        if why and element not in self._counted:
            self._counted.add(element)
            if why == _AROUND:
                self._sentences_left_out += _words_of_sentences(element)
            is_one = why in (_PICTURE, _FIELD, _RECORDING)
            self._left_out[why] += 1 if is_one else len("".join(element.itertext()).split())
        return why is not None

    def _why_dropped(self, element: etree._Element) -> str | None:
        """What an element counts as that is left out: empty for what is no text; None where it is not left out."""
        tag = element.tag
        if tag in _DROPPED:
            is_open = (tag == "dialog" and "open" in element.attrib) or (
                tag == "noscript" and self._sizes.get(element, 0) >= _FEWEST_OF_NOSCRIPT
            )
            is_empty = tag == "input" and (element.get("type") or "").lower() in _BUTTONS
            return None if is_open else "" if is_empty else _DROPPED_AS.get(tag, "")
        attributes = element.attrib
        style = (attributes.get("style") or "")[:500]
        if tag in _STRUCK or (style and _STRIKING.search(style)):
            return _STRUCK_OUT
        if attributes.get("aria-hidden") == "true" and _stands_for_formula(element):
            return ""
        is_hidden = (
            "hidden" in attributes
            or (attributes.get("aria-hidden") == "true" and tag not in OF_LINES)
            or (style and _HIDING.search(style))
        )
        if is_hidden and next(element.iter("math"), None) is not None:
            return None  # beside a picture of the formula, which is seen
        if is_hidden and not self._opens(element) and not self._is_shown_by_script():
            return _HIDDEN
        if tag == "button" and not _is_text_of_button(element) and self._panel_of(element) is None:
            return ""
        if self._tabs and _is_tab(element) and _target_of(element) in self._tabs:
            return ""
        if tag == "form" and not self._is_text_of_form(element):
            return _AROUND
        return _AROUND if self._surrounds(element) else None

    def _opens(self, element: etree._Element) -> bool:
        """Whether what is hidden is so only until a person opens it: an answer, a tab, a part of an accordion."""
        if element.tag == "dd" or element.get("role") == "tabpanel" or element.get("hidden") == "until-found":
            return True
        if self._opened is None:
            self._opened = _opened(self._content)
        if element.get("id") in self._opened or element.get("aria-labelledby"):
            return True
        for each in (element, *element.iterancestors()):
            if each is self._content:
                return False
            if _OPENED.search(f"{each.get('class') or ''} {each.get('id') or ''}"[:1000]):
                return True
        return False

    def _is_shown_by_script(self) -> bool:
        """Whether what is hidden is more than half of the text, as where a script shows the page once it is loaded."""
        if self._most_is_hidden is None:
            hidden = 0
            waiting = [self._content]
            while waiting:
                each = waiting.pop()
                style = (each.get("style") or "")[:500]
                if "hidden" in each.attrib or (style and _HIDING.search(style)):
                    hidden += self._sizes.get(each, 0)
                else:
                    waiting += [child for child in each if isinstance(child.tag, str)]
            self._most_is_hidden = hidden > _MOST_DROPPED * self._sizes.get(self._content, 0)
        return self._most_is_hidden

    def _is_text_of_form(self, form: etree._Element) -> bool:
        """Whether a form holds text, as a page that is a form altogether does, and not fields alone."""
        fields = [each for each in form.iter(*_FIELD_OF_FORM) if each.getparent().tag not in _FIELD_OF_FORM]
        own = self._sizes.get(form, 0) - sum(self._sizes.get(each, 0) for each in fields)
        names = " ".join(form.get(name) or "" for name in ("class", "id", "action", "name", "role"))[:1000]
        return own >= (_SHORT_FORM if _ASKING_FORM.search(names) else _SHORTEST_FORM)

    def _surrounds(self, element: etree._Element) -> bool:
        """Whether an element is one of those around the text, by what it is or calls itself."""
        tag = element.tag
        attributes = element.attrib
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"[:1000]
        surrounds = (
            (attributes.get("role") or "").lower() in _DROPPED_ROLES
            or "pagebreak" in (attributes.get(EPUB_TYPE) or "")
            or (tag in _DROPPED_OUTSIDE and not self._is_in_main(element) and not self._is_its_own(element))
            or (
                any(map(_BOILERPLATE.fullmatch, names.split()))
                and not any(map(_OF_TEXT.fullmatch, (attributes.get("class") or "")[:1000].split()))
                and not ("side" in names.lower() and self._is_prose(element, _LONG_PROSE))
            )
            or (any(map(_PERHAPS_BOILERPLATE.fullmatch, names.split())) and not self._is_prose(element))
        )
        whole = self._sizes.get(self._content, 0)
        return surrounds and not _HEADING.fullmatch(tag) and self._sizes.get(element, 0) <= _MOST_DROPPED * whole

    def _is_in_main(self, element: etree._Element) -> bool:
        """Whether an element stands in the part that nothing of the site surrounds."""
        return self._main is self._content or (self._main is not None and self._main in element.iterancestors())

    def _is_its_own(self, element: etree._Element) -> bool:
        """Whether a head, foot or aside is one of the text and not of the page: the head of an article or with a
        sentence, an aside with several."""
        if element.getparent().tag in _QUOTED:
            return True
        if element.tag == "header":
            return next(element.iterancestors("article"), None) is not None or self._is_prose(element)
        return element.tag == "aside" and self._is_prose(element, _LONG_PROSE)

    def _is_prose(self, element: etree._Element, least: int = _SHORTEST_PROSE) -> bool:
        """Whether more of an element's text stands outside of links than in them, and enough for a sentence."""
        linked = sum(self._sizes.get(each, 0) for each in element.iter("a"))
        own = self._sizes.get(element, 0) - linked
        return own >= max(least, linked)

    def _is_inline(self, element: etree._Element) -> bool:
        """Whether an element runs on in its line: by its kind, and as no block stands in it."""
        return _is_of_line(element.tag) and all(
            _is_of_line(each.tag) or each.tag in _DROPPED for each in element.iterdescendants(etree.Element)
        )

    def _inline(self, element: etree._Element) -> str:
        """The text of an element in its line, with `\\n` for a forced break only."""
        self._keep_note(element)
        tag = element.tag
        if tag == "br":
            return "\n"
        if tag in {"rp", "rt", "img", "wbr"}:
            if tag == "img" and element not in self._counted:
                self._counted.add(element)
                self._left_out[_PICTURE] += 1
            return ""
        if (label := self._marker(element)) is not None:
            return f"[{label}]"
        if tag in PARTS_OF_FORMULAS:
            return PARTS_OF_FORMULAS[tag](*[self._inline(each) for each in element if isinstance(each.tag, str)])
        pieces = [_one_space(element.text)]
        for child in element:
            if isinstance(child.tag, str) and not self._is_dropped(child):
                inside = self._inline(child)
                pieces.append(inside if _is_of_line(child.tag) else f"\n{inside}\n")
            pieces.append(_one_space(child.tail))
        text = "".join(pieces)
        if tag == "q" and text.strip():
            return f"“{text}”"
        if tag in _CODE:
            return marked_code(text)
        return marked_raised(text) if tag == "sup" else marked_lowered(text) if tag == "sub" else text

    def _marker(self, element: etree._Element) -> str | None:
        """The label of the note that an element is the link to: a link in raised type, or one said to be a marker."""
        if element.tag == "sup":
            links = [each for each in element if each.tag == "a"]
            if len(links) == 1 and "".join(element.itertext()).strip() == "".join(links[0].itertext()).strip():
                return self._marker_of(links[0])
        elif element.tag == "a" and (_is_note_link(element) or _is_raised(element)):
            return self._marker_of(element)
        return None

    def _marker_of(self, link: etree._Element) -> str | None:
        address, _, target = (link.get("href") or "").rpartition("#")
        label = _LABEL.fullmatch("".join(link.itertext()).strip())
        if label and address and target and (_is_note_link(link) or _is_raised(link)):
            self.elsewhere.setdefault((address, target), label[1])
            return label[1] if _is_note_link(link) else None
        return label[1] if label and target in self._labels else None

    def _keep_note(self, element: etree._Element) -> None:
        """Keep the text of an element that a marker leads to; of an empty anchor, that of the element around it.

        Several anchors in an element have its text each, as long as that is no more than one note may be. While a note
        is being read, no other is kept.
        """
        label = self._labels.get(element.get("id") or element.get("name") or "")
        if label is None or label in self._notes or self._is_noting:
            return
        noted = element
        while noted.tag in OF_LINES and noted.getparent() is not None and noted is not self._content:
            noted = noted.getparent()
        self._notes[label] = ""
        if self._sizes.get(noted, 0) > _LONGEST_NOTE:
            return
        if noted not in self._noted:
            self._is_noting = True
            self._noted[noted] = bare(" ".join(_tidy(self._inline(noted)).split()))
            self._is_noting = False
        text = self._noted[noted]
        self._anchors[noted] += 1
        if self._anchors[noted] * len(text) <= _LONGEST_NOTE:
            self._notes[label] = _BACKLINK.sub("", text.removeprefix(f"[{label}]").removeprefix(f"{label}.")).strip()

    def _list(self, element: etree._Element, depth: int = 0) -> list[str]:
        return self._definitions(element, depth) if element.tag == "dl" else self._items(element, depth)

    def _items(self, element: etree._Element, depth: int) -> list[str]:
        lines = _loose_lines(element.text)
        items = [each for each in element if isinstance(each.tag, str) and not _is_list(each)]
        step = -1 if "reversed" in element.attrib else 1
        number = _number(element.get("start"), len(items) if step < 0 else 1)
        for item in element:
            if _is_list(item):
                lines += self._list(item, depth + 1)
            elif isinstance(item.tag, str) and not self._is_dropped(item):
                number = _number(item.get("value"), number)
                bullet = f"{counted(number, _kind_of_list(element, item))}. " if element.tag == "ol" else "- "
                first, *others = self._lines(item, depth) or [""]
                if first or others:
                    lines += ["  " * depth + bullet + first, *others]
                number += step
            lines += _loose_lines(item.tail)
        return lines

    def _definitions(self, element: etree._Element, depth: int) -> list[str]:
        """A line for each term, with what it means behind it, and the lists in it further in."""
        lines: list[str] = []
        term: int | None = None  # the number of the line of the last term
        for each in _parts_of_definitions(element):
            if self._is_dropped(each):
                continue
            if _is_list(each):
                lines += self._list(each, depth + 1)
                continue
            inside = self._lines(each, depth)
            own = list(takewhile(lambda line: not line.startswith(" "), inside))
            text = " ".join(own)
            if each.tag == "dt" or term is None:
                term = len(lines)
                lines.append(f"{'  ' * depth}- {text}")
            elif text:
                lines[term] += f" {text}" if bare(lines[term]).endswith(":") else f": {text}"
            lines += inside[len(own) :]
        return lines

    def _lines(self, item: etree._Element, depth: int) -> list[str]:
        """The lines of an item: its text, and the lists in it further in."""
        self._keep_note(item)
        lines: list[str] = []
        run = [_one_space(item.text)]

        def end_run() -> None:
            lines.extend(line for line in _tidy("".join(run)).split("\n") if line)
            run.clear()

        for child in item:
            if isinstance(child.tag, str) and not self._is_dropped(child):
                if _is_list(child):
                    end_run()
                    lines += self._list(child, depth + 1)
                elif self._is_inline(child):
                    run.append(self._inline(child))
                else:
                    end_run()
                    lines += self._within_cell(child) if child.tag == "table" else self._lines(child, depth)
            run.append(_one_space(child.tail))
        end_run()
        return lines

    def _rows(self, table: etree._Element) -> list[str]:
        """A line in bars for each row; the text of a table in a cell stands in the cell."""
        rows = Rows()
        lines: list[str] = []
        for row in _rows_of(table):
            cells = [
                Cell(
                    " ".join(map(str.strip, self._lines(cell, 0))),
                    _number(cell.get("colspan"), 1),
                    _number(cell.get("rowspan"), 1),
                )
                for cell in row
                if cell.tag in {"td", "th"} and not self._is_dropped(cell)
            ]
            if line := rows.line(cells):
                lines.append(line)
        return lines

    def _within_cell(self, table: etree._Element) -> list[str]:
        """The rows of a table in a cell or item, whose own bars would be taken for those around it."""
        return ["; ".join(row.removeprefix("| ").removesuffix(" |").replace(" | ", " ") for row in self._rows(table))]

    def _is_contents(self, element: etree._Element) -> bool:
        """Whether a list is the page's table of contents, or the links around the text."""
        links = [each for each in element.iter("a") if each.get("href")]
        if len(links) < 3 or any(map(is_bibliography, self.headings_above)):
            return False
        size = self._sizes.get(element, 0)
        linked = sum(self._sizes.get(each, 0) for each in links)
        is_all_links = linked >= 0.9 * size
        stays = all((each.get("href") or "").startswith("#") for each in links)
        return is_all_links and (stays or not (self._is_in_main(element) or _is_in_text(element)))


def _is_in_text(element: etree._Element) -> bool:
    """Whether something around an element calls itself the text of the page."""
    names = (f"{each.get('class') or ''} {each.get('id') or ''}"[:1000] for each in element.iterancestors())
    return any(_TEXT_ITSELF.fullmatch(name) for each in names for name in each.split())


def _text(file: SourceFile) -> str:
    """The text of a page. As in a browser, what breaks its encoding here and there is a mark, and control characters
    are nothing; that is noted."""
    try:
        return _decoded(file.data, file.path)
    except NotTextError:
        if not _PAGE.search(file.data, 0, _HEAD):
            raise
        shown = file.data.decode("utf-8", "replace")
        broken, controls = shown.count("\ufffd"), len(_CONTROL.findall(shown))
        if broken + controls > _MOST_BROKEN * len(shown):
            raise
        if broken:
            file.note(f"{broken:,} {'place breaks' if broken == 1 else 'places break'} its encoding: a � stands there.")
        if controls:
            file.note(f"{controls:,} control {'character is' if controls == 1 else 'characters are'} left out.")
        return _CONTROL.sub("", shown)


def _decoded(data: bytes, path: Path) -> str:
    """The text of a page: in UTF-8 where it can be, else in the encoding that it says it has, else as any text."""
    try:
        return decode(data.decode("utf-8-sig").encode(), path)
    except UnicodeDecodeError:
        said = _META_CHARSET.search(data, 0, _HEAD)
        try:
            name = codecs.lookup(said[1].decode()).name if said else ""
            name = "cp1252" if name in {"iso8859-1", "ascii"} else name
            return (
                decode(data.decode(name).encode(), path) if name and not name.startswith("utf") else decode(data, path)
            )
        except (LookupError, UnicodeError, AttributeError):
            return decode(data, path)


def _content(root: etree._Element) -> tuple[etree._Element, etree._Element | None]:
    """The element that holds the text, and the one that is the main part of it: the only `<main>`, or the only
    `<article>` that is around it or there without one. That holds the text, unless sentences stand beside it or it is
    headed outside: then the body does."""
    body = next(root.iter("body"), root)
    mains = [each for each in body.iter(etree.Element) if each.tag == "main" or each.get("role") == "main"]
    articles = list(body.iter("article"))
    if len(mains) == len(articles) == 1 and articles[0] in mains[0].iterancestors("article"):
        mains = []
    main = around = None
    for found in (mains, articles):
        if len(found) == 1 and len("".join(found[0].itertext()).split()) >= _FEWEST_WORDS:
            inside = _prose(found[0])
            around = _prose(body) if around is None else around
            if around - inside <= _MOST_OUTSIDE * inside and not _is_headed_outside(found[0], body):
                return found[0], found[0]
            main = found[0] if main is None else main
    return body, main


def _is_headed_outside(content: etree._Element, body: etree._Element) -> bool:
    """Whether the only highest heading of a page stands outside of its text, with a sentence below that leads in."""
    headings = list(body.iter("h1"))
    if len(headings) != 1 or content in headings[0].iterancestors():
        return False
    around = headings[0].getparent()
    while around is not None and around.tag not in {"header", "section", "body"}:
        around = around.getparent()
    return (
        around is not None and around.tag != "body" and content not in around.iter(content.tag) and _prose(around) > 0
    )


def _words_of_sentences(element: etree._Element) -> int:
    """How many words the paragraphs, items and cells of an element have that are sentences, and no lines of links."""
    total = 0
    for each in element.iter(*_OF_SENTENCES):
        if each.tag != "p" and len(each) and next(each.iterdescendants(*_OF_SENTENCES), None) is not None:
            continue
        text = "".join(each.itertext())
        if len(text) < _SHORTEST_PROSE:
            continue
        linked = sum(len("".join(link.itertext())) for link in each.iter("a")) if len(each) else 0
        if len(text.strip()) - linked >= max(_SHORTEST_PROSE, linked):
            total += len(text.split())
    return total


def _prose(element: etree._Element) -> int:
    """How many characters the sentences of an element have: the text of its paragraphs outside of links, and of what
    surrounds the text of a page by its name."""
    total = 0
    for each in element.iter("p"):
        own = "".join(each.itertext()).strip()
        if len(own) < _SHORTEST_PROSE:
            continue
        linked = sum(len("".join(link.itertext())) for link in each.iter("a")) if len(each) else 0
        if len(own) - linked >= _SHORTEST_PROSE and next(each.iterancestors(*_AROUND_PROSE), None) is None:
            total += len(own) - linked
    return total


def _only_heading(content: etree._Element) -> str | None:
    found = [each for each in content.iter("h1") if _heading_text(each)]
    return _heading_text(found[0]) if len(found) == 1 else None


def _heading_text(heading: etree._Element) -> str:
    return written("".join(heading.itertext()))


def _title_element(root: etree._Element) -> str | None:
    return next((text for each in root.iter("title") if (text := written("".join(each.itertext())))), None)


def _as_headed(title: str | None, content: etree._Element) -> str | None:
    """The title as the first heading of level 1 has it, where that is the title or a part of it, or has more."""
    heading = next((text for each in content.iter("h1") if (text := _heading_text(each))), None)
    if title and heading and (heading.lower() in title.lower() or title.lower() in heading.lower()):
        return heading
    return title or heading or ""


def _sizes(content: etree._Element) -> dict[etree._Element, int]:
    """How many characters of text each element holds, but for scripts and styles."""
    sizes: dict[etree._Element, int] = {}
    for _, element in etree.iterwalk(content, events=("end",)):
        own = 0 if element.tag in {"script", "style", "noscript", "template"} else len((element.text or "").strip())
        sizes[element] = own + sum(sizes.get(child, 0) + len((child.tail or "").strip()) for child in element)
    return sizes


def _note_labels(content: etree._Element) -> dict[str, str]:
    """What the markers read that lead to notes of the page, by the id of the note.

    A label leads to the first place that it links to, so that the way back from a note to its marker is none; nor is a
    place that is a link itself.
    """
    places = {name: each for each in content.iter(etree.Element) if (name := each.get("id") or each.get("name"))}
    found: dict[str, str] = {}
    known: dict[str, str] = {}
    for link in content.iter("a"):
        target = (link.get("href") or "").rpartition("#")[2]
        text = "".join(link.itertext()).strip()[:20]
        label = _LABEL.fullmatch(text)
        place = places.get(target)
        if label is None or place is None or place.tag == "sup" or place.get("href") is not None:
            continue
        is_marker = _is_note_link(link) or _is_raised(link) or _BRACKETED_NUMBER.fullmatch(text)
        if is_marker and known.setdefault(label[1], target) == target:
            found[target] = label[1]
    return found


def _is_note_link(link: etree._Element) -> bool:
    kinds = f"{link.get('role') or ''} {link.get('epub:type') or ''} {link.get(EPUB_TYPE) or ''}"
    return not _NOTE_ROLES.isdisjoint(kinds.lower().split())


EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"


def _is_raised(link: etree._Element) -> bool:
    around = link.getparent()
    return any(each.tag == "sup" for each in link) or (around is not None and around.tag == "sup")


def _asks(element: etree._Element) -> bool:
    """Whether a list of terms is one of questions with their answers."""
    terms = ["".join(each.itertext()).strip() for each in element.iter("dt")]
    return bool(terms) and all(is_question(each) for each in terms)


def _begins_with_bold_question(element: etree._Element) -> bool:
    """Whether an element begins with a question in bold type."""
    if not len(element) or element[0].tag not in {"b", "strong"} or (element.text or "").strip():
        return False
    return is_question(" ".join("".join(element[0].itertext()).split()))


def _stands_for_formula(element: etree._Element) -> bool:
    """Whether an element draws the formula that stands beside it in MathML."""
    around = element.getparent()
    is_drawn = _is_of_line(element.tag) and next(element.iter("math"), None) is None
    return is_drawn and around is not None and next(around.iter("math"), None) is not None


def _is_tab(element: etree._Element) -> bool:
    """Whether an element is clicked on to see one of several parts of a page."""
    kind = element.get("data-toggle") or element.get("data-bs-toggle")
    return element.get("role") == "tab" or kind in _TABS


def _target_of(element: etree._Element) -> str:
    """The id of what a click on an element opens."""
    for each in (element, *element.iterdescendants("a", "button")):
        for name in _TARGETS:
            if (place := each.get(name)) and (name == "aria-controls" or "#" in place):
                return str(place.rpartition("#")[2])
    return ""


def _tabs(content: etree._Element) -> dict[str, str]:
    """What is clicked on to see a part of a page, by the id of the part: a tab, a button over what it opens."""
    found: dict[str, str] = {}
    for each in content.iter(etree.Element):
        if not each.attrib or not (
            _is_tab(each)
            or (each.tag == "button" and "aria-expanded" in each.attrib and "aria-controls" in each.attrib)
        ):
            continue
        text = " ".join("".join(each.itertext()).split())
        is_headed = any(above.tag in _ABOVE_TEXT for above in each.iterancestors())
        if (target := _target_of(each)) and text and len(text) <= _LONGEST_SUMMARY and not is_headed:
            found.setdefault(target, without_invisible(text))
    if found:
        there = {each.get("id") for each in content.iter(etree.Element)}
        return {target: text for target, text in found.items() if target in there}
    return found


def _opened(content: etree._Element) -> frozenset[str]:
    """The ids of what other elements of a page open: the panels of tabs, the answers of questions."""
    return frozenset(
        place.rpartition("#")[2]
        for each in content.iter(etree.Element)
        for name in _OPENS
        if (place := each.get(name)) and (name != "href" or place.startswith("#"))
    )


def _is_of_line(tag: str) -> bool:
    """Whether an element of this name stands in a line, as one of the page's own making (`x-tooltip`) does as well."""
    return tag in OF_LINES or "-" in tag


def _is_text_of_button(button: etree._Element) -> bool:
    """Whether a button opens what it is the heading or question of, and so is text, and not a command."""
    text = "".join(button.itertext()).strip()
    above = button.getparent()
    return (
        text.endswith("?")
        or (above is not None and (_HEADING.fullmatch(above.tag) is not None or above.tag in {"dt", "summary"}))
        or (
            len(text.split()) >= _FEWEST_OF_BUTTON
            and ("aria-expanded" in button.attrib or _OPENED.search((button.get("class") or "")[:1000]) is not None)
        )
    )


def _number(text: str | None, default: int) -> int:
    whole = _WHOLE.fullmatch(text or "")
    return int(whole[1]) if whole else default


def _kind_of_list(element: etree._Element, item: etree._Element) -> str:
    """The kind of a list's numbers, as `counted` has them."""
    for each in (item, element):
        style = _LIST_STYLE.search((each.get("style") or "")[:500])
        kind = style[1].lower() if style else (each.get("type") or "").strip()
        if kind in _LIST_KINDS:
            return _LIST_KINDS[kind]
    return "decimal"


def _words(count: int) -> str:
    return "1 word" if count == 1 else f"{count:,} words"


def _holds_headings(element: etree._Element) -> bool:
    return next(element.iter("h1", "h2", "h3", "h4", "h5", "h6"), None) is not None


def _is_list(element: etree._Element) -> bool:
    return element.tag in {"ul", "ol"} or (element.tag == "dl" and next(element.iter("dt", "dd"), None) is not None)


def _parts_of_definitions(element: etree._Element) -> Iterator[etree._Element]:
    """The terms of a list, what they mean, and the lists between them; other elements only group these."""
    for each in element:
        if each.tag in {"dt", "dd"} or _is_list(each):
            yield each
        elif isinstance(each.tag, str):
            yield from _parts_of_definitions(each)


def _is_layout(table: etree._Element) -> bool:
    """Whether a table only arranges the page: it says so, has one column, or holds headings or tables."""
    is_said = (table.get("role") or "").lower() in {"presentation", "none"}
    has_one_column = all(sum(cell.tag in {"td", "th"} for cell in row) <= 1 for row in _rows_of(table))
    return is_said or has_one_column or _holds_headings(table) or _is_of_tables(table)


def _is_of_tables(table: etree._Element) -> bool:
    """Whether most of a table stands in tables within it, as where it only arranges them; one that names its columns
    does more."""
    inner = [each for each in table.iterdescendants("table") if next(each.iterancestors("table")) is table]
    if not inner or any(cell.tag == "th" for row in _rows_of(table) for cell in row):
        return False
    within = sum(len(text) for each in inner for text in each.itertext())
    return 2 * within > sum(map(len, table.itertext()))


def _rows_of(table: etree._Element) -> Iterator[etree._Element]:
    for each in table:
        if each.tag == "tr":
            yield each
        elif each.tag in {"thead", "tbody", "tfoot"}:
            yield from (row for row in each if row.tag == "tr")


def _loose_lines(text: str | None) -> list[str]:
    """The lines of what stands between the items of a list, where nothing should."""
    return [line for line in _tidy(_one_space(text)).split("\n") if line]


def _one_space(text: str | None) -> str:
    return _WHITE.sub(" ", text) if text else ""


def _tidy(text: str) -> str:
    """A run of text as it is shown: no space at a line's ends, no empty lines."""
    shown = without_invisible(tight(plain(text)))
    lines = (" ".join(part for part in line.split(" ") if part) for line in shown.split("\n"))
    return "\n".join(line for line in lines if line.strip())
