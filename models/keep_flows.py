"""Keep the maps of a trained network of six maps that particles are made of.

python models/keep_flows.py runs/em-particles/em-particles.safetensors OUT.safetensors

Writes the weights and the card without border and distance: foreground, flows, size.
"""

import hashlib
import json
import sys
from pathlib import Path

from safetensors.torch import load_file, save

source, target = Path(sys.argv[1]), Path(sys.argv[2])
weights, card = load_file(source), json.loads(source.with_suffix(".json").read_text())
architecture = {k: v for k, v in card["architecture"].items() if k != "maps"} | {"name": "flow-unet"}
pixels = architecture.get("fold", 1) ** 2
rows = [m * pixels + i for m in (0, 4, 5, 3) for i in range(pixels)]
for key in ("head.weight", "head.bias"):
    weights[key] = weights[key][rows].contiguous()
data = save(weights)
target.write_bytes(data)
card |= {"architecture": architecture, "sha256": hashlib.sha256(data).hexdigest()}
card["weights"] -= 2 * pixels * (weights["head.weight"].shape[1] + 1)
target.with_suffix(".json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")
