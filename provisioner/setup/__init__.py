"""Setting up the machine of an environment: Docker, kind, Traefik, the branch's code and `tilt up`, by Ansible on the machine itself."""
