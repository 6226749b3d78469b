"""Commands that training adds to ``gesture``."""
