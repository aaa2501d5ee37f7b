"""What Traefik is told: the central one, which leads to environments, and the one on an environment's machine."""
