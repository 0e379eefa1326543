"""Command line: ``lmwidget "The capital of France is" --out page.html``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lmwidget.errors import InputError, LmwidgetError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a model on a text, write a page, and return the exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command-line arguments; those of the process when not given.

    Returns
    -------
    int
        0, or 2 when the input cannot be used.

    Examples
    --------
    >>> import tempfile, os
    >>> page = os.path.join(tempfile.mkdtemp(), "page.html")
    >>> main(["The king said", "--model", "tiny", "--out", page, "--quiet"])
    0
    """
    options = _parser().parse_args(arguments)
    text = sys.stdin.read() if options.text == "-" else options.text
    try:
        if not text.strip():
            raise InputError("There is no text.", 'Give one: lmwidget "The capital of France is" …')
        path = _write(text, options)
    except (LmwidgetError, OSError) as error:
        print(f"lmwidget: {error}", file=sys.stderr)
        return 2
    if not options.quiet:
        print(path.resolve())
    return 0


def _write(text: str, options: argparse.Namespace) -> Path:
    import lmwidget as lmw
    from lmwidget.html import to_html

    lm = lmw.load(options.model, task=options.task)
    widgets: list[Any] = []
    if options.show in {"attention", "both"}:
        widgets.append(lmw.AttentionGraph(lm, text, truncate=options.truncate))
    predicts = lm.task != "encoder"
    if options.show == "saliency" or (options.show == "both" and predicts):
        why = lmw.SaliencyText(
            lm,
            text,
            method=options.method,
            target=options.target,
            foil=options.foil,
            truncate=options.truncate,
        )
        widgets.append(why)
    return to_html(options.out, *widgets, title=text if len(text) <= 80 else f"{text[:79]}…")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lmwidget",
        description="Write a stand-alone page with the attention and the saliency of a text.",
    )
    parser.add_argument("text", help="what the model reads; - for standard input")
    parser.add_argument("--out", required=True, metavar="PAGE", help="HTML file to write")
    parser.add_argument("--model", help="hub id, local folder or 'tiny'; default: SmolLM2-135M")
    parser.add_argument("--task", help="what the model does, when its config does not say")
    parser.add_argument("--method", help="attribution method; default: by the length of the text")
    parser.add_argument("--target", help="token or class to explain; default: the top prediction")
    parser.add_argument("--foil", help="the alternative to contrast the target with")
    parser.add_argument("--show", choices=["both", "attention", "saliency"], default="both")
    parser.add_argument("--truncate", action="store_true", help="cut a text that is too long")
    parser.add_argument("--quiet", action="store_true", help="print nothing")
    return parser
