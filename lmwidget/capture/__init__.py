"""What is read inside a running model, and how the model is left as found."""
