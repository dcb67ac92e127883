"""NVIDIA's assembler on the code for graphics processors: it must take the whole model, without a device at hand.

Nothing is written; the registers, the values that found no register and the memory of a thread are printed.
"""

import re
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from sciatrial.engine.graphics import graphics_text
from sciatrial.model import sciatica_model

PROCESSORS = ("sm_70", "sm_80", "sm_90")


def assembler() -> Path:
    """Return the program; its package holds no Python."""
    package = find_spec("nvidia.cuda_nvcc")
    if package is None or not package.submodule_search_locations:
        sys.exit("nvidia-cuda-nvcc-cu12 is not installed")
    return Path(next(iter(package.submodule_search_locations))) / "bin" / "ptxas"


def assemble(text: Path, processor: str) -> bool:
    """Print what the assembler says of a text; return whether it took it."""
    start = time.perf_counter()
    command = [assembler(), f"-arch={processor}", "-v", text, "-o", text.with_suffix(".cubin")]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    said = done.stdout + done.stderr
    if done.returncode:
        print(f"{text.stem}  {processor}  refused\n{said}")
        return False
    (registers,) = re.findall(r"Used (\d+) registers", said)
    (stack,) = re.findall(r"(\d+) bytes cumulative stack size", said)
    put_aside = sum(int(count) for count in re.findall(r"(\d+) bytes spill", said))
    print(
        f"{text.stem}  {processor}  {registers} registers  {put_aside} bytes put aside  {stack} bytes of a thread's "
        f"own memory  {seconds:.1f} s"
    )
    return True


def main() -> None:
    """Exit 1 when a text is refused."""
    model = sciatica_model()
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        for precision, is_double in (("double", True), ("single", False)):
            text = Path(folder) / f"{precision}.ptx"
            text.write_text(graphics_text(model, is_double=is_double), encoding="ascii")
            taken += [assemble(text, processor) for processor in PROCESSORS]
    print(f"{sum(taken)} of {len(taken)} taken")
    sys.exit(0 if all(taken) else 1)


if __name__ == "__main__":
    main()
