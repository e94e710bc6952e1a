"""All optimal networks: their units, the polytope of their masses, and how they connect at every width."""
