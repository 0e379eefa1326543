"""The widgets as a person finds them: by what they are called, not by how they are built."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

# Something is painted on the canvas with this class.
_INKED = """(root, name) => {
  const canvas = root.querySelector(`canvas.${name}`);
  if (!canvas?.width || !canvas.height) return false;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value, i) => i % 4 === 3 && value > 0);
}"""


class _Picture:
    name = ""

    def __init__(self, page: Page, index: int = 0) -> None:
        self.page = page
        self.root = page.get_by_role("region", name=self.name, exact=True).nth(index)

    def ready(self, timeout: float = 60_000) -> None:
        expect(self.root).to_have_attribute("data-lmw-ready", "true", timeout=timeout)
        expect(self.root).to_have_attribute("data-lmw-state", "ready", timeout=timeout)
        self.root.scroll_into_view_if_needed()

    def seen(self, timeout: float = 60_000) -> None:
        """Come into view, where a notebook gives the picture its size, and be ready."""
        self.root.scroll_into_view_if_needed()
        self.ready(timeout)

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)

    def edit(self, text: str) -> None:
        """Write another text in the place of the old one and run it with Enter."""
        self.button("Edit the text").click()
        field = self.root.get_by_role("textbox", name="text")
        expect(field).to_be_focused()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")
        expect(field).to_have_count(0)


class Graph(_Picture):
    name = "Attention graph"

    def token(self, index: int, side: str = "query") -> Locator:
        column = self.root.get_by_role("listbox", name=f"({side})")
        return column.get_by_role("option").nth(index)

    def texts(self, side: str = "query") -> list[str]:
        column = self.root.get_by_role("listbox", name=f"({side})")
        return column.get_by_role("option").all_inner_texts()

    def inked(self, canvas: str) -> bool:
        return self.root.evaluate(_INKED, f"lmw-canvas-{canvas}")

    def expect_edges(self) -> None:
        """Edges stand in the picture, now or in a moment."""
        for _ in range(40):
            if self.inked("base"):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError("no edges are drawn")

    @property
    def numbers(self) -> Locator:
        return self.root.locator(".lmw-number:visible")

    @property
    def pinned(self) -> Locator:
        return self.root.locator("[role='option'][aria-selected='true']")

    @property
    def layer(self) -> Locator:
        return self.root.get_by_role("slider", name="Layer")

    def head(self, index: int) -> Locator:
        return self.button(f"Head {index}")

    def expect_layer(self, layer: int) -> None:
        expect(self.root).to_have_attribute("data-lmw-layer", str(layer))
        expect(self.layer).to_have_value(str(layer))

    def expect_pinned(self, index: int, side: str = "query") -> None:
        expect(self.token(index, side)).to_have_attribute("aria-selected", "true")


class Arcs(Graph):
    """The same widget with its tokens in one line."""

    def token(self, index: int, side: str = "query") -> Locator:
        return self.root.get_by_role("option").nth(index)


class LongGraph(Graph):
    """The same widget with a text too long for all of its tokens to have an element."""

    def token(self, index: int, side: str = "query") -> Locator:
        return self.root.locator(
            f"[role='option'][data-side='{side}'][data-token='{index}']:visible"
        )

    @property
    def window(self) -> Locator:
        return self.root.get_by_role("slider", name="Part of the text in view")

    @property
    def minimap(self) -> Locator:
        return self.root.locator(".lmw-minimap")

    @property
    def picture(self) -> Locator:
        return self.root.locator(".lmw-surface")

    def span(self) -> tuple[int, int, int]:
        """First and last token in view, and how many there are."""
        said = self.window.get_attribute("aria-valuetext") or ""
        first, last, count = (int(n.replace(",", "")) for n in re.findall(r"[\d,]+", said))
        return first, last, count

    def expect_moved(self, before: tuple[int, int, int]) -> tuple[int, int, int]:
        """The window shows something else, and has come to rest."""
        seen = before
        for _ in range(60):
            now = self.span()
            if now == seen and now != before:
                return now
            seen = now
            self.page.wait_for_timeout(100)
        raise AssertionError(f"the window still shows {before}")

    def point(self, place: Locator, x: float, y: float) -> tuple[float, float]:
        """A point of an element, by shares of its width and height."""
        place.scroll_into_view_if_needed()
        box = place.bounding_box()
        assert box
        return box["x"] + x * box["width"], box["y"] + y * box["height"]


class Saliency(_Picture):
    name = "Saliency text"

    def token(self, index: int) -> Locator:
        return self.root.locator(f"[role='option'][data-token='{index}']")

    @property
    def tokens(self) -> Locator:
        return self.root.get_by_role("listbox").get_by_role("option")

    @property
    def predictions(self) -> Locator:
        strip = self.root.get_by_role("region", name="Predictions")
        return strip.locator("button[data-prediction]")

    def expect_pinned(self, index: int) -> None:
        expect(self.token(index)).to_have_attribute("aria-selected", "true")


class Grid(_Picture):
    name = "Attention grid"

    def head(self, layer: int, head: int) -> Locator:
        return self.root.get_by_role("gridcell", name=re.compile(rf"^Layer {layer}, head {head}:"))

    @property
    def chosen(self) -> Locator:
        return self.root.get_by_role("group", name="The chosen head")

    def ink(self) -> str:
        """What the thumbnails look like, with what is lit in them."""
        return self.root.evaluate(
            "root => [...root.querySelectorAll('canvas')].map(one => one.toDataURL()).join()"
        )

    def expect_other_ink(self, before: str) -> None:
        for _ in range(40):
            if self.ink() != before:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("the thumbnails look as before")


class Matrix(_Picture):
    name = "Attention matrix"

    def head(self, index: int) -> Locator:
        return self.button(f"Head {index}")

    @property
    def plot(self) -> Locator:
        return self.root.get_by_role("application")


class QueryKey(_Picture):
    name = "Query key view"

    def head(self, index: int) -> Locator:
        return self.button(f"Head {index}")

    def query(self, index: int) -> Locator:
        return (
            self.root.get_by_role("listbox", name="Tokens that look")
            .get_by_role("option")
            .nth(index)
        )


class Flow(_Picture):
    name = "Attention flow"

    @property
    def node(self) -> Locator:
        return self.root.get_by_role("button", name=re.compile("after layer|input"))


class Space(_Picture):
    name = "Query key space"

    def token(self, index: int) -> Locator:
        listbox = self.root.get_by_role("listbox", name="Tokens of the sentence")
        return listbox.get_by_role("option").nth(index)


class SaliencyGrid(_Picture):
    name = "Saliency matrix"

    @property
    def plot(self) -> Locator:
        return self.root.get_by_role("application")


class Compare(_Picture):
    name = "Saliency compare"

    def unit(self, index: int) -> Locator:
        return self.root.locator(f"[data-unit='{index}']")

    @property
    def methods(self) -> Locator:
        card = self.root.get_by_role("region", name="Checks of every method")
        return card.get_by_role("rowheader")
