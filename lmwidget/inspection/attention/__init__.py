"""What is computed from attention weights; the functions are in ``lmwidget.inspection``."""
