"""The commands of ``gesture``, one file each; every file's click command is named ``command``."""
