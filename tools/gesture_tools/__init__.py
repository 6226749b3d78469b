"""Host tools of tinygesture: logs, the binding of the C core, simulator, builds and boards."""
