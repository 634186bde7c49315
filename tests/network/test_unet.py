from __future__ import annotations

import pytest
import torch

from nanoseg_fiji.errors import ModelError
from nanoseg_fiji.network import MAPS, LiteUNet, UNet, build


@pytest.mark.parametrize(
    "make",
    [
        lambda: UNet((4, 8, 8), bottom_blocks=1),
        lambda: UNet((4, 8, 8, 8), bottom_blocks=2),
        lambda: UNet((4, 8, 8), bottom_blocks=2, fold=2),
        lambda: LiteUNet((4, 4, 8)),
    ],
    ids=["three levels", "four levels", "folded", "lite"],
)
def test_receptive_field_lies_within_the_halo(make):
    torch.manual_seed(0)
    net = make().double()
    for module in net.modules():  # random statistics, so that no unit is silent everywhere
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.bias)
    net.eval()
    side = 2 * net.halo + 4 * net.stride
    image = torch.randn(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    centre = side // 2
    for place in (centre, centre + net.stride - 1):  # both ends of the coarsest pixel
        image.grad = None
        net(image)[0, :, place, place].sum().backward()
        touched = torch.nonzero(image.grad[0, 0]) - place
        reach = int(touched.abs().max())
        assert net.stride < reach <= net.halo


@pytest.mark.parametrize("net", [UNet((4, 8, 8), bottom_blocks=2, fold=2), LiteUNet((4, 4, 8))])
def test_fused_network_gives_the_same_maps_without_normalisation(net):
    torch.manual_seed(1)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for statistic in (module.weight, module.bias, module.running_mean):
                torch.nn.init.normal_(statistic)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
    image = torch.randn(1, 1, 64, 96)
    fused = net.eval().fused()
    assert not [m for m in fused.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    expected = net(image)
    torch.testing.assert_close(fused(image), expected, rtol=1e-3, atol=1e-3)
    assert torch.equal(net(image), expected)  # the network itself stays as it was


def test_shape_of_the_maps_and_of_what_does_not_fit():
    net = UNet((4, 8), bottom_blocks=1).eval()
    assert net(torch.zeros(2, 1, 32, 48)).shape == (2, len(MAPS), 32, 48)
    assert LiteUNet((4, 4, 8)).eval()(torch.zeros(2, 1, 32, 48)).shape == (2, len(MAPS), 32, 48)
    folded = UNet((4, 8), bottom_blocks=1, fold=2).eval()
    assert folded.stride == 4
    assert folded(torch.zeros(2, 1, 32, 48)).shape == (2, len(MAPS), 32, 48)
    with pytest.raises(ValueError, match=r"pad to \[34, 48\]"):
        net(torch.zeros(1, 1, 33, 48))


def test_unknown_architectures_are_named():
    with pytest.raises(ModelError, match="'resnet' is none of this version"):
        build({"name": "resnet"})
    with pytest.raises(ModelError, match="does not fit this version"):
        build({"name": "flow-unet", "depth": 3})
    with pytest.raises(ModelError, match="does not fit this version"):
        build({"name": "flow-lite-unet", "channels": [4, 8]})
