"""Order management on paper: fills orders at mid prices, keeps one environment's book within its limits. Needs nothing but Python."""
