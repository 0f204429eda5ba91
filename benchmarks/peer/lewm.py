"""How long stable-worldmodel takes to decide: its cross-entropy method over its own predictor.

Called by benchmarks/decisions.py, in a Python of its own; nothing here imports rumpus:

    pip install torch==2.13.0 transformers gymnasium einops loguru tqdm
    pip install --no-deps stable-worldmodel==0.1.1

Says in one line of JSON what it is, then makes one decision for every line that it is sent, and
says what that took. A decision is the one of their evaluation on PushT: one picture and one goal
picture of 224 x 224, encoded by a ViT-tiny; 300 samples, 30 iterations, 30 elites; 5 blocks of 5
actions, all of which are carried out before the next decision: 25 steps of the environment. 32-bit
floats, as theirs. Nothing is trained: how long it takes does not depend on the weights.

Sources: LeWM's configs (github.com/lucas-maes/le-wm, config/train/model/lewm.yaml) and
stable-worldmodel's (scripts/plan/config/pusht.yaml, solver/cem.yaml).

Differs from theirs: the ViT, of the same sizes, is made by transformers itself, as
stable_pretraining does inside; pictures come in that size, so that nothing is resized; the solver
is called without the policy that hands its actions on one by one.
"""

import json
import sys
from contextlib import redirect_stdout
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec
from types import SimpleNamespace

import numpy as np
import torch
from gymnasium.spaces import Box
from peer.clock import clocked
from torch import nn
from transformers import ViTConfig, ViTModel

# Both packages import all environments and data formats, of which planning needs none.
for package in ("stable_worldmodel", "stable_worldmodel.wm"):
    spec = find_spec(package)
    assert spec is not None, f"{package} is not installed"
    sys.modules[package] = module_from_spec(spec)

from stable_worldmodel.solver.cem import CEMSolver  # noqa: E402
from stable_worldmodel.wm.lewm import LeWM  # noqa: E402
from stable_worldmodel.wm.lewm.module import MLP, Embedder, Predictor  # noqa: E402

SIDE_PX, SIZE, ACTION_SIZE = 224, 192, 2
PLAN = SimpleNamespace(horizon=5, action_block=5)


def lewm() -> LeWM:
    """Their world model for PushT, untrained."""
    sizes = ViTConfig(hidden_size=SIZE, num_hidden_layers=12, num_attention_heads=3,
                      intermediate_size=4 * SIZE, image_size=SIDE_PX, patch_size=14)  # fmt: skip
    projector = partial(MLP, SIZE, 2048, SIZE, norm_fn=nn.BatchNorm1d)
    model = LeWM(
        ViTModel(sizes, add_pooling_layer=False),
        Predictor(num_frames=3, depth=6, heads=16, mlp_dim=2048, dim_head=64, dropout=0.1,
                  input_dim=SIZE, hidden_dim=SIZE),
        Embedder(input_dim=PLAN.action_block * ACTION_SIZE, emb_dim=SIZE),
        projector(), projector(),
    )  # fmt: skip
    return model.eval().requires_grad_(False)


def main() -> None:
    """Decide as often as asked."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = lewm()
    solver = CEMSolver(model, num_samples=300, n_steps=30, topk=30)
    action_space = Box(-1.0, 1.0, (1, ACTION_SIZE))
    solver.configure(action_space=action_space, n_envs=1, config=PLAN)
    picture, goal = np.random.default_rng(0).integers(
        256, size=(2, 1, 1, 3, SIDE_PX, SIDE_PX), dtype=np.uint8
    )

    def decide() -> object:
        seen, shown = (torch.from_numpy(each) / 127.5 - 1.0 for each in (picture, goal))
        nothing_yet = torch.zeros(1, 1, ACTION_SIZE)
        found = solver.solve({"pixels": seen, "goal": shown, "action": nothing_yet})
        return found["actions"].numpy()

    packages = ("stable-worldmodel", "torch", "transformers")
    told = {name: version(name) for name in packages}
    weights_n = sum(weights.numel() for weights in model.parameters())
    steps = PLAN.horizon * PLAN.action_block
    print(json.dumps(told | {"weights_n": weights_n, "steps_per_decision": steps}), flush=True)
    for _ in sys.stdin:
        with redirect_stdout(None):  # the solver prints
            took = clocked(decide)
        print(json.dumps(took), flush=True)


if __name__ == "__main__":
    main()
