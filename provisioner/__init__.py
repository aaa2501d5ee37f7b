"""Making environments."""
