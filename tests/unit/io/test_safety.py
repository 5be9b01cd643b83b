"""No file that a run reads can run code, and no name in the configuration can lead out of the run's folders."""

import ast
import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
from fixtures.final_models import write_final_models
from fixtures.small_study import ROOT, SINGLE, configuration
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.config.models import parse
from foldwise.errors import UserError
from foldwise.predict.final_models import find_final_models
from foldwise.results.paths import final_model_files

# By what they run or unpickle. joblib.dump writes: the study's notebook looks for a joblib file of LightGBM.
MODULES = {"pickle", "_pickle", "cloudpickle", "dill", "shelve", "marshal", "torch"}
CALLS = {"joblib.load", "np.load", "numpy.load", "pd.read_pickle", "pandas.read_pickle", "yaml.load", "yaml.full_load"}
CALLS |= {"yaml.unsafe_load", "yaml.load_all", "eval", "exec", "compile", "os.system", "os.popen", "os.startfile"}
CALLS |= {"subprocess.getoutput", "subprocess.getstatusoutput", "__import__"}


def sources() -> dict[str, str]:
    """Return the Python text of everything that a run executes: library, scripts, rules, notebook, DAG."""
    files = [*(ROOT / "scripts").rglob("*.py"), *(ROOT / "airflow").rglob("*.py")]
    texts = {str(p.relative_to(ROOT)): p.read_text(encoding="utf-8") for p in files}
    cells = json.loads((ROOT / "notebooks/results.ipynb").read_text(encoding="utf-8"))["cells"]
    texts["notebooks/results.ipynb"] = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    return texts


def dangers(text: str) -> list[str]:
    """Return the modules and calls in a program that load code or start a shell."""
    names = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names if a.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{a.name}" for a in node.names if f"{node.module}.{a.name}" in CALLS]
            names += [str(node.module)] if str(node.module).split(".")[0] in MODULES else []
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            names += [name] if name in CALLS else []
            names += [f"{name}({k.arg}=...)" for k in node.keywords if k.arg in ("shell", "allow_pickle")]
    return names


@pytest.mark.parametrize(
    "text",
    [
        *(
            "import pickle",
            "from joblib import load",
            "joblib.load(p)",
            "yaml.load(f)",
            "np.load(f, allow_pickle=True)",
        ),
        *("subprocess.run(c, shell=True)", "eval(x)", "from torch import load", "os.system(c)"),
    ],
)
def test_the_search_for_dangers_finds(text: str) -> None:
    assert dangers(text)


def test_nothing_unpickles_evaluates_or_starts_a_shell() -> None:
    assert len(sources()) > 100
    assert {name: danger for name, text in sources().items() if (danger := dangers(text))} == {}


def test_no_rule_runs_a_shell_command_or_a_snippet_of_its_own() -> None:
    rules = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "rules").glob("*.smk"))
    assert not re.findall(r"^ +(shell|run|notebook|wrapper|cwl):", rules, re.MULTILINE)
    assert not re.findall(r"\b(eval|exec|os\.system|pickle|subprocess|yaml\.load)\b", rules)


@pytest.mark.parametrize("name", ["..", ".", "../x", "a/b", "/etc", ".hidden", "-rf", "", "a b", "🎬", "a\x00", "a\nb"])
@pytest.mark.parametrize("section", ["datasets", "predict", "features"])
def test_a_name_that_becomes_a_path_is_a_plain_one(section: str, name: str) -> None:
    given: dict[str, Any] = configuration(SINGLE)
    if section == "datasets":
        given["datasets"] = {name: SINGLE}
    elif section == "predict":
        given["predict"] = {name: {"table": "t.parquet"}}
    else:
        given["predict"] = {"new": {"features": {name: "t.parquet"}}}
    with pytest.raises(UserError, match="is not a valid name: letters, digits"):
        parse(given)


@pytest.mark.parametrize("name", ["index.html", "analytics.duckdb", "MLflow.db", "mlartifacts", "tracking.json"])
def test_a_dataset_is_not_named_as_a_file_of_every_run(name: str) -> None:
    with pytest.raises(UserError, match=f"'{name}' cannot be the name of a dataset: results/{name.lower()} is"):
        parse({**configuration(SINGLE), "datasets": {name: SINGLE}})


def test_names_of_datasets_differ_in_more_than_upper_and_lower_case() -> None:
    with pytest.raises(UserError, match="it differs from 'mine' only in upper and lower case"):
        parse({**configuration(SINGLE), "datasets": {"mine": SINGLE, "MINE": SINGLE}})


def test_a_name_has_room_in_a_file_name() -> None:
    parse({**configuration(SINGLE), "datasets": {"x" * 100: SINGLE}})
    with pytest.raises(UserError, match="at most 100 characters"):
        parse({**configuration(SINGLE), "datasets": {"x" * 101: SINGLE}})


def test_the_tracking_server_listens_on_this_machine_alone() -> None:
    (command,) = re.findall(r"mlflow server [^\n]*(?:\\\n[^\n]*)*", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert "--host 127.0.0.1" in command


class Harm:
    """What writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


@pytest.fixture
def harm(tmp_path: Path) -> tuple[bytes, Path]:
    """Return a pickle and the file that is there once it was loaded."""
    return pickle.dumps(Harm(tmp_path / "harmed")), tmp_path / "harmed"


def test_the_pickle_of_these_tests_does_harm(harm: tuple[bytes, Path]) -> None:
    pickle.loads(harm[0])  # noqa: S301 - our own
    assert harm[1].exists()


@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_a_model_file_is_parsed_by_its_library_and_nothing_else(
    backend: str, harm: tuple[bytes, Path], tmp_path: Path
) -> None:
    path = tmp_path / SPECIFICATIONS[backend].model_file
    path.write_bytes(harm[0])
    with pytest.raises(Exception, match=r"\w"):
        get_backend(backend).load(path)
    assert not harm[1].exists()


@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_a_model_that_is_none_is_refused_by_name(backend: str, harm: tuple[bytes, Path], tmp_path: Path) -> None:
    results = write_final_models(tmp_path, SINGLE)
    path = final_model_files(results, backend).model
    for content in (harm[0], b"", Path(path).read_bytes()[: Path(path).stat().st_size // 2]):
        Path(path).write_bytes(content)
        with pytest.raises(UserError, match=f"{path}: this result is broken"):
            find_final_models(results)
    assert not harm[1].exists()
