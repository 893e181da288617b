"""What trainings left, as one page to look at."""
