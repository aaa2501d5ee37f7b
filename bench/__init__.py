"""How fast the product is, each figure beside a peer or a floor measured in the same run: `make bench`."""
