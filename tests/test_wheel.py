"""What users install: the wheel is built, weighed, and used alone in a clean environment."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUNDLES = (
    "attention_flow",
    "attention_graph",
    "attention_grid",
    "attention_matrix",
    "query_key_space",
    "query_key_view",
    "saliency_text",
)
LARGEST_BUNDLE = 100 * 1024
LARGEST_MODEL = 1024 * 1024


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with what is installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or done.stdout
    (built,) = folder.glob("*.whl")
    return built


def test_contents(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    for name in BUNDLES:
        assert sizes[f"lmwidget/static/{name}.css"] > 0
    scripts = [*BUNDLES, "host"]
    assert all(0 < sizes[f"lmwidget/static/{name}.js"] <= LARGEST_BUNDLE for name in scripts)
    model = [size for name, size in sizes.items() if name.startswith("lmwidget/models/tiny/")]
    assert 100_000 < sum(model) <= LARGEST_MODEL
    assert "lmwidget/py.typed" in sizes
    allowed = ("lmwidget/", "lmwidget-")
    assert not [name for name in sizes if not name.startswith(allowed)]
    parts = {part for name in sizes for part in Path(name).parts}
    assert not parts & {"node_modules", "tests", "js", "notebooks", "__pycache__"}
    assert not [name for name in sizes if name.endswith((".map", ".pyc"))]


USE = """
import json, sys
import lmwidget as lmw
lean = sorted({"torch", "transformers", "anywidget", "numpy"} & set(sys.modules))
lm = lmw.load("tiny")
graph = lmw.AttentionGraph(lm, "The king said unto the king")
why = lmw.SaliencyText(lm, "The king said unto the")
page = lmw.to_html("page.html", graph, why)
print(json.dumps({"home": lmw.__file__, "shape": graph.result.shape, "lean": lean,
                  "page": page.stat().st_size, "version": lmw.__version__}))
"""


def test_installed_alone(wheel: Path, tmp_path: Path) -> None:
    clean = tmp_path / "clean"
    venv.create(clean, with_pip=False, symlinks=True)
    home = Path(sysconfig.get_path("purelib", vars={"base": str(clean), "platbase": str(clean)}))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*install, home, wheel], check=True)
    # PyTorch and the rest come from this environment, but not lmwidget's editable install.
    borrowed = tmp_path / "borrowed"
    borrowed.mkdir()
    for place in Path(sysconfig.get_path("purelib")).iterdir():
        if "lmwidget" not in place.name and place.suffix != ".pth":
            (borrowed / place.name).symlink_to(place)
    (home / "borrowed.pth").write_text(str(borrowed))

    python = clean / "bin" / "python"
    done = subprocess.run(
        [python, "-c", USE], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert Path(seen["home"]).is_relative_to(clean)
    assert seen["lean"] == []
    assert seen["shape"][0] == 2  # layers
    assert seen["page"] > 100_000


def test_command_line_is_installed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith("entry_points.txt")]
        assert "lmwidget = lmwidget.cli:main" in archive.read(name).decode()


IMPORT = """
import sys, time
start = time.perf_counter()
import lmwidget
print(time.perf_counter() - start)
print(*(name for name in ("torch", "transformers", "anywidget", "numpy") if name in sys.modules))
"""


def test_import_is_lean_and_fast() -> None:
    """The least of several tries: others may be using the machine."""
    seconds = []
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True
        )
        taken, loaded = done.stdout.splitlines()
        assert loaded == ""
        seconds.append(float(taken))
    assert min(seconds) < 0.25


def test_names_are_completed_without_loading() -> None:
    code = "import lmwidget, sys; print('load' in dir(lmwidget), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
