"""Thousands of lives against a clock that the test owns, and a judge who knows only what was said and what was heard."""
