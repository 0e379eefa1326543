"""What attention does inside a model: how it mixes, which heads there are, what differs.

>>> import lmwidget as lmw
>>> from lmwidget import inspection
>>> inspection.rollout(lmw.load("tiny").attention("the king said")).row(2).shape
(4,)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmwidget.inspection.attention.alignment import Alignment, alignment
    from lmwidget.inspection.attention.combination import combine
    from lmwidget.inspection.attention.contributions import HeadContributions, head_contributions
    from lmwidget.inspection.attention.difference import AttentionDifference, difference
    from lmwidget.inspection.attention.flow import FlowMixing, flow
    from lmwidget.inspection.attention.gradients import (
        AttentionGradients,
        AttentionXGradient,
        attention_gradients,
        attention_x_gradient,
    )
    from lmwidget.inspection.attention.head_types import HeadTypes, head_types
    from lmwidget.inspection.attention.hiding import without
    from lmwidget.inspection.attention.joint_space import JointSpace, joint_space
    from lmwidget.inspection.attention.norms import AttentionNorms, norms
    from lmwidget.inspection.attention.query_key import QueryKey, Step, queries_keys, query_key
    from lmwidget.inspection.attention.raw import mixing_of
    from lmwidget.inspection.attention.relevance import (
        EncoderDecoderRelevance,
        Relevance,
        relevance,
    )
    from lmwidget.inspection.attention.rollout import rollout, rollout_row
    from lmwidget.inspection.attention.statistics import HeadStatistics, head_statistics

_HOMES = {
    "Alignment": "attention.alignment",
    "AttentionDifference": "attention.difference",
    "AttentionGradients": "attention.gradients",
    "AttentionXGradient": "attention.gradients",
    "AttentionNorms": "attention.norms",
    "EncoderDecoderRelevance": "attention.relevance",
    "FlowMixing": "attention.flow",
    "HeadContributions": "attention.contributions",
    "HeadStatistics": "attention.statistics",
    "HeadTypes": "attention.head_types",
    "QueryKey": "attention.query_key",
    "Relevance": "attention.relevance",
    "Step": "attention.query_key",
    "alignment": "attention.alignment",
    "attention_gradients": "attention.gradients",
    "attention_x_gradient": "attention.gradients",
    "JointSpace": "attention.joint_space",
    "combine": "attention.combination",
    "difference": "attention.difference",
    "flow": "attention.flow",
    "head_contributions": "attention.contributions",
    "head_statistics": "attention.statistics",
    "head_types": "attention.head_types",
    "joint_space": "attention.joint_space",
    "mixing_of": "attention.raw",
    "norms": "attention.norms",
    "queries_keys": "attention.query_key",
    "query_key": "attention.query_key",
    "relevance": "attention.relevance",
    "rollout": "attention.rollout",
    "rollout_row": "attention.rollout",
    "without": "attention.hiding",
}

__all__ = [
    "Alignment",
    "AttentionDifference",
    "AttentionGradients",
    "AttentionNorms",
    "AttentionXGradient",
    "EncoderDecoderRelevance",
    "FlowMixing",
    "HeadContributions",
    "HeadStatistics",
    "HeadTypes",
    "JointSpace",
    "QueryKey",
    "Relevance",
    "Step",
    "alignment",
    "attention_gradients",
    "attention_x_gradient",
    "combine",
    "difference",
    "flow",
    "head_contributions",
    "head_statistics",
    "head_types",
    "joint_space",
    "mixing_of",
    "norms",
    "queries_keys",
    "query_key",
    "relevance",
    "rollout",
    "rollout_row",
    "without",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"lmwidget.inspection has no {name!r}.")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
