"""The command line writes a page, or says in one line why not."""

import io

import pytest

from lmwidget.cli import main


def test_page_holds_both_pictures(tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main(["The king said", "--model", "tiny", "--out", str(page)]) == 0
    assert capsys.readouterr().out.strip() == str(page.resolve())
    text = page.read_text("utf-8")
    assert '"kind": "attention_graph"' in text
    assert '"kind": "saliency_text"' in text


def test_method_target_and_foil_reach_the_page(tmp_path):
    page = tmp_path / "page.html"
    arguments = ["The king said unto", "--model", "tiny", "--show", "saliency", "--out", str(page)]
    arguments += ["--method", "integrated_gradients", "--target", " the", "--foil", " him"]
    assert main(arguments) == 0
    assert "completeness gap" in page.read_text("utf-8")


def test_standard_input(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("The king said"))
    page = tmp_path / "page.html"
    assert main(["-", "--model", "tiny", "--out", str(page), "--quiet"]) == 0
    assert page.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["", "--model", "tiny"], "lmwidget:"),
        (["a", "--model", "tiny", "--method", "gradeint"], "Did you mean 'gradient'?"),
        (["a", "--model", "no/such/folder/here"], "no/such/folder/here"),
    ],
)
def test_errors_are_one_line_and_status_two(tmp_path, capsys, arguments, message):
    page = tmp_path / "page.html"
    assert main([*arguments, "--out", str(page)]) == 2
    captured = capsys.readouterr().err
    assert message in captured
    assert "Traceback" not in captured
    assert not page.exists()
