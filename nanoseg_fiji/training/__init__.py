"""Training: targets, crops, augmentation, the loop."""
