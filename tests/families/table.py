"""Survey every text model type and write docs/families.md; run by ``make families``.

    python tests/families/table.py [--keep] [TYPE ...]

Each type is surveyed in a process that is started again when it dies. Results lie as JSON in
build/families, from which ``--keep`` goes on; with TYPEs only these are done anew.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from page import page, verdict_of

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "build" / "families"
TABLE = ROOT / "docs" / "families.md"
_LIMIT = 300  # seconds for one type


def main(arguments: Sequence[str]) -> int:
    """Survey what is to be surveyed, write the table, and return how many types failed."""
    from building import all_types

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="go on from what there is")
    parser.add_argument("types", nargs="*", help="only these; default: all")
    given = parser.parse_args(arguments)
    RESULTS.mkdir(parents=True, exist_ok=True)
    wanted = given.types or all_types()
    if given.keep and not given.types:
        wanted = [kind for kind in wanted if not _path(kind).exists()]
    for kind in wanted:
        _path(kind).unlink(missing_ok=True)
    while left := [kind for kind in wanted if not _path(kind).exists()]:
        _survey_in_process(left)
    results = {kind: json.loads(_path(kind).read_text()) for kind in all_types()}
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(page(results))
    failed = [kind for kind, outcomes in results.items() if verdict_of(outcomes) == "failed"]
    print(f"{TABLE.relative_to(ROOT)}: {len(results)} types, failed: {', '.join(failed) or 'none'}")
    return len(failed)


def _survey_in_process(kinds: list[str]) -> None:
    """Survey types until the process is through with them or dies of one."""
    process = multiprocessing.get_context("spawn").Process(target=_work, args=(kinds,))
    process.start()
    done = -1
    while process.is_alive():
        process.join(_LIMIT)
        now = sum(_path(kind).exists() for kind in kinds)
        if process.is_alive() and now == done:
            process.kill()
            process.join()
        done = now
    if process.exitcode != 0:
        kind = next(kind for kind in kinds if not _path(kind).exists())
        _write(kind, [_crashed(kind, f"the process ended with {process.exitcode}")])


def _work(kinds: list[str]) -> None:
    from building import all_pairs
    from survey import quiet, survey

    quiet()
    torch.set_num_threads(1)
    for kind in kinds:
        outcomes = [survey(pair).to_dict() for pair in all_pairs() if pair.type == kind]
        _write(kind, outcomes)
        print(f"{kind}: {verdict_of(outcomes)}", flush=True)


def _crashed(kind: str, problem: str) -> dict[str, Any]:
    from building import all_pairs
    from outcome import Outcome

    pair = next(pair for pair in all_pairs() if pair.type == kind)
    return Outcome(kind, pair.task, pair.class_name, problems=[problem]).to_dict()


def _path(kind: str) -> Path:
    return RESULTS / f"{kind}.json"


def _write(kind: str, outcomes: list[dict[str, Any]]) -> None:
    part = _path(kind).with_suffix(".part")
    part.write_text(json.dumps(outcomes))
    part.rename(_path(kind))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
