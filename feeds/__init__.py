"""The market-data multiplexer: one upstream session for each exchange and market, fanned out over NATS to every environment."""
