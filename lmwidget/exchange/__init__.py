"""Others' results as ours: Captum, SHAP, Inseq and LIME, none of which is imported here."""

from __future__ import annotations

from lmwidget.exchange.captum import from_captum
from lmwidget.exchange.inseq import from_inseq
from lmwidget.exchange.lime import from_lime
from lmwidget.exchange.shap import from_shap, to_shap

__all__ = ["from_captum", "from_inseq", "from_lime", "from_shap", "to_shap"]
