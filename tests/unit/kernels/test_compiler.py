"""What the kernels' compiler leaves out of memory."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_scipy_is_not_loaded_with_the_kernels_and_can_be_later() -> None:
    script = (
        "import sys\n"
        "import appliance.kernels.jit\n"
        "print('numba' in sys.modules, 'scipy' in sys.modules)\n"
        "import scipy\n"
        "print('scipy' in sys.modules)\n"
    )
    command = (sys.executable, "-c", script)
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True False\nTrue\n", "")
