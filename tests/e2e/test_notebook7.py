"""A shorter journey in Notebook 7."""

from __future__ import annotations

from journeys import CELLS, graph_journey, saliency_journey
from notebook_page import Notebook, write_notebook
from pictures import Graph, Saliency
from watching import accessibility_problems, shoot


def test_the_journey(notebook7, open_page) -> None:
    write_notebook(notebook7.folder / "journey.ipynb", [*CELLS, ""])
    page, _ = open_page()
    notebook = Notebook(page, notebook7).open("journey.ipynb")
    notebook.run_all()
    graph, why = Graph(page), Saliency(page)
    graph.ready()
    why.ready()
    graph_journey(notebook, graph)
    saliency_journey(notebook, why)
    graph.ready()
    shoot(page, "notebook7")
    problems = accessibility_problems(page)
    assert not problems, "\n".join(problems)
