"""Every state of the pages, narrow and wide, light and dark, in forced colours and on paper, in one picture to look at.

python tests/take_contact_sheet.py [FOLDER] [STATE …]

FOLDER gets a picture of each state and `sheet.png`, which has all of them; without it, they go to a temporary folder.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

from browsing import ANSWERED, NOT_FOUND, TITLE, ask, library_of_kit, library_of_terns, running_browser, served
from flask import Flask
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page

from qa import Engine, Settings
from web import create_app

SHEET_OF_PAPER = 720  # pixels of its width
MANNERS: dict[str, tuple[int, int, dict[str, str]]] = {  # width and height in pixels, and what the browser says
    "320-light": (320, 640, {"color_scheme": "light"}),
    "320-dark": (320, 640, {"color_scheme": "dark"}),
    "768-light": (768, 1024, {"color_scheme": "light"}),
    "1440-light": (1440, 900, {"color_scheme": "light"}),
    "1440-dark": (1440, 900, {"color_scheme": "dark"}),
    "1440-forced": (1440, 900, {"color_scheme": "dark", "forced_colors": "active"}),
    "print": (SHEET_OF_PAPER, 900, {"media": "print"}),
}
TALLEST = 2400  # pixels of a page that are shown
SCALE = 0.5  # of a picture in the sheet
LABEL = 18  # pixels above each picture
ABOVE = "How long was the time to progression in MM-009?"

State = Callable[[Page, dict[str, str]], None]


def at(site: str, path: str) -> State:
    """The state of an address."""

    def go(page: Page, sites: dict[str, str]) -> None:
        page.goto(sites[site] + path)

    return go


def asked(site: str, *questions: str, then: Callable[[Page], object] | None = None) -> State:
    """The state after questions, one after the other, and after what is done then."""

    def go(page: Page, sites: dict[str, str]) -> None:
        page.goto(sites[site])
        for question in questions:
            ask(page, question)
        if then:
            then(page)

    return go


def unfolded(page: Page) -> None:
    """Open all that unfolds."""
    page.evaluate("document.querySelectorAll('.exchange details').forEach(each => { each.open = true })")
    page.wait_for_timeout(300)


def refused(page: Page, sites: dict[str, str]) -> None:
    """A question that no service answers."""
    page.goto(sites["terns"])
    page.route("**/ask", lambda route: route.abort())
    ask(page, ANSWERED)


def embedded(page: Page, sites: dict[str, str]) -> None:
    """The widget on a page of another origin, after two questions."""
    page.goto(sites["elsewhere"])
    for number, question in enumerate(("Which dose of alcanor does an adult take?", NOT_FOUND), start=1):
        page.get_by_label("Your question").fill(question)
        page.keyboard.press("Enter")
        page.locator(".more").nth(number - 1).wait_for()


def waiting(page: Page, sites: dict[str, str]) -> None:
    """A question whose answer takes its time."""
    page.goto(sites["corpus"])
    page.route("**/ask", lambda _: None)
    page.get_by_label("Your question").fill(ABOVE)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Stop").wait_for()


def typed(words: str) -> State:
    """The state while something stands in the box."""

    def go(page: Page, sites: dict[str, str]) -> None:
        page.goto(sites["corpus"])
        page.get_by_label("Your question").fill(words[:-1])
        page.keyboard.type(words[-1])
        page.wait_for_timeout(600)

    return go


def left(page: Page, sites: dict[str, str]) -> None:
    """The first page of someone who has asked before."""
    page.goto(sites["corpus"])
    ask(page, ABOVE)
    page.goto(sites["corpus"])


STATES: dict[str, State] = {
    "welcome": at("corpus", "/"),
    "left off": left,
    "empty library": at("empty", "/"),
    "answered": asked("corpus", ABOVE),
    "unfolded": asked("corpus", ABOVE, then=unfolded),
    "menu": asked("corpus", ABOVE, then=lambda page: page.get_by_text("Export").click()),
    "table": asked("corpus", "What does TTP stand for?"),
    "structure": asked("drawn", "Which dose of alcanor does an adult take?", "Which command prints the dose?"),
    "possible": asked("unsure", "In how many people did fever end with alcanor on Thursdays?"),
    "nothing found": asked("corpus", NOT_FOUND),
    "read otherwise": asked("terns", "How does bevacor work?", "What was its HR, and of bevakor?"),
    "outline": asked("corpus", "How effective are second-line therapies for multiple myeloma (MM)?"),
    "outline of terns": asked("terns", TITLE),
    "failed": refused,
    "waiting": waiting,
    "suggesting": typed("side eff"),
    "too long": typed("tern " * 210),
    "history": asked("corpus", ABOVE, then=lambda page: page.get_by_role("button", name="History").click()),
    "keys": asked("corpus", ABOVE, then=lambda page: page.get_by_role("button", name="Keys").click()),
    "documents": at("corpus", "/documents"),
    "documents not found": at("corpus", "/documents?q=metformin&from=2001"),
    "judged": asked("terns", ANSWERED, then=lambda page: page.get_by_role("button", name="Yes").click()),
    "one document": at("terns", "/?document=second-treatment"),
    "source": at("corpus", "/documents/second-line-therapies?mark=965-1141&back=/?q=x#mark"),
    "source searched": at("corpus", "/documents/second-line-therapies?find=months&back=/?q=x#mark"),
    "source drawn": at("drawn", "/documents/kit"),
    "widget": embedded,
    "error": at("terns", "/nowhere"),
    "refused": at("terns", "/?q=+"),
    "problem": at("terns", "/problems/passage_gone"),
    "thanks": at("terns", f"/?q={quote(ANSWERED)}"),
}


WIDGET = """<!doctype html><html lang="en"><head><title>Terns</title><meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width"><script type="module" src="{service}/widget.js"></script></head>
<body><h1>A page about terns</h1><pincite-ask document="kit"></pincite-ask></body></html>"""


@contextmanager
def all_sites() -> Iterator[dict[str, str]]:
    """The addresses of services over several libraries."""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        nothing = library_of_kit()
        nothing.remove(["kit"])
        shipped = Engine.open(Settings())
        shipped.ask(ABOVE)
        engines = {
            "corpus": shipped,
            "terns": library_of_terns(feedback=Path(folder) / "feedback.sqlite3"),
            "unsure": library_of_terns(threshold=1.0, possible_threshold=0.01),
            "empty": nothing,
            "drawn": library_of_kit(),
        }
        elsewhere = Flask("elsewhere")
        origin = stack.enter_context(served(elsewhere))
        service = stack.enter_context(served(create_app(library_of_kit(widget_origins=(origin,)))))
        elsewhere.add_url_rule("/", "page", lambda: WIDGET.format(service=service))
        sites = {name: stack.enter_context(served(create_app(engine))) for name, engine in engines.items()}
        yield sites | {"elsewhere": origin}


def pictures(browser: Browser, sites: dict[str, str], name: str, folder: Path) -> Iterator[Image.Image]:
    """A state in each manner, each also as a file."""
    for manner, (width, height, media) in MANNERS.items():
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        page = context.new_page()
        if manner != "print":  # where there is no box to ask in
            page.emulate_media(**media)  # type: ignore[arg-type]  # some of them
        STATES[name](page, sites)
        page.emulate_media(**media)  # type: ignore[arg-type]  # some of them
        page.wait_for_timeout(150)
        first = page.screenshot()
        tall = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": min(tall, TALLEST)})
        whole = page.screenshot()
        base = f"{re.sub(r'[^a-z]+', '-', name)}-{manner}"
        (folder / f"{base}.png").write_bytes(whole)
        (folder / f"{base}-first.png").write_bytes(first)
        context.close()
        yield Image.open(io.BytesIO(whole))


def main() -> None:
    """Take the pictures, and put them together."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="pincite-"))
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str, list[Image.Image]]] = []
    with all_sites() as sites, running_browser() as browser:
        for name in sys.argv[2:] or STATES:
            taken = list(pictures(browser, sites, name, folder))
            rows.append((name, [each.resize([round(side * SCALE) for side in each.size]) for each in taken]))
    heights = [LABEL + max(each.height for each in row) for _, row in rows]
    sheet = Image.new("RGB", (max(sum(e.width + LABEL for e in row) for _, row in rows), sum(heights)), "#777")
    pen = ImageDraw.Draw(sheet)
    top = 0
    for (name, row), height in zip(rows, heights, strict=True):
        pen.text((4, top + 3), name, fill="white")
        left_edge = 0
        for each in row:
            sheet.paste(each, (left_edge, top + LABEL))
            left_edge += each.width + LABEL
        top += height
    sheet.save(folder / "sheet.png", optimize=True)
    sys.stdout.write(f"{folder / 'sheet.png'}\n")


if __name__ == "__main__":
    main()
