"""Images: sets, splits, views, batches, augmentation, preprocessing."""
