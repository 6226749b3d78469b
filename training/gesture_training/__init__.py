"""Training of tinygesture: from recordings to an int8 model with its contract."""
