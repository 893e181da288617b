"""What a trained network is worth, by the protocols of the papers."""
