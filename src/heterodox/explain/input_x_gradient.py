"""Input times gradient (Shrikumar et al. 2016): what each pixel adds to a logit, to first order; as captum's."""

import torch
from torch import Tensor

from heterodox.explain.interface import Setting, in_rows
from heterodox.explain.shared import Shared, gradients


def explain(members: Shared, pixels: Tensor, targets: Tensor, setting: Setting) -> Tensor:
    """Return |pixel * d logit[target] / d pixel|, float32 (M, n, C, H, W), for pixels in [0, 1] and targets (M, n).

    Higher = the pixel contributes more to the logit; range 0 to infinity. Black pixels have none.
    """

    def work(rows: slice) -> Tensor:
        found = torch.stack([pixels[rows] * part for part in gradients(members, pixels[rows], targets[:, rows])])
        return setting.absolute(found).float()

    return in_rows(work, len(pixels), setting.rows)
