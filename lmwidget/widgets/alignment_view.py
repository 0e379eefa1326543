"""AlignmentView: which source word each target word was made from, as links and as a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from lmwidget.errors import refuse_unknown
from lmwidget.html import MAX_BYTES, fallback, write_page
from lmwidget.widgets.attention_graph import AttentionGraph
from lmwidget.widgets.attention_matrix import AttentionMatrix
from lmwidget.widgets.base import as_language_model
from lmwidget.widgets.linking import link

if TYPE_CHECKING:
    from lmwidget.inspection.attention.alignment import Alignment
    from lmwidget.models.language_model import LanguageModel

_SETTINGS = ("layer", "heads", "level", "step")


class AlignmentView(ipywidgets.VBox):
    """The soft alignment of a translation: links between two lines of text, and the matrix.

    Both follow one another: hovering or pinning a word in one shows it in the other.

    Parameters
    ----------
    lm : LanguageModel
        An encoder-decoder.
    text : str
        The source.
    output : str, optional
        The target; without it, the model translates.
    layer : int, optional
        Index of the cross-attention layer; default: the last but one, or the last of two.
    heads : sequence of int
        Heads to average; default: all.
    level : str, default "word"
        ``"word"`` or ``"token"``.
    step : str, default "output"
        Which row belongs to a target word: of the step that wrote it (``"output"``) or read it
        (``"input"``).

    Attributes
    ----------
    graph : AttentionGraph
        The links.
    matrix : AttentionMatrix
        The same numbers as cells.
    result : Alignment
        What is drawn.

    Raises
    ------
    InputError
        When the model is no encoder-decoder, or the text cannot be used.
    UnknownNameError
        For an unknown layer, head, level, step or keyword.

    Examples
    --------
    >>> import torch
    >>> from transformers import T5Config, T5ForConditionalGeneration
    >>> import lmwidget as lmw
    >>> tiny = lmw.load("tiny")
    >>> config = T5Config(vocab_size=tiny.rows, d_model=16, d_kv=4, d_ff=16, num_layers=2,
    ...     num_heads=2, decoder_start_token_id=0)
    >>> lm = lmw.LanguageModel(T5ForConditionalGeneration(config), tiny.tokenizer)
    >>> view = lmw.AlignmentView(lm, "the king said", "the queen")
    >>> view.result.soft.shape
    (2, 3)
    """

    def __init__(
        self,
        lm: LanguageModel,
        text: Any,
        output: Any = None,
        *,
        layer: int | None = None,
        heads: Sequence[int] = (),
        level: str = "word",
        step: str = "output",
        **unknown: Any,
    ) -> None:
        refuse_unknown(unknown, _SETTINGS, type(self).__name__)
        self._lm = as_language_model(lm)
        self._settings: dict[str, Any] = {
            "layer": layer,
            "heads": heads,
            "level": level,
            "step": step,
        }
        super().__init__()
        self.show(text, output)

    def show(self, text: Any, output: Any = None) -> None:
        """Align another text.

        Parameters
        ----------
        text : str
            The source.
        output : str, optional
            The target; without it, the model translates.

        Raises
        ------
        InputError
            When the text cannot be used; what was shown before stays.
        """
        from lmwidget.inspection import alignment

        attention = self._lm.attention(text, output=output)
        self.result: Alignment = alignment(attention, **self._settings)
        self.graph = AttentionGraph.from_result(self.result, view="lines")
        self.matrix = AttentionMatrix.from_result(self.result)
        link(self.graph, self.matrix)
        self.children = (self.graph, self.matrix)

    def to_html(self, path: str | Path, *, max_bytes: int = MAX_BYTES) -> Path:
        """Write a page that needs no kernel and no network, and return its path.

        Parameters
        ----------
        path : str or Path
            File to write.
        max_bytes : int
            Budget for the data of each picture.

        Returns
        -------
        Path
            The file.
        """
        title = f"AlignmentView: {self.result.key_tokens.text[:60]}"
        pictures = [self.graph, self.matrix]
        return write_page(path, pictures, title=title, max_bytes=max_bytes)

    def __repr__(self) -> str:
        return f"<AlignmentView of {self.result.model}: {self.result.to_pharaoh()}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        shown = super()._repr_mimebundle_(**kwargs)
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        static = fallback(self.graph)
        return {**data, "text/plain": repr(self), "text/html": static}, metadata
