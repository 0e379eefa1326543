"""QueryKeySpace: queries and keys of one head over many sentences, as points of one plane.

The scatter is our own canvas: jupyter-scatter needs a kernel and brings heavy dependencies, while
this one also works in a stand-alone page.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t
from typing_extensions import Self

from lmwidget.errors import CancelledError, InputError, UnavailableError, UnknownNameError
from lmwidget.html import table
from lmwidget.widgets.attention_selection import head_list, number
from lmwidget.widgets.base import READY, ModelWidget, as_language_model, bundle
from lmwidget.widgets.query_key_sentences import SENTENCES
from lmwidget.widgets.query_key_wire import sentence_tokens, space_state

if TYPE_CHECKING:
    from lmwidget.inspection.attention.joint_space import JointSpace
    from lmwidget.models.language_model import LanguageModel

_EXAMPLE = 'lmw.QueryKeySpace(lm, ["The cat sat.", "The dog ran."])'
_JUDGED = 4  # texts that choose the first head
_CANDIDATES = 8  # heads of which one is the first
_ROWS = 12
_NAMES = {"tsne": "Placing the points by t-SNE", "umap": "Placing the points by UMAP"}


class QueryKeySpace(ModelWidget):
    """Queries and keys of one head over many sentences; near means attended, as far as it shows.

    The queries and keys of all layers are kept for every sentence, so that another layer or head
    needs no pass; the figure says how much memory they take.

    Parameters
    ----------
    lm : LanguageModel, optional
        The model; without one, use :meth:`from_result`.
    texts : sequence of str, optional
        Sentences; default: thirty short ones that come with the widget.
    layer : int, optional
        Index of the layer shown first. Without it, the layer with the most structured head.
    heads : list of int, optional
        The head shown first, as a list of one. Without it, the most structured head of ``layer``.
    kind : str, optional
        ``"encoder"`` or ``"decoder"`` for encoder-decoder models.
    **traits
        Any other public trait: ``method``, ``colour``, ``sentence``, ``token``, ``side``,
        ``search``, ``theme``.

    Raises
    ------
    InputError
        When a text cannot be used, or there is none, or cross attention is asked for.
    UnavailableError
        When the queries and keys of the layer were not kept.
    UnknownNameError
        For a layer, head or keyword that does not exist.
    NoAttentionError
        When the model has no attention.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> space = lmw.QueryKeySpace(lmw.load("tiny"), ["The king said", "unto the king"], layer=1)
    >>> space.sentence, space.token = 1, 2
    >>> space.result.points.shape
    (2, 8, 2)
    """

    _esm = bundle("query_key_space.js")
    _css = bundle("query_key_space.css")
    _bundle = "query_key_space"
    _input_traits = ("text", "layer", "heads", "method")
    _bulk_traits = ("_tokens", "_space")

    layer = t.Int(0).tag(sync=True)
    "Index of the layer shown."

    heads = t.List(t.Int()).tag(sync=True)
    "The head shown, as a list of one; of several the first."

    method = t.Enum(["pca", "tsne", "umap"], "pca").tag(sync=True)
    "How many dimensions become two. t-SNE and UMAP need the extra ``projection``."

    colour = t.Enum(["kind", "position", "token", "sentence", "norm"], "kind").tag(sync=True)
    "What the colour of a point says; its shape says whether it is a query or a key."

    sentence = t.Int(0).tag(sync=True)
    "Index of the sentence that is written out; ``text`` is what it says."

    side = t.Enum(["query", "key"], "query").tag(sync=True)
    "Whether the pinned point is the query or the key of ``token``."

    search = t.Unicode("").tag(sync=True)
    "Points of tokens that contain this are lit."

    _space = t.Dict().tag(sync=True, echo_update=False)

    def __init__(
        self,
        lm: LanguageModel | None = None,
        texts: Sequence[Any] | None = None,
        *,
        layer: int | None = None,
        heads: int | Iterable[int] | None = None,
        kind: str | None = None,
        **traits: Any,
    ) -> None:
        self._lm = None if lm is None else as_language_model(lm)
        self._attentions: list[Any] = list(traits.pop("_result", ()))
        self._given, self._kind = texts, kind
        self._first = layer, head_list(heads)
        self._result: JointSpace | None = None
        self._asked_method = traits.get("method", "pca")
        super().__init__(**traits)
        self.observe(self._on_sentence, "sentence")
        if "sentence" in traits:
            self._on_sentence()

    @classmethod
    def from_result(cls, attentions: Sequence[Any], **traits: Any) -> Self:
        """Return a picture of attention that has been computed before.

        Parameters
        ----------
        attentions : sequence of Attention
            One a sentence.
        **traits
            As for the class.

        Returns
        -------
        QueryKeySpace
            Without a model: everything works but adding a sentence.

        Raises
        ------
        UnavailableError
            For attention that holds weights only.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> read = [lm.attention(text) for text in ("the king", "the king said")]
        >>> len(lmw.QueryKeySpace.from_result(read, layer=0).texts)
        2
        """
        return cls(_result=list(attentions), **traits)

    @property
    def result(self) -> JointSpace:
        """The points that are drawn.

        Returns
        -------
        JointSpace
            Points, and what is known of each.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.QueryKeySpace(lmw.load("tiny"), ["the king said"]).result.method
        'pca'
        """
        assert self._result is not None
        return self._result

    @property
    def texts(self) -> list[str]:
        """The sentences, in the order of their numbers.

        Returns
        -------
        list of str
            What the model read.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.QueryKeySpace(lmw.load("tiny"), ["the king said"]).texts
        ['the king said']
        """
        return [one.tokens.text for one in self._attentions]

    # State -----------------------------------------------------------------------------------

    def _initial_state(self) -> dict[str, Any]:
        if not self._attentions:
            if self._lm is None:
                raise InputError("There is no model.", f"Write {_EXAMPLE}.")
            given = SENTENCES if self._given is None else self._given
            if isinstance(given, str) or not len(given):
                raise InputError("The texts are a list of sentences.", f"Write {_EXAMPLE}.")
            self._attentions = self._read(given)
        layer, heads = self._first
        self._check(layer, heads or [])
        if layer is None or heads is None:
            layer, heads = self._telling(layer, heads)
        return {"layer": layer, "heads": heads, **self._placed(layer, heads, self._asked_method, 0)}

    def _read(self, texts: Iterable[Any]) -> list[Any]:
        """Return the attention of every text; stopped when the reader wishes."""
        assert self._lm is not None
        every, read, start = list(texts), [], time.monotonic()
        with self._progress() as report:
            for done, text in enumerate(every):
                if self._cancel.is_set():
                    raise CancelledError("The reading of the sentences was stopped.")
                read.append(self._lm.attention(text, kind=self._kind))
                left = (time.monotonic() - start) / (done + 1) * (len(every) - done - 1)
                report(done + 1, len(every), left)
        return read

    def _telling(self, layer: int | None, heads: list[int] | None) -> tuple[int, list[int]]:
        """Return, of the most structured heads, the one whose plane shows most of its attention."""
        from lmwidget.inspection.attention.joint_space import joint_space

        judged = self._attentions[:_JUDGED]
        scores = np.mean([np.nan_to_num(one.structure_scores(), nan=-1) for one in judged], 0)
        for axis, given in enumerate((None if layer is None else [layer], heads or None)):
            if given is not None:
                others = np.setdiff1d(np.arange(scores.shape[axis]), given)
                np.moveaxis(scores, axis, 0)[others] = -2
        found: dict[tuple[int, int], float] = {}
        for place in np.argsort(-scores, axis=None)[:_CANDIDATES]:
            at, head = (int(part) for part in np.unravel_index(place, scores.shape))
            if scores[at, head] >= 0:
                with suppress(UnavailableError):
                    found[at, head] = joint_space(self._attentions, at, head).agreement
        if not found:  # the error says why
            return layer or 0, list(heads or [0])
        best = max(found, key=lambda at: np.nan_to_num(found[at], nan=-1))
        return best[0], [best[1]] if heads is None else heads

    def _compute(self) -> dict[str, Any]:
        texts, before = self.texts, self._attentions
        if self.text not in texts:
            if self._lm is None:
                raise InputError(
                    "This widget has no model, so a sentence cannot be added.",
                    f"Make one with a model: {_EXAMPLE}.",
                )
            self._attentions = [*before, *self._read([self.text])]
            texts = self.texts
        # A tokenizer may change the text that it read; the newest one is then the last.
        sentence = texts.index(self.text) if self.text in texts else len(texts) - 1
        try:
            return self._placed(self.layer, list(self.heads), self.method, sentence)
        except BaseException:
            self._attentions = before
            raise

    def _placed(self, layer: int, heads: list[int], method: str, sentence: int) -> dict[str, Any]:
        """Return the traits that show a head in the plane."""
        from lmwidget.inspection.attention.joint_space import joint_space

        head, before = heads[0] if heads else 0, self._result
        state = {"sentence": sentence, "text": self.texts[sentence], "_status": READY}
        if before is not None and (
            (len(before.attentions), before.layer, before.head, before.method)
            == (len(self._attentions), layer, head, method)
        ):
            return state
        slow = method != "pca"
        with self._announced(_NAMES[method]) if slow else nullcontext():
            space = joint_space(self._attentions, layer, head, method)
        self._result = space
        return {
            **state,
            "_space": space_state(space),
            "_tokens": {"sentences": [sentence_tokens(one.tokens) for one in self._attentions]},
            "_figure": self._described(),
        }

    def _described(self) -> dict[str, Any]:
        first = self._attentions[0]
        layers = first.shape[0]
        return {
            "model": first.model,
            "title": "Query-key space",
            "layers": layers,
            "layer_numbers": list(first.layer_numbers),
            "heads": [first.heads(layer) for layer in range(layers)],
            "kinds": [first.kind],
            "causal": first.causal,
            "editable": self._lm is not None,
            "bytes": int(sum(one.cost.get("bytes", 0) for one in self._attentions)),
        }

    def _on_sentence(self, _change: Any = None) -> None:
        if not self._quiet:
            self._show({"text": self.texts[self.sentence]})

    # Validation ------------------------------------------------------------------------------

    @t.validate("layer")
    def _valid_layer(self, proposal: Any) -> int:
        layer = number(proposal["value"], "layer")
        self._check(layer, [])
        return layer

    @t.validate("heads")
    def _valid_heads(self, proposal: Any) -> list[int]:
        heads = head_list(proposal["value"]) or []
        if not self._quiet:
            self._check(None, heads)
        return heads

    @t.validate("sentence")
    def _valid_sentence(self, proposal: Any) -> int:
        value = int(proposal["value"])
        count = len(self._attentions)
        if not 0 <= value < count:
            raise UnknownNameError(
                f"There is no sentence {value}.", f"Choose one from 0 to {count - 1}."
            )
        return value

    def _check(self, layer: int | None, heads: Sequence[int]) -> None:
        first = self._attentions[0]
        if not hasattr(first, "record"):
            raise UnavailableError(
                f"{type(first).__name__} holds weights only, no queries and keys.",
                "Give the attention of a model: lm.attention(text).",
            )
        if layer is not None and not 0 <= layer < len(first):
            raise UnknownNameError(
                f"There is no layer {layer}.", f"Choose a layer from 0 to {len(first) - 1}."
            )
        count = first.shape[1] if layer is None else first.heads(layer)
        for head in heads:
            if not 0 <= number(head, "head") < count:
                raise UnknownNameError(
                    f"There is no head {head}.", f"Choose heads from 0 to {count - 1}."
                )

    # Showing ---------------------------------------------------------------------------------

    def _published_state(self, max_bytes: int) -> dict[str, Any]:
        return {
            "_space": space_state(self.result, max_bytes=max_bytes),
            "_figure": {**self._figure, "editable": False},
        }

    def _static_html(self) -> str:
        space = self.result
        caption = (
            f"Queries and keys of {len(self._attentions)} sentences in layer {space.layer}, head "
            f"{space.head} of {self._figure['model']} ({space.method}). Run the notebook for the "
            "live view."
        )
        labels = [label for one in self._attentions for label in one.tokens.labels]
        rows = [
            [label, *(f"{value:.3f}" for value in space.points[:, place].ravel())]
            for place, label in enumerate(labels[:_ROWS])
        ]
        return table(caption, ["token", "query x", "query y", "key x", "key y"], rows)
