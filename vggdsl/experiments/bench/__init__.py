"""Speed, measured on the same work in turn: this project's code beside what others write."""
