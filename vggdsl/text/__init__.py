"""A text and places in it: findings about it, figures printed in it, files that hold it."""
