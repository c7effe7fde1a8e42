"""An ensemble as one network, to be explained directly: the members' answers averaged instead of their maps."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

CONSENSUS = ("mean_logit", "mean_probability")


class OneNetwork(nn.Module):
    """Pixels in [0, 1] (n, C, H, W) in, (n, outputs) out: the mean of what the members say.

    `mean_logit` averages logits. `mean_probability` averages probabilities, and its outputs are their logarithms (for
    yes-or-no outputs their log odds), so that with a single member gradients are those of that member's own answer.
    Members on one trunk run it once.
    """

    def __init__(self, members: Sequence[nn.Module], consensus: str = "mean_probability", multi_label: bool = False):
        super().__init__()
        if consensus not in CONSENSUS:
            raise ValueError(f"no consensus {consensus}; known are {', '.join(CONSENSUS)}")
        self.members = nn.ModuleList(members)
        self.consensus, self.multi_label = consensus, multi_label
        trunks = {id(getattr(member, "trunk", member)) for member in members}
        heads = [getattr(member, "head", None) for member in members]
        self._shared = len(trunks) == 1 and all(isinstance(head, nn.Module) for head in heads)

    def logits(self, pixels: Tensor) -> Tensor:
        """Return the members' logits (M, n, outputs)."""
        if not self._shared:
            return torch.stack([member(pixels) for member in self.members])
        members: list[Any] = list(self.members)
        features = members[0].trunk(pixels)
        return torch.stack([member.head(features) for member in members])

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the consensus (n, outputs)."""
        logits = self.logits(pixels)
        if self.consensus == "mean_logit":
            return logits.mean(0)
        if self.multi_label:
            yes, no = (torch.logsumexp(nn.functional.logsigmoid(sign * logits), 0) for sign in (1, -1))
            return yes - no
        return torch.logsumexp(logits.log_softmax(-1), 0) - torch.tensor(float(len(logits))).log()
