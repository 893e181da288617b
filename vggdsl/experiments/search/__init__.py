"""Which of the networks of a space are worth training to the end, under a budget."""
