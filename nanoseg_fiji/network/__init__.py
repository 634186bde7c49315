"""Torch modules: the U-Net, its loss and its weights."""

from nanoseg_fiji.network.unet import MAPS, UNet
from nanoseg_fiji.network.weights import Model, build, load_model, save_weights

__all__ = ["MAPS", "Model", "UNet", "build", "load_model", "save_weights"]
