"""The dashboard: pages drawn here, live parts that the script draws anew, and nothing that needs the script."""
