"""What listens while a model runs: attention functions, softmaxes, modules."""
