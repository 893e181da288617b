"""Networks as pictures: what of them is drawn, where it stands, and SVG."""
