"""The picture of an answered question in the README: the page over the shipped corpus, as Chromium shows it.

python tests/take_screenshot.py
"""

from __future__ import annotations

import io
from pathlib import Path

from browsing import ask, running_browser, served
from PIL import Image

from qa import Engine, Settings
from web import create_app

PICTURE = Path(__file__).resolve().parent.parent / "web" / "screenshot.png"
QUESTION = "How long was the time to progression in MM-009?"
WIDTH, HEIGHT = 1200, 560  # pixels
COLOURS = 32  # enough for text, and a file of a third


def main() -> None:
    """Ask the question on the page, and keep what is to be seen."""
    engine = Engine.open(Settings())
    engine.ask(QUESTION)  # what the first question loads is not part of how long one takes
    with served(create_app(engine)) as address, running_browser() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce")
        page.goto(address)
        ask(page, QUESTION)
        page.locator(".exchange").last.scroll_into_view_if_needed()
        taken = Image.open(io.BytesIO(page.screenshot()))
    taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
