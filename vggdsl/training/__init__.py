"""Recipe -> run -> record. The modules import torch; this package by itself doesn't."""
