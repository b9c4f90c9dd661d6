"""Run the tests of a contract against its mutants: each in a process of its own, with the mutant's bytecode in place.

The checkout is never written: a mutant is compiled from memory, and its tests deploy what was compiled.
"""

from __future__ import annotations

import gc
import math
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import strategies as _strategies  # noqa: F401 (imported once here, and not in each child)

from cascade.chain import artifacts
from cascade.chain.artifacts import Artifact

from .compiler import Compiler
from .operators import Mutant, mutants, shuffled

_PATIENCE, _LEAST_SECONDS = 5, 20
"""A run that takes so many times as long as one without a fault does not end: a loop without end on the chain."""


@dataclass
class Outcome:
    """Of one file under `contracts/`."""

    file: str
    possible: set[tuple[str, str, str, int]] = field(default_factory=set)
    """Keys of all mutants, tried or not."""
    killed: list[Mutant] = field(default_factory=list)
    survivors: list[Mutant] = field(default_factory=list)

    @property
    def tried(self) -> int:
        return len(self.killed) + len(self.survivors)


class Campaign:
    """Compiles and tests mutants one after another; `most` of each file, or all where it is zero."""

    def __init__(self, root: Path, *, seed: int, most: int) -> None:
        self._root, self._seed, self._most = root, seed, most
        self._compiler = Compiler(root)
        self._artifacts = artifacts.load_artifacts(root)
        self._seconds_at_most = math.inf
        # What is loaded is not for the children's collectors to go through: that takes half of a short run.
        gc.collect()
        gc.freeze()

    def run(self, file: str, tests: list[str]) -> Iterator[tuple[Mutant, bool, Outcome]]:
        """Yield each mutant that was tried, whether it was killed, and the outcome so far.

        Mutants that do not compile, and those with the same bytecode as the contract, are no mutants.
        """
        path = f"contracts/{file}"
        text = (self._root / path).read_text(encoding="utf-8")
        users = self._compiler.users_of(path)
        original = self._compiler.compile(path, text, users)
        assert original is not None, f"{path} does not compile"
        self._seconds_at_most, start = math.inf, time.monotonic()
        if not self._survives(original.bytecode, tests):
            sys.exit(f"error: {path}: its tests fail without any fault")
        self._seconds_at_most = max(_LEAST_SECONDS, _PATIENCE * (time.monotonic() - start))
        all_mutants = shuffled(mutants(text, original.tree), self._seed)
        outcome = Outcome(file, {mutant.key for mutant in all_mutants})
        for mutant in all_mutants:
            if self._most and outcome.tried == self._most:
                return
            compiled = self._compiler.compile(path, mutant.source, users)
            if compiled is None or compiled.bytecode == original.bytecode:
                continue
            survives = self._survives(compiled.bytecode, tests)
            (outcome.survivors if survives else outcome.killed).append(mutant)
            yield mutant, not survives, outcome

    def close(self) -> None:
        self._compiler.close()

    def _survives(self, bytecode: dict[str, str], tests: list[str]) -> bool:
        """Whether all tests pass; a run that does not end counts as a failure."""
        child = os.fork()
        if child == 0:
            os._exit(self._test(bytecode, tests))
        ends = time.monotonic() + self._seconds_at_most
        while time.monotonic() < ends:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status) == 0
            time.sleep(0.02)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return False

    def _test(self, bytecode: dict[str, str], tests: list[str]) -> int:
        """Run in the child, a process group of its own so that its chain ends with it."""
        os.setsid()
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        changed: dict[str, Artifact] = {
            name: replace(self._artifacts[name], bytecode=f"0x{code}") for name, code in bytecode.items()
        }
        artifacts.load_artifacts = lambda *_: {**self._artifacts, **changed}  # type: ignore[assignment]
        files = [str(self._root / "tests" / test) for test in tests]
        return int(pytest.main(["-x", "-q", "-p", "no:ape_test", "-p", "no:cacheprovider", *files]))
