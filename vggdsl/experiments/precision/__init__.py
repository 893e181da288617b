"""Files in half precision and in integers, held against single precision."""
