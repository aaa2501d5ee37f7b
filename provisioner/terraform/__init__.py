"""Environments by Terraform: one working copy, one workspace and one locked state for each, always behind a launcher of ours."""
