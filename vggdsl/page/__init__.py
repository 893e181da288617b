"""A page in a browser on which a network is seen while it is typed or pasted.

``engine`` answers what the page asks, by the front end alone; ``serve`` asks it of this machine, ``site`` writes the
page with a Python for the browser. What the browser runs is in ``static``.
"""
