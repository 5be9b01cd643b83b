"""`pip install -e .` in a fresh environment."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from workflow.conftest import ROOT, copy_workflow

pytestmark = pytest.mark.workflow

SHOW = """
import importlib.metadata, json, foldwise
requires = importlib.metadata.requires("foldwise")
print(json.dumps([foldwise.__file__, requires, foldwise.train_gradient_boosting.__module__]))
"""


def test_an_editable_installation_imports_the_checkout_and_asks_for_the_pinned_packages(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    copy_workflow(checkout)
    (checkout / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    # The packages themselves are those of this environment: to install them again would take minutes.
    install = [python, "-m", "pip", "install", "--no-deps", "-e", checkout]
    installed = subprocess.run(install, capture_output=True, text=True, check=False)
    if "No matching distribution found for setuptools" in installed.stderr:
        pytest.skip("the package registry that has setuptools cannot be reached")
    assert installed.returncode == 0, installed.stderr
    packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    Path(packages, "packages.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    shown = subprocess.run([python, "-c", SHOW], cwd=tmp_path, capture_output=True, text=True, check=True)
    file, requires, module = json.loads(shown.stdout)
    assert Path(file) == checkout / "scripts" / "foldwise" / "__init__.py"
    assert module == "foldwise.api.gradient_boosting"
    pins = [
        line for line in (ROOT / "envs/requirements.txt").read_text().splitlines() if not line.lstrip().startswith("#")
    ]
    assert {r.split(";")[0].strip() for r in requires} == {p.split(";")[0].strip() for p in pins}
