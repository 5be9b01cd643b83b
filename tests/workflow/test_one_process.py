"""The run in one process that the tests of reports, trackers and bundles start from writes what snakemake writes."""

from pathlib import Path

import pytest
from fixtures.runs import finish_run
from whole_results import contents

from workflow.conftest import Study

pytestmark = pytest.mark.workflow


def test_a_run_in_one_process_writes_the_same_bytes_as_snakemake(finished: Study, tmp_path: Path) -> None:
    expected = contents(finished.folder / "results/tiny")
    written = contents(finish_run(tmp_path / "run").results)
    # Plots are pixels there, and so is what the page shows of them.
    compared = [name for name in expected if not name.endswith((".png", "report.html", ".ipynb"))]
    assert len(compared) > 50
    assert {name: written.get(name) for name in compared} == {name: expected[name] for name in compared}
