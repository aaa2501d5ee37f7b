"""`/api/v1`: what programs may see and say. The same bus decides as for chat."""
