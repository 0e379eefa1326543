"""What is read inside a running model, and how the model is left as found.

>>> from lmwidget import capture
>>> capture.register("h.*.mix").remove()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmwidget.capture.modules.registration import register, unregister

__all__ = ["register", "unregister"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"lmwidget.capture has no {name!r}.")
    from lmwidget.capture.modules import registration

    return getattr(registration, name)
