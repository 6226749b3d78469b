"""The baseline: a random forest on features of a window, trained and written in C++ by everywhereml."""
