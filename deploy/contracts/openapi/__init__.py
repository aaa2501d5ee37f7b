"""OpenAPI 3 documents compared: what callers of the one before could do, and can no longer."""
