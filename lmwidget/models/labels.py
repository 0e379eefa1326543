"""What the classes of a classifier are called, and whether several can hold at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lmwidget.models.own_module import OwnModule
from lmwidget.models.tasks import CLASSIFIES


def class_names(model: Any, task: str, given: Sequence[str] | None) -> dict[int, str]:
    """Return the name of each class.

    Parameters
    ----------
    model : torch.nn.Module
        A model of transformers, which knows them, or a user's own.
    task : str
        What it does.
    given : sequence of str or None
        Names that the user gave.

    Returns
    -------
    dict of int to str
        Empty for what is no classifier.

    Examples
    --------
    >>> class_names(None, "sequence-classification", ["bad", "good"])
    {0: 'bad', 1: 'good'}
    """
    if task not in CLASSIFIES:
        return {}
    if given is not None:
        return dict(enumerate(given))
    if isinstance(model, OwnModule):
        return {index: f"class {index}" for index in range(model.output_form.width)}
    return {int(key): str(value) for key, value in model.config.id2label.items()}


def several_hold(model: Any, task: str, *, given: bool | None) -> bool:
    """Return whether a classifier decides about every class by itself.

    Parameters
    ----------
    model : torch.nn.Module
        A model, whose configuration may say so.
    task : str
        What it does.
    given : bool or None
        What the user said.

    Returns
    -------
    bool
        False for what is no classifier of whole texts.

    Examples
    --------
    >>> several_hold(None, "sequence-classification", given=True)
    True
    """
    if given is None:
        said = getattr(getattr(model, "config", None), "problem_type", None)
        given = said == "multi_label_classification"
    return given and task == "sequence-classification"
