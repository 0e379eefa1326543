"""Language models of every family behind one small interface."""
