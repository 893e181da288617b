"""Text <-> syntax <-> network."""
