"""From a row whose time has come to the effect, and back to the thread."""
