"""A finished run on tables that mean harm, and a browser that writes down what its pages do."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fixtures.tiny_study import SPACE
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from workflow.conftest import Study, new_study

# Every way out of a text, an attribute, a script, a style and a template; run, each would leave a mark.
HOSTILE = (
    "<script>window.harmed = 1</script>",
    '"><img src=x onerror="window.harmed = 2">',
    "</pre></title></style></script><svg onload='window.harmed = 3'>",
    "{{ 7 * 7 }}{% raw %}",
    "https://elsewhere.invalid/<link rel=stylesheet href=//elsewhere.invalid/a.css>",
)
BACKENDS = ["xgboost", "lightgbm"]
ENTRANTS = [*BACKENDS, "ensemble"]
PATIENCE_MILLISECONDS = 300_000


def write_hostile(path: Path) -> None:
    """Write 40 videos of 5 rows whose columns, ids, groups and slice values are markup."""
    random = np.random.default_rng(0)
    video = np.repeat(np.arange(40), 5)
    fake = video % 2
    table = {
        HOSTILE[0]: [f"{HOSTILE[1]}{n}" for n in range(200)],
        "video": [f"{HOSTILE[0]}{v}" for v in video],
        "fake": np.array([HOSTILE[2], HOSTILE[1]])[fake],
        HOSTILE[1]: np.array(HOSTILE)[video // 2 % len(HOSTILE)],
        **{f"{name} {n}": random.normal(size=200) + 0.5 * fake for n, name in enumerate(HOSTILE)},
        f"constant {HOSTILE[0]}": 1.0,
    }
    pd.DataFrame(table).to_parquet(path)


def write_wide(path: Path) -> None:
    """Write 60 videos of 5 rows with 1,000 features and 50 slices of 4 values."""
    random = np.random.default_rng(1)
    video = np.repeat(np.arange(60), 5)
    slices = {f"slice_{n}": np.array(list("abcd"))[(video // 2 + n) % 4] for n in range(50)}
    features = {f"feature_{n}": random.normal(size=300) + (n < 5) * 0.3 * (video % 2) for n in range(1000)}
    pd.DataFrame({"video": video.astype(str), "fake": video % 2, **slices, **features}).to_parquet(path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Two datasets run to their end; tests must leave them as they are."""
    study = new_study(tmp_path_factory.mktemp("pages"))
    write_hostile(study.folder / "data" / "hostile.parquet")
    write_wide(study.folder / "data" / "wide.parquet")
    hostile = {"id": HOSTILE[0], "positive": HOSTILE[1], "slices": [HOSTILE[1]]}
    wide = {"slices": [f"slice_{n}" for n in range(50)]}
    common = {"label": "fake", "groups": ["video"]}
    study.write_config(
        datasets={
            "hostile": {"table": "data/hostile.parquet", **common, **hostile},
            "wide": {"table": "data/wide.parquet", **common, **wide},
        },
        backends=BACKENDS,
        search={"space": {b: SPACE[b] for b in BACKENDS}},
    )
    study.complete()
    return study


@pytest.fixture(scope="session")
def results(finished: Study) -> Path:
    return finished.folder / "results"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("no Chromium on this machine: make test-browser installs Debian's where it runs as root")
    # Chromium refuses its sandbox to root.
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=arguments, timeout=PATIENCE_MILLISECONDS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, every request it made, and everything it complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: Path) -> Page:
        self.page.goto(path.as_uri())
        return self.page


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    # On a busy machine a click may take long: only a page that hangs is a failure.
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    context.add_init_script(path=Path(__file__).with_name("measures.js"))
    yield context
    context.close()


@pytest.fixture
def watched(context: BrowserContext) -> Watched:
    watch = Watched(context.new_page())
    watch.page.on("request", lambda request: watch.requests.append(request.url))
    watch.page.on("console", lambda message: watch.complaints.append(f"{message.type}: {message.text}"))
    watch.page.on("pageerror", lambda error: watch.complaints.append(str(error)))
    watch.page.on("dialog", lambda dialog: (watch.complaints.append(dialog.message), dialog.dismiss()))
    return watch


@pytest.fixture(params=["index.html", "hostile/report.html", "wide/report.html"])
def any_page(request: pytest.FixtureRequest, results: Path, watched: Watched) -> Page:
    """Each page of the run in turn."""
    return watched.open(results / request.param)
