"""Exchanges that listen on this machine and speak as the real ones do."""
