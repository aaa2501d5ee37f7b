"""What the central Traefik asks of Trellis: its configuration, who may pass, and pages for where nothing answers."""
