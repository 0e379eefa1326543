"""What every widget shares: state in traits, the newest computation wins, a picture in any host."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets as t

from lmwidget.errors import CancelledError, InputError, LmwidgetError, refuse_unknown
from lmwidget.html import fallback, write_page
from lmwidget.widgets.progress import cell_note, cell_progress

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens

STATIC = Path(__file__).parent.parent / "static"
EXAMPLE = "The animal didn't cross the street because it was too tired."
READY: dict[str, Any] = {
    "state": "ready",
    "message": "",
    "remedy": "",
    "example": None,
    "progress": None,
}


def bundle(name: str) -> Path:
    """Return the path of a built front-end file.

    Parameters
    ----------
    name : str
        File name in the package's static folder.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    LmwidgetError
        When the front end has not been built.

    Examples
    --------
    >>> bundle("attention_graph.js").name
    'attention_graph.js'
    """
    path = STATIC / name
    if not path.exists():
        raise LmwidgetError(
            f"The front end is not built: {name} is missing.",
            "In a checkout run: npm install && npm run build",
        )
    return path


class ModelWidget(anywidget.AnyWidget):
    """A picture of one model and one text.

    What the browser and Python may both write are public traits. What only Python writes begins
    with an underscore. A change that comes from the browser is computed in the background, so
    that the kernel stays free and the stop button works; a change made in Python is computed
    before the assignment returns.
    """

    text = t.Unicode("").tag(sync=True)
    "The text that the model reads; setting it runs the model again."

    token = t.Int(None, allow_none=True).tag(sync=True)
    "Index of the pinned token, or ``None``. Link it between widgets with ``ipywidgets.jslink``."

    theme = t.Enum(["auto", "light", "dark"], "auto").tag(sync=True)
    "Colours: ``auto`` follows the notebook."

    _tokens = t.Dict().tag(sync=True, echo_update=False)
    _figure = t.Dict().tag(sync=True, echo_update=False)
    _status = t.Dict(READY).tag(sync=True, echo_update=False)
    _group = t.Unicode("").tag(sync=True, echo_update=False)
    _stop = t.Int(0).tag(sync=True)
    _request = t.Int(0).tag(sync=True)

    unlinked: tuple[str, ...] = ()
    "Traits that mean something else here than in other widgets; ``lmw.link`` leaves them alone."

    _input_traits: tuple[str, ...] = ("text",)
    _typed_traits: tuple[str, ...] = ("text", "kind", "method")
    _bulk_traits: tuple[str, ...] = ("_tokens",)

    def __init__(self, **traits: Any) -> None:
        refuse_unknown(traits, self._public_names(), type(self).__name__)
        self._lm: LanguageModel | None = getattr(self, "_lm", None)
        self._input: Any = getattr(self, "_input", "")
        self._browser = False
        self._quiet = False
        self._cancel = threading.Event()
        self._stopped = False  # by the reader, with nothing newer asked for
        self._worker: threading.Thread | None = None
        self._turn = threading.Lock()
        super().__init__(**{**self._initial_state(), **traits})
        self._good = self._inputs()
        self.observe(self._on_input, list(self._input_traits))
        self.observe(lambda _: self._on_stop(), "_stop")
        self.observe(lambda _: self.send_state(list(self._bulk_traits)), "_request")

    @classmethod
    def _public_names(cls) -> list[str]:
        inherited = anywidget.AnyWidget.class_trait_names()
        return [
            name
            for name in cls.class_trait_names(sync=True)
            if not name.startswith("_") and name not in inherited
        ] + ["layout"]

    # To be written by each widget ------------------------------------------------------------

    def _initial_state(self) -> dict[str, Any]:
        """Return the first value of every trait; runs before the widget opens."""
        raise NotImplementedError

    def _compute(self) -> dict[str, Any]:
        """Run the model on the present input and return the traits that change."""
        raise NotImplementedError

    def _published_state(self, max_bytes: int) -> dict[str, Any]:  # noqa: ARG002
        """Return traits that differ in a page without a kernel."""
        return {}

    def _idle_state(self) -> dict[str, Any]:
        """Return the status at rest; what was under way, or has failed, leaves the last picture."""
        done = self._status["state"] == "ready"
        return {**({} if done else self._good), "_status": READY}

    # Computing ---------------------------------------------------------------------------------

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the browser wrote.

        Parameters
        ----------
        sync_data : dict
            Values by trait name.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> graph = lmw.AttentionGraph(lmw.load("tiny"), "The king said")
        >>> graph.set_state({"token": 1})
        >>> graph.token
        1
        """
        with self.as_from_browser(True):
            super().set_state(sync_data)

    @property
    def from_browser(self) -> bool:
        """Whether the change under way came from the browser.

        Returns
        -------
        bool
            False for a change made in Python.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.AttentionGraph(lmw.load("tiny"), "The king said").from_browser
        False
        """
        return self._browser

    @contextmanager
    def as_from_browser(self, yes: bool) -> Iterator[None]:  # noqa: FBT001
        """Take changes as coming from the browser: they are computed in the background.

        Parameters
        ----------
        yes : bool
            Whether they do.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> graph = lmw.AttentionGraph(lmw.load("tiny"), "The king said")
        >>> with graph.as_from_browser(True):
        ...     graph.text = "the king"
        >>> graph.wait()
        """
        before, self._browser = self._browser, yes
        try:
            yield
        finally:
            self._browser = before

    def _on_stop(self) -> None:
        self._stopped = True
        self._cancel.set()

    def _on_input(self, _change: Any) -> None:
        if self._quiet:
            return
        self._stopped = False
        if self._browser:
            self._start()
        else:
            self._cancel.set()
            self._run(reraise=True)

    def _start(self) -> None:
        """Compute in the background; a computation under way is asked to stop."""
        self._cancel.set()
        self._worker = threading.Thread(target=self._run, daemon=True, name="lmwidget")
        self._worker.start()

    def wait(self, timeout: float = 600.0) -> None:
        """Return when what the browser asked for has been computed.

        Parameters
        ----------
        timeout : float
            Longest wait, in seconds.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> graph = lmw.AttentionGraph(lmw.load("tiny"), "The king said")
        >>> graph.set_state({"text": "the king"})
        >>> graph.wait()
        >>> len(graph.result.tokens)
        3
        """
        if self._worker is not None:
            self._worker.join(timeout)

    def _run(self, *, reraise: bool = False) -> None:
        with self._turn:
            self._cancel = threading.Event()
            if not reraise and threading.current_thread() is not self._worker:
                return  # a newer change is waiting behind this one
            if not self.text.strip():
                self._status = self._nothing()
                self.send_state("_status")  # also when it stays: the browser waits for an answer
                return
            self._before = self._status
            self._status = {**READY, "state": "loading"}
            asked = self._inputs()  # what is set meanwhile has not been computed
            try:
                state = self._compute()
                if not reraise:  # a newer edit may have come from the browser meanwhile
                    state = {k: v for k, v in state.items() if k not in self._typed_traits}
                self._show(state)
                self._good = {name: state.get(name, value) for name, value in asked.items()}
            except CancelledError as error:
                self._stopped |= reraise  # the cell was interrupted
                self._take_back()
                if isinstance(error, KeyboardInterrupt):
                    raise
            except LmwidgetError as error:
                if reraise:  # nothing changes: the last good picture, and its inputs, stay
                    self._show({**self._good, "_status": self._before})
                    raise
                self._status = self._failure(error)
            except BaseException as error:
                self._status = self._failure(error)
                raise

    def _take_back(self) -> None:
        """After a stop by the reader, the inputs of the picture that stands are back as well."""
        if self._before["state"] == "empty":
            self._status = self._before
        else:
            self._show({**(self._good if self._stopped else {}), "_status": READY})

    def _inputs(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._input_traits}

    def _named(self, model: str, tokens: Tokens) -> str:
        """Return the model's name for the figure, and that the text was cut, if it was."""
        cut = isinstance(self._input, str) and len(tokens.text) < len(self._input)
        return f"{model}, text cut to {len(tokens)} tokens" if cut else model

    def _published_nothing(self) -> dict[str, Any]:
        message = "There was nothing to show yet when this page was written."
        return {"_status": {**READY, "state": "empty", "message": message}}

    def _failure(self, error: BaseException) -> dict[str, Any]:
        if isinstance(error, LmwidgetError):
            return {**READY, "state": "error", "message": error.message, "remedy": error.remedy}
        message = f"The model raised {type(error).__name__}: {error}"
        return {**READY, "state": "error", "message": message, "remedy": "See the notebook's log."}

    def _nothing(self) -> dict[str, Any]:
        message = "Nothing to show yet: write a text for the model to read."
        return {**READY, "state": "empty", "message": message, "example": EXAMPLE}

    def _show(self, state: dict[str, Any]) -> None:
        with self._quietly(), self.hold_sync():
            for name, value in state.items():
                setattr(self, name, value)

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Set traits without starting a computation."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    @contextmanager
    def _progress(self) -> Iterator[Callable[[int, int, float], None]]:
        """Give what a slow method calls: a line in the widget, or in the cell before it opens."""
        if getattr(self, "comm", None) is None:
            with cell_progress() as in_cell:
                yield in_cell
            return
        last = [0.0]
        # While a cell runs, the kernel hears no button.
        deaf = threading.current_thread() is not self._worker

        def report(done: int, total: int, seconds_left: float) -> None:
            if time.monotonic() - last[0] < 0.1 and done < total:
                return
            last[0] = time.monotonic()
            known = seconds_left if math.isfinite(seconds_left) else None
            progress = {"done": done, "total": total, "seconds_left": known, "deaf": deaf}
            self._status = {**READY, "state": "loading", "progress": progress}

        yield report

    @contextmanager
    def _announced(self, text: str) -> Iterator[None]:
        """Say what a slow computation will take: in the widget, or in the cell before it opens."""
        if getattr(self, "comm", None) is None:
            with cell_note(text):
                yield
            return
        self._status = {**READY, "state": "loading", "message": text}
        yield

    # Showing -----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= 40 else f"{self.text[:39]}…"
        return f"<{type(self).__name__} of {self._figure.get('model') or 'data'}: {text!r}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        shown = super()._repr_mimebundle_(**kwargs)
        if shown is None:
            return None
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        return {**data, "text/plain": repr(self), "text/html": fallback(self)}, metadata

    def to_html(self, path: str | Path, *, max_bytes: int = 8_000_000) -> Path:
        """Write a page that needs no kernel and no network, and return its path.

        Parameters
        ----------
        path : str or Path
            File to write.
        max_bytes : int
            Budget for the data of the picture; above it only the strongest edges are kept, and
            the figure says so.

        Returns
        -------
        Path
            The file.

        Examples
        --------
        >>> import lmwidget as lmw, tempfile, os
        >>> graph = lmw.AttentionGraph(lmw.load("tiny"), "The king said")
        >>> graph.to_html(os.path.join(tempfile.mkdtemp(), "page.html")).name
        'page.html'
        """
        return write_page(
            path, [self], title=f"{type(self).__name__}: {self.text[:60]}", max_bytes=max_bytes
        )


