"""Evaluation on people whom a model has never met: by cross-validation, or of a model that is there."""
