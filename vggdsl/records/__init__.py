"""What runs leave, and what is made of it: folders, results, comparisons, tables."""
