"""Torch modules: the networks, their loss and their weights."""

from nanoseg_fiji.network.lite_unet import LiteUNet
from nanoseg_fiji.network.maps import MAPS, MapNet
from nanoseg_fiji.network.unet import UNet
from nanoseg_fiji.network.weights import Model, build, load_model, save_weights

__all__ = ["MAPS", "LiteUNet", "MapNet", "Model", "UNet", "build", "load_model", "save_weights"]
