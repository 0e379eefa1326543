"""Bar 5: random text through every kind of tokenizer. Prints one JSON object, and fails if it finds one.

python tests/bench/fuzz.py --cases 10000 --seed 0
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "unit" / "models")]
from strange_text import FAMILIES, TEXTS, check_tokens  # noqa: E402
from tokenizers_zoo import tokenizer_of  # noqa: E402

from lmwidget.errors import InputError  # noqa: E402
from lmwidget.models.tokenizing import tokenize  # noqa: E402


def run(kind: str, cases: int, start: int) -> dict:
    """Try one tokenizer; failures are shrunk to their smallest text only by the unit tests."""
    found = {"cases": 0, "tokens": 0, "refused": 0, "failures": []}
    tokenizer = tokenizer_of(kind)
    begin = time.perf_counter()

    @seed(start)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(text=TEXTS)
    def once(text: str) -> None:
        found["cases"] += 1
        try:
            tokens = tokenize(tokenizer, text)
            check_tokens(tokens, text)
            found["tokens"] += len(tokens)
        except InputError as error:
            if "nothing but special tokens" in str(error):
                found["refused"] += 1
            else:
                found["failures"].append([repr(text), repr(error)])
        except Exception as error:  # noqa: BLE001, every crash is a finding
            found["failures"].append([repr(text), f"{type(error).__name__}: {error}"[:300]])

    once()
    found["seconds"] = round(time.perf_counter() - begin, 1)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="over all tokenizers")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    kinds = [kind for kinds in FAMILIES.values() for kind in kinds]
    each = -(-options.cases // len(kinds))
    tokenizers = {kind: run(kind, each, options.seed) for kind in kinds}
    report = {
        "bench": "fuzz",
        "seed": options.seed,
        "cases": sum(one["cases"] for one in tokenizers.values()),
        "failures": sum(len(one["failures"]) for one in tokenizers.values()),
        "families": {family: list(kinds) for family, kinds in FAMILIES.items()},
        "tokenizers": {
            kind: {**one, "failures": len(one["failures"]), "examples": one["failures"][:5]}
            for kind, one in tokenizers.items()
        },
    }
    print(json.dumps(report, indent=1, ensure_ascii=True))
    return 1 if report["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
