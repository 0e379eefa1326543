"""Models from a local folder or the Hugging Face hub, by the Auto class that their config asks for."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lmwidget.errors import InputError, LmwidgetError, ModelMismatchError
from lmwidget.models.tasks import task_of

_AUTO = {
    "causal": "AutoModelForCausalLM",
    "masked": "AutoModelForMaskedLM",
    "sequence-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "question-answering": "AutoModelForQuestionAnswering",
    "seq2seq": "AutoModelForSeq2SeqLM",
    "encoder": "AutoModel",
}


def read_hub(name: str, task: str | None) -> tuple[Any, Any]:
    """Return model and tokenizer of a hub id, from the network or the hub's own cache.

    Parameters
    ----------
    name : str
        Hub id, such as ``"gpt2"``.
    task : str or None
        None: the task its configuration names.

    Returns
    -------
    tuple of (model, tokenizer)
        Both of transformers, weights in float32.

    Raises
    ------
    InputError
        When there is no such model, or it cannot be reached and was never downloaded.

    Examples
    --------
    >>> model, tokenizer = read_hub("gpt2", None)  # doctest: +SKIP
    """
    online = hub_reachable()
    try:
        with quietly(bars=online):
            return _read(name, task, local_files_only=not online)
    except LmwidgetError:
        raise
    except Exception as error:  # each part of transformers has its own errors for broken files
        if not online:
            raise InputError(
                f"{name!r} is no folder here, is not downloaded yet, and the Hugging Face hub "
                "cannot be reached.",
                "Check the name and the connection, or use load() or load('tiny').",
            ) from error
        raise InputError(
            f"{name!r} could not be loaded from the Hugging Face hub: {_first_line(error)}",
            "Check the name; private models need: hf auth login.",
        ) from error


def read_local(folder: Path, task: str | None) -> tuple[Any, Any]:
    """Return model and tokenizer of a folder written by ``save_pretrained``.

    Parameters
    ----------
    folder : Path
        With ``config.json``, weights and tokenizer.
    task : str or None
        None: the task its configuration names.

    Returns
    -------
    tuple of (model, tokenizer)
        Both of transformers, weights in float32.

    Raises
    ------
    InputError
        When a part is missing or cannot be read.

    Examples
    --------
    >>> from importlib.resources import files
    >>> model, _ = read_local(Path(str(files("lmwidget.models") / "tiny")), None)
    >>> type(model).__name__
    'GPT2LMHeadModel'
    """
    if not (folder / "config.json").is_file():
        raise InputError(
            f"{folder} has no config.json, so it holds no model.",
            "Give the folder that save_pretrained() wrote.",
        )
    try:
        with quietly(bars=False):
            return _read(str(folder), task, local_files_only=True)
    except LmwidgetError:
        raise
    except Exception as error:  # each part of transformers has its own errors for broken files
        raise InputError(
            f"The model in {folder} could not be loaded: {_first_line(error)}",
            "Save model and tokenizer there with save_pretrained().",
        ) from error


def hub_reachable(seconds: float = 4.0) -> bool:
    """Return whether the hub answers, found out in seconds rather than after minutes of retries.

    Parameters
    ----------
    seconds : float, default 4.0
        Longest time to wait.

    Returns
    -------
    bool
        False also when ``HF_HUB_OFFLINE`` is set.

    Examples
    --------
    >>> hub_reachable(0.001) in {True, False}
    True
    """
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        get_session().head(constants.ENDPOINT, timeout=seconds)
    except Exception:  # noqa: BLE001  (every client library has its own connection errors)
        return False
    return True


@contextmanager
def quietly(*, bars: bool) -> Iterator[None]:
    """Silence what loading prints; log levels and progress bars are put back afterwards.

    Parameters
    ----------
    bars : bool
        True leaves progress bars on, as for downloads.

    Yields
    ------
    None
        Inside the ``with`` block nothing is printed.

    Examples
    --------
    >>> with quietly(bars=False):
    ...     pass
    """
    from transformers.utils import logging as noise

    level, shown = noise.get_verbosity(), noise.is_progress_bar_enabled()
    noise.set_verbosity(logging.CRITICAL)
    if not bars:
        noise.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        noise.set_verbosity(level)
        if shown and not bars:
            noise.enable_progress_bar()


def _read(name: str, task: str | None, *, local_files_only: bool) -> tuple[Any, Any]:
    import torch
    import transformers

    where: dict[str, Any] = {"local_files_only": local_files_only}
    config = transformers.AutoConfig.from_pretrained(name, **where)
    tokenizer = transformers.AutoTokenizer.from_pretrained(name, **where)
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise InputError(
            f"{name} holds a model, but no tokenizer.",
            "Save it there: tokenizer.save_pretrained().",
        )
    maker = _class_for(config, task)
    try:
        model, report = maker.from_pretrained(
            name, config=config, dtype=torch.float32, output_loading_info=True, **where
        )
    except ValueError as error:
        if "Unrecognized configuration class" not in str(error):
            raise
        raise ModelMismatchError(
            f"{name} is a {config.model_type} model, which does not do {task!r}.",
            "Leave task= out to load it for what it was trained for.",
        ) from error
    _check_weights(name, task_of(model), report["missing_keys"])
    return model.eval(), tokenizer


def _class_for(config: Any, task: str | None) -> Any:
    """Return the class that the configuration names, or the Auto class of a task."""
    import transformers

    if task is None:
        for architecture in config.architectures or []:
            if found := getattr(transformers, architecture, None):
                return found
        task = _likely_task(config)
    return getattr(transformers, _AUTO[task])


def _likely_task(config: Any) -> str:
    from transformers.models.auto import modeling_auto as auto

    if config.is_encoder_decoder:
        return "seq2seq"
    if config.model_type in auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES:
        return "masked"
    return "causal" if config.model_type in auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES else "encoder"


def _check_weights(name: str, task: str, missing: Iterable[str]) -> None:
    # A bare encoder's pooler is used by nothing here, and many checkpoints come without.
    lost = sorted(key for key in missing if task != "encoder" or "pooler" not in key)
    if lost:
        raise ModelMismatchError(
            f"{name} has no trained weights for {lost[0]}, so as {task!r} it would answer at random.",
            "Load it for what it was trained for, or with task='encoder'.",
        )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
