"""Other packages that numbers are compared with; importing them warns of their own affairs."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import shap

__all__ = ["shap"]