def has_content(text: Any) -> bool:
    """Return whether there is anything to read in what the user gave.

    Parameters
    ----------
    text : object
        Text, messages, a pair, tokens, or anything else, which the tokenizer will refuse.

    Returns
    -------
    bool
        False for nothing and for white space.

    Examples
    --------
    >>> has_content(" "), has_content([]), has_content("a")
    (False, False, True)
    """
    if isinstance(text, str):
        return bool(text.strip())
    return text is not None and (not hasattr(text, "__len__") or len(text) > 0)


def as_language_model(lm: Any) -> LanguageModel:
    """Return ``lm``, or raise when it is not a language model of ours.

    Parameters
    ----------
    lm : object
        What the user gave.

    Returns
    -------
    LanguageModel
        The same object.

    Raises
    ------
    InputError
        Says how to wrap a model.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> as_language_model(lmw.load("tiny")).name
    'tiny'
    """
    from lmwidget.models.language_model import LanguageModel

    if not isinstance(lm, LanguageModel):
        name = lm if isinstance(lm, str) else "tiny"
        raise InputError(
            f"The first argument is a {type(lm).__name__}, not a language model.",
            f"Wrap it: lmw.LanguageModel(model, tokenizer), or load one: lmw.load({name!r}).",
        )
    return lm
