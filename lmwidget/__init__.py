"""See inside a language model from a notebook.

>>> import lmwidget as lmw
>>> lm = lmw.load("tiny")
>>> graph = lmw.AttentionGraph(lm, "The king said unto the king")

Names are loaded on first use, so that ``import lmwidget`` is fast and works without PyTorch's
start-up time, and without a built front end.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmwidget.answers import AnswerAttribution
    from lmwidget.attribution.functions import attribute_function
    from lmwidget.capture.attention import Attention
    from lmwidget.comparison import Comparison
    from lmwidget.errors import LmwidgetError
    from lmwidget.html import to_html
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.models.loading import load
    from lmwidget.models.ngram import NGramModel
    from lmwidget.results import Attribution, Prediction
    from lmwidget.sensitivity import Sensitivity
    from lmwidget.states import States
    from lmwidget.tokens import Tokens
    from lmwidget.widgets.alignment_view import AlignmentView
    from lmwidget.widgets.attention_flow import AttentionFlow
    from lmwidget.widgets.attention_graph import AttentionGraph
    from lmwidget.widgets.attention_grid import AttentionGrid
    from lmwidget.widgets.attention_matrix import AttentionMatrix
    from lmwidget.widgets.linking import link
    from lmwidget.widgets.query_key_space import QueryKeySpace
    from lmwidget.widgets.query_key_view import QueryKeyView
    from lmwidget.widgets.saliency_compare import SaliencyCompare
    from lmwidget.widgets.saliency_matrix import SaliencyMatrix
    from lmwidget.widgets.saliency_text import SaliencyText

__version__ = version("lmwidget")

_HOMES = {
    "AlignmentView": "lmwidget.widgets.alignment_view",
    "AnswerAttribution": "lmwidget.answers",
    "Attention": "lmwidget.capture.attention",
    "AttentionFlow": "lmwidget.widgets.attention_flow",
    "AttentionGraph": "lmwidget.widgets.attention_graph",
    "AttentionGrid": "lmwidget.widgets.attention_grid",
    "AttentionMatrix": "lmwidget.widgets.attention_matrix",
    "Attribution": "lmwidget.results",
    "Comparison": "lmwidget.comparison",
    "LanguageModel": "lmwidget.models.language_model",
    "LmwidgetError": "lmwidget.errors",
    "NGramModel": "lmwidget.models.ngram",
    "Prediction": "lmwidget.results",
    "QueryKeyView": "lmwidget.widgets.query_key_view",
    "QueryKeySpace": "lmwidget.widgets.query_key_space",
    "SaliencyCompare": "lmwidget.widgets.saliency_compare",
    "SaliencyMatrix": "lmwidget.widgets.saliency_matrix",
    "SaliencyText": "lmwidget.widgets.saliency_text",
    "Sensitivity": "lmwidget.sensitivity",
    "States": "lmwidget.states",
    "Tokens": "lmwidget.tokens",
    "attribute_function": "lmwidget.attribution.functions",
    "link": "lmwidget.widgets.linking",
    "load": "lmwidget.models.loading",
    "to_html": "lmwidget.html",
}

__all__ = [
    "AlignmentView",
    "AnswerAttribution",
    "Attention",
    "AttentionFlow",
    "AttentionGraph",
    "AttentionGrid",
    "AttentionMatrix",
    "Attribution",
    "Comparison",
    "LanguageModel",
    "LmwidgetError",
    "NGramModel",
    "Prediction",
    "QueryKeySpace",
    "QueryKeyView",
    "SaliencyCompare",
    "SaliencyMatrix",
    "SaliencyText",
    "Sensitivity",
    "States",
    "Tokens",
    "attribute_function",
    "link",
    "load",
    "to_html",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        from lmwidget.errors import nearest

        raise AttributeError(f"lmwidget has no {name!r}. {nearest(name, _HOMES)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
