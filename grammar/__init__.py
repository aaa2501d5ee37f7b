"""What can be said: one line of text becomes a typed command, or a mistake with its place and the nearest right thing."""
