"""An exported network behind HTTP: what is asked, how it is answered together, and what is too much.

A body goes through ``application`` (Starlette) to a thread that decodes it, and through ``batching`` to onnxruntime;
``server`` (uvicorn) keeps connections. All that a client could make large is bounded by ``limits``.
"""
