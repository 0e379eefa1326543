"""Models inside other modules: compiled, parallel, with adapters."""

from __future__ import annotations

from typing import Any

from torch import nn


def bare(model: nn.Module) -> nn.Module:
    """Return the model inside of what was put around it.

    Parameters
    ----------
    model : torch.nn.Module
        A model; or one compiled by ``torch.compile``, in ``DataParallel``, or with peft's adapters.

    Returns
    -------
    torch.nn.Module
        The innermost of these.

    Examples
    --------
    >>> inside = nn.Linear(1, 1)
    >>> bare(nn.DataParallel(inside)) is inside
    True
    """
    model = serial(model)
    inner: Any = getattr(model, "_orig_mod", None)
    if isinstance(inner, nn.Module):
        return bare(inner)
    get_base = getattr(model, "get_base_model", None)
    inner = get_base() if callable(get_base) else None
    return bare(inner) if isinstance(inner, nn.Module) and inner is not model else model


def serial(model: nn.Module) -> nn.Module:
    """Return the model itself, where it was spread over several devices.

    Parameters
    ----------
    model : torch.nn.Module
        Perhaps in ``DataParallel``, whose threads could not be listened to.

    Returns
    -------
    torch.nn.Module
        The same parameters.

    Examples
    --------
    >>> inside = nn.Linear(1, 1)
    >>> serial(nn.DataParallel(inside)) is inside
    True
    """
    parallel = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    while isinstance(model, parallel):
        model = model.module
    return model


def is_transformers(model: nn.Module) -> bool:
    """Return whether this is a model of transformers, whatever is around it.

    Parameters
    ----------
    model : torch.nn.Module
        Any module.

    Returns
    -------
    bool
        False for a module that only has one inside.

    Examples
    --------
    >>> is_transformers(nn.Linear(1, 1))
    False
    """
    from transformers import PreTrainedModel

    return isinstance(bare(model), PreTrainedModel)


def name_of_class(model: nn.Module) -> str:
    """Return the name of the class of a model, whatever is around it.

    Parameters
    ----------
    model : torch.nn.Module
        Any module.

    Returns
    -------
    str
        For messages.

    Examples
    --------
    >>> name_of_class(nn.DataParallel(nn.Linear(1, 1)))
    'Linear'
    """
    return type(bare(model)).__name__
