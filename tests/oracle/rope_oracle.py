"""RoPE's scalings in numpy, from their papers, sharing nothing with Fathom.

    linear       position interpolation: Chen et al. 2023, arXiv:2306.15595, section 2
    ntk          "NTK-aware" interpolation: Peng et al. 2023, arXiv:2309.00071, section 3.1
    dynamic_ntk  the same, by length: transformers' "dynamic" rope type
    yarn         Peng et al. 2023, sections 3.2 to 3.4
    llama3       Llama 3.1's, as Meta's reference code has it
    longrope     Ding et al. 2024, arXiv:2402.13753, sections 3.1 and 3.4

Each takes d, how many elements of a head turn, the base, and the context it was trained for first,
`original`; and returns the frequencies in radians per position, [d / 2], and what cos and sin are
multiplied by.
"""

import math

import numpy as np


def none(d, base, original, context):
    return base ** (-2 * np.arange(d // 2) / d), 1.0


def linear(d, base, original, context, factor=None):
    """Position m becomes m / factor."""
    factor = factor or max(1, context / original)
    return none(d, base, original, context)[0] / factor, 1.0


def ntk(d, base, original, context, factor=None):
    """The slowest pair is interpolated by the factor, the fastest not at all."""
    factor = factor or max(1, context / original)
    return none(d, base * factor ** (d / (d - 2)), original, context)


def dynamic_ntk(d, base, original, context, factor=None):
    factor = factor or max(1, context / original)
    if context <= original:
        return none(d, base, original, context)
    return ntk(d, base, original, context, factor * context / original - (factor - 1))


def yarn(d, base, original, context, factor=None, beta_fast=32, beta_slow=1, attn_factor=1):
    """A pair of wavelength w turns original / w times; where on the axis of pairs are those that
    turn beta_fast and beta_slow times? Between them lies a ramp."""
    factor = factor or max(1, context / original)
    frequencies = none(d, base, original, context)[0]

    def pair_that_turns(times):
        wavelength = original / times  # 2 pi base^(2 i / d)
        return d / 2 * math.log(wavelength / (2 * math.pi), base)

    first = min(max(math.floor(pair_that_turns(beta_fast)), 0), d - 1)
    last = min(max(math.ceil(pair_that_turns(beta_slow)), 0), d - 1)
    if first == last:
        last += 0.001
    kept = 1 - np.clip((np.arange(d // 2) - first) / (last - first), 0, 1)
    scaled = (1 - kept) * frequencies / factor + kept * frequencies
    return scaled, attn_factor * (0.1 * math.log(factor) + 1)


def llama3(d, base, original, context, factor=None, low=1, high=4):
    factor = factor or max(1, context / original)
    scaled = []
    for frequency in none(d, base, original, context)[0]:
        wavelength = 2 * math.pi / frequency
        if wavelength < original / high:
            scaled.append(frequency)
        elif wavelength > original / low:
            scaled.append(frequency / factor)
        else:
            smooth = (original / wavelength - low) / (high - low)
            scaled.append((1 - smooth) * frequency / factor + smooth * frequency)
    return np.array(scaled), 1.0


def longrope(d, base, original, context, short, long, attn_factor=None, trained=0):
    """Its attention factor is that of the longest context it was trained for."""
    divisors = np.array(long if context > original else short, float)
    if attn_factor is None:
        times = max(context, trained) / original
        attn_factor = math.sqrt(1 + math.log(times) / math.log(original)) if times > 1 else 1.0
    return none(d, base, original, context)[0] / divisors, attn_factor


SCALINGS = {scaling.__name__: scaling
            for scaling in (none, linear, ntk, dynamic_ntk, yarn, llama3, longrope)}
