"""The composition root: settings in, everything wired out. The only place where concrete classes are chosen."""
