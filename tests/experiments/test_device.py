"""In which precision a device computes by itself, and a training that was begun on another."""

import platform
from pathlib import Path

import pytest
import torch
from trainings import CrashError, Crashing, measured, spec_with

from vggdsl.experiments import device, prepare
from vggdsl.experiments.device import choose
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.processes import Processes
from vggdsl.experiments.train import more, resume, train
from vggdsl.experiments.workplace import Workplace
from vggdsl.text.errors import InputError

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


SPEC = spec_with(epochs="4", schedule="constant")


def on_a_processor_that_is_faster_in_bf16(monkeypatch: pytest.MonkeyPatch, is_faster: bool) -> None:
    monkeypatch.setattr(device, "_is_faster_in_bf16", lambda device: is_faster)


@pytest.mark.parametrize("first", [True, False])
def test_a_training_goes_on_in_the_precision_in_which_it_began(
    first: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_processor_that_is_faster_in_bf16(monkeypatch, first)
    whole = train(SPEC, device="cpu", runs=tmp_path / "whole")
    with pytest.raises(CrashError):
        train(SPEC, device="cpu", runs=tmp_path, reporter=Crashing(2))
    begun = tmp_path / "small-s0-1"
    (newest, _) = sorted(begun.glob("checkpoint-*"), reverse=True)
    newest.write_bytes(newest.read_bytes()[:10])
    on_a_processor_that_is_faster_in_bf16(monkeypatch, not first)
    found = [measured(each) for each in (whole.path, resume(begun).path)]
    assert found[0] == found[1]
    assert found[0]["run"]["precision"] == ("bf16" if first else "fp32")
    other = train(SPEC, device="cpu", runs=tmp_path / "other")
    assert measured(other.path)["run"]["precision"] == ("fp32" if first else "bf16")


def test_epochs_are_added_in_the_precision_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_processor_that_is_faster_in_bf16(monkeypatch, True)
    run = train(SPEC, device="cpu", runs=tmp_path)
    on_a_processor_that_is_faster_in_bf16(monkeypatch, False)
    assert measured(more(run.path, 1).path)["run"]["precision"] == "bf16"


class Two(Processes):
    """Of which the other would compute in fp32."""

    def texts(self, text: str) -> list[str]:
        return [text, text.replace("bf16", "fp32")]


def test_processes_that_would_compute_in_several_precisions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "current", lambda: Two(0, 2))
    on_a_processor_that_is_faster_in_bf16(monkeypatch, True)
    experiment = Experiment.of(SPEC, SPEC.recipe())
    with pytest.raises(InputError, match="they have several precision") as caught:
        prepare.prepare(experiment, 0, Workplace(device="cpu"))
    assert caught.value.diagnostics[0].help == (
        "their processors have several that are faster: say one for all, by `--precision fp32`"
    )
    said = Experiment.of(SPEC, SPEC.recipe().with_flags(precision="fp32"))
    assert prepare.prepare(said, 0, Workplace(device="cpu")).hardware.precision == "fp32"
