"""What this machine's processor can do with integers of 8 bits, and what it is called."""

from dataclasses import dataclass

import torch

_TELLING = {
    "avx2": "AVX2",
    "avx512_f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX-VNNI",
    "avx_vnni_int8": "AVX-VNNI-INT8",
    "amx_int8": "AMX INT8",
    "avx512_fp16": "AVX-512 FP16",
    "dot": "DotProd",
    "i8mm": "I8MM",
    "fp16_arith": "FP16",
}
"""The sets of instructions on which the speed of narrow numbers depends, by PyTorch's names for them."""
_VNNI = ("avx512_vnni", "avx_vnni", "avx10_1", "avx10_2")


@dataclass(frozen=True)
class Processor:
    """``instructions`` are the sets that matter here; ``saturates`` says whether sums of products of 8 bits may not
    fit the 16 bits in which x86 without VNNI computes two of them at once."""

    name: str
    instructions: tuple[str, ...]
    saturates: bool

    def __str__(self) -> str:
        has = ", ".join(self.instructions) or "none of the instructions that matter"
        return f"{self.name} ({has}{'; no VNNI' if self.saturates else ''})"


def processor() -> Processor:
    """This machine's."""
    known = torch.cpu.get_capabilities()
    name = "".join(c for c in str(known.get("cpu_name") or known.get("architecture", "")) if c.isprintable())
    is_x86 = known.get("architecture") == "x86_64"
    instructions = tuple(shown for key, shown in _TELLING.items() if known.get(key))
    return Processor(name.strip(), instructions, is_x86 and not any(known.get(key) for key in _VNNI))
