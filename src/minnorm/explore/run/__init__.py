"""A network that is trained while one looks on."""
