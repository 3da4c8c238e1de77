"""How alike features are: sums of Gaussian kernels, and distances between two sites that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

# Widths of the kernels, as multiples of the mean squared distance.
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)


def gaussian_kernel(features: Tensor, factors: tuple[float, ...] = FACTORS, mean: float | None = None) -> Tensor:
    """Return the mean of several Gaussian kernels between all rows, (n, n): 1 for equal rows, about 0 for distant ones.

    Args:
        features: (n, feature).
        factors: The kernels are exp(-distance^2 / (factor x mean)).
        mean: Mean squared distance; None takes that of the rows given, apart from each to itself, without gradient.
    """
    squares = squared_distances(features)
    count = len(features)
    scale = squares.detach().sum() / (count * (count - 1)) if mean is None else squares.new_tensor(mean)
    scale = scale.clamp(min=torch.finfo(squares.dtype).tiny)
    return torch.stack([torch.exp(-squares / (factor * scale)) for factor in factors]).mean(dim=0)


def squared_distances(features: Tensor) -> Tensor:
    """Return the squared Euclidean distance of all rows to each other, (n, n)."""
    centred = features - features.detach().mean(dim=0)  # less is lost to rounding
    norms = centred.square().sum(dim=1)
    return (norms[:, None] + norms[None, :] - 2 * centred @ centred.T).clamp(min=0)


def kernel_gap(ours: Tensor, theirs: Tensor, factors: tuple[float, ...] = FACTORS) -> Tensor:
    """Return the unbiased estimate of the squared maximum mean discrepancy; about 0, or below, for the same sites.

    Args:
        ours: (n, feature), n at least 2.
        theirs: (m, feature), m at least 2.
        factors: Of the kernels' widths.

    Source: Gretton et al. 2012, Journal of Machine Learning Research 13, lemma 6.
    """
    n, m = len(ours), len(theirs)
    kernel = gaussian_kernel(torch.cat((ours, theirs)), factors)
    apart = kernel - torch.diag(kernel.diagonal())
    within = apart[:n, :n].sum() / (n * (n - 1)) + apart[n:, n:].sum() / (m * (m - 1))
    return within - 2 * kernel[:n, n:].mean()


def class_kernel_gap(features: tuple[Tensor, Tensor], shares: tuple[Tensor, Tensor]) -> Tensor:
    """Return the squared distance of the two sites' weighted mean embeddings, class by class, in the mean.

    Args:
        features: Of source and target, (n, feature) and (m, feature).
        shares: How much each series belongs to each class, (n, class) and (m, class): labels of the one, probabilities
            of the other. Classes that no label, or no likeliest class of the target, names are left out; 0 where none
            is left.

    Source: Zhu et al. 2021, IEEE Transactions on Neural Networks and Learning Systems 32(4),
    doi:10.1109/TNNLS.2020.2988928, equation 6.
    """
    ours, theirs = shares
    likeliest = torch.zeros_like(theirs).scatter_(1, theirs.argmax(dim=1, keepdim=True), 1.0)
    common = (ours.sum(dim=0) > 0) & (likeliest.sum(dim=0) > 0)
    weights = [part * common / part.sum(dim=0).clamp(min=torch.finfo(part.dtype).tiny) for part in (ours, theirs)]
    signed = torch.cat((weights[0], -weights[1]))
    kernel = gaussian_kernel(torch.cat(features))
    return (signed * (kernel @ signed)).sum() / common.sum().clamp(min=1)
