"""The widgets: one module each, paired by name with its half in ``js/src/widgets``."""
