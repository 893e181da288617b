"""In which precision a device computes by itself."""

import platform
from pathlib import Path

import pytest
import torch

from vggdsl.experiments import device
from vggdsl.experiments.device import choose

INTEL, AMD = "Intel(R) Xeon(R) Platinum 8481C", "AMD EPYC 9R14 96-Core Processor"


@pytest.mark.parametrize(
    ("name", "has", "expected"),
    [
        (INTEL, ("avx512_bf16", "amx_bf16"), "bf16"),
        (INTEL, ("avx512_bf16",), "fp32"),  # half as fast in bf16
        (INTEL, (), "fp32"),
        (AMD, ("avx512_bf16",), "bf16"),
        (AMD, (), "fp32"),
        ("arm", (), "fp32"),
    ],
)
def test_a_processor_computes_in_what_is_faster_there(
    name: str, has: tuple[str, ...], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"architecture": "x86_64", "avx512_bf16": False, "amx_bf16": False, **dict.fromkeys(has, True)}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known)
    monkeypatch.setattr(device, "_cpu_name", lambda: name)
    assert choose("cpu", "auto").precision == expected
    assert [choose("cpu", asked).precision for asked in ("fp32", "bf16")] == ["fp32", "bf16"]


@pytest.mark.parametrize(
    "name", ["Intel64 Family 6 Model 143 Stepping 8, GenuineIntel", "AMD64 Family 25 Model 17, AuthenticAMD"]
)
def test_a_maker_is_known_where_the_system_has_no_list_of_processors(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "exists", lambda path: False)
    monkeypatch.setattr(platform, "processor", lambda: name)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert choose("cpu", "auto").precision == ("fp32" if "Intel" in name else "bf16")
