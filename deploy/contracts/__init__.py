"""The gate of contracts: a service's protobuf and OpenAPI, the new against those that are deployed."""

from deploy.contracts.breaking import breaking
from deploy.contracts.broken import Break, CannotCompare, Unreadable
from deploy.contracts.contract import Contract, contract_of

__all__ = ["Break", "CannotCompare", "Contract", "Unreadable", "breaking", "contract_of"]
