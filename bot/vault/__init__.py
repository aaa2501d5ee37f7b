"""Secrets of trading environments, by path: kept encrypted on this host or in AWS Secrets Manager, and never those of production."""
