"""Putting services there."""
