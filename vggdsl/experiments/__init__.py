"""What is done with a network and data: training."""
