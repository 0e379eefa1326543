"""What is kept of one attention call, and how its weights come back."""
