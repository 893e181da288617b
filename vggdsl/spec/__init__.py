"""What a paper says of a network: claims, recipes, results; all that can be refused without torch."""
