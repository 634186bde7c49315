"""Micrograph to label image: normalise, tile, predict, split."""
