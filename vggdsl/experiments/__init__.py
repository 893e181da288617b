"""What is done with a network and data: training, and export.

A training is an ``Experiment``, a spec and a recipe that were found right, made ready by ``prepare`` for a seed and a
``Workplace``. It has a ``Beginning``, weights from elsewhere or a checkpoint, and a ``Session`` in its run's folder;
``loop`` runs its epochs. ``train`` leads through these once, a ``Queue`` for all experiments of a call.
"""
