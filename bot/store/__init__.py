"""The one truth: tables, and a unit of work over them."""
