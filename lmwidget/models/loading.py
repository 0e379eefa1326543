"""Load a language model by name: the default one, the tiny one inside the package, any other."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from lmwidget.errors import InputError, refuse_unknown
from lmwidget.models.language_model import LanguageModel
from lmwidget.models.tasks import check_task


def load(
    name: str | Path | None = None, *, task: str | None = None, **unknown: Any
) -> LanguageModel:
    """Return a language model with its tokenizer, on the CPU in float32.

    For a model on a GPU or in another precision, load it with transformers and pass it to
    ``LanguageModel(model, tokenizer)``.

    Parameters
    ----------
    name : str or Path, optional
        Nothing: SmolLM2-135M-Instruct. ``"tiny"``: a two-layer GPT-2 inside the package. Else a
        local folder or a Hugging Face hub id, such as ``"gpt2"``.
    task : str, optional
        ``"causal"``, ``"masked"``, ``"encoder"``, ``"sequence-classification"``,
        ``"token-classification"``, ``"question-answering"`` or ``"seq2seq"``. Default: what the
        model's configuration says.

    Returns
    -------
    LanguageModel
        Ready for ``attention``, ``attribute`` and ``predict``.

    Raises
    ------
    InputError
        When there is no such model, or it cannot be reached.
    MissingDependencyError
        When the default model has to be installed first; says how.
    ModelMismatchError
        When the model was not trained for the task.
    UnknownNameError
        For an unknown task or keyword.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lmw.load("tiny")
    <LanguageModel tiny: gpt2, causal, context 128>
    """
    from lmwidget.models.hub import read_hub, read_local

    refuse_unknown(unknown, ["task"], "load")
    task = check_task(task) if task is not None else None
    if name is None:
        return _default(task)
    if not isinstance(name, str | Path) or not str(name).strip():
        raise InputError(f"{name!r} is no model name.", "Give a hub id, a folder, or 'tiny'.")
    if str(name) == "tiny":
        _only_causal("tiny", task)
        with as_file(files("lmwidget.models") / "tiny") as folder:
            return LanguageModel(*read_local(folder, None), name="tiny")
    folder = Path(name).expanduser()
    if folder.is_dir():
        return LanguageModel(*read_local(folder, task), name=folder.resolve().name)
    if isinstance(name, Path) or name.startswith((".", "~", "/", "\\")) or name.count("/") > 1:
        raise InputError(f"There is no folder {name}.", "Check the path, or give a hub id.")
    return LanguageModel(*read_hub(name, task), name=name)


def _default(task: str | None) -> LanguageModel:
    from lmwidget.models import default_model

    _only_causal(default_model.NAME, task)
    model, tokenizer = default_model.load_default()
    return LanguageModel(model, tokenizer, name=default_model.NAME)


def _only_causal(name: str, task: str | None) -> None:
    if task not in {None, "causal"}:
        raise InputError(
            f"{name} is a causal model, so it cannot be loaded as {task!r}.",
            "Leave task= out, or name a model that was trained for it.",
        )
