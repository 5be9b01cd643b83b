"""Write the JSON schema and the documentation of the configuration from its typed models.

``make config-docs`` runs this module; a test fails when the files in ``config/`` differ from it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from foldwise.backends.registry import SPECIFICATIONS
from foldwise.config.datasets import Dataset, NewTable
from foldwise.config.models import Config

_HEAD = """# The configuration

<!-- Written by `make config-docs` from the models in scripts/foldwise/config/: change it there. -->

Edit `config/config.yaml`, or give a file of your own with `--configfile my.yaml`. Such a file is
used alone: nothing of `config.yaml` is merged into it. `--config key=value` overrides either.
Every key but `datasets` has a default, so the shortest configuration is:

```yaml
datasets:
  mine: {table: data/mine.parquet, label: fake, groups: [video]}
```

A wrong key or value stops the run before any job, with one line that names it and the nearest right one.
Paths count from the working folder. Files may be parquet, arrow (feather) or csv.
Editors that know YAML schemas complete the keys: keep the first line of `config.yaml`.
"""

_PREDICT = """```yaml
predict:
  may: {features: {stage2: data/may_stage2.parquet, stage4: data/may_stage4.parquet}, metadata: data/may.parquet}
  june: {table: data/june.parquet, explain: true}      # columns named as in results/{dataset}/table.json
```

Neither labels nor groups are needed. `results/{dataset}/scored/{name}.parquet` holds the rows, `{name}_units.parquet`
the mean of each unit, `{name}.json` what was found: columns that are missing stop the run, all named in one line; extra
columns, other types, another order and unseen categories (which count as missing) are reported.
"""

_SPACES = """## Search spaces

`config/search/{backend}.yaml` contains the values that are tried. In the configuration,
`search.space.<backend>` is

- values by parameter, which replace those of the file one by one,
- the path of a YAML file that replaces the shipped one, or
- both: `{file: path, ...}`.

A parameter is one value, a list, a range, or one of these under a condition:

```yaml
search:
  method: random
  space:
    xgboost:
      max_depth: [3, 5, 7]
      subsample: 0.8                                          # fixed
      learning_rate: {low: 0.003, high: 0.3, log: true}       # as many trials below 0.03 as above
      n_estimators: {low: 100, high: 500, step: 100}          # 100, 200, ... 500
      min_child_weight: {low: 0, high: 10}
      grow_policy: [depthwise, lossguide]
      max_leaves: {low: 8, high: 64, when: {grow_policy: lossguide}}
      max_bin: {values: [64, 256], when: {max_depth: [5, 7]}}
    catboost: spaces/catboost.yaml
```

| key | meaning |
|---|---|
| `low`, `high` | bounds, both of them within the range; whole numbers make whole numbers |
| `step` | distance of the values. `method: grid` needs it, since it tries every value |
| `log` | draw the logarithm evenly; not with `step` |
| `values` | a list, for a parameter with a condition |
| `least_rows` | values of the list that are tried only with so many train rows, such as `{127: 2500}` |
| `when` | other parameters with the values under which this one is used; a point without it has the library's default |

What a library would ignore or refuse is corrected, and the run says so in a line that begins with `note:`. A
LightGBM `subsample` gets `subsample_freq: 1`; CatBoost's `bagging_temperature` is left out of the points whose
`bootstrap_type` is not `Bayesian`.

Parameters by backend:
"""


def schema() -> str:
    """Return the JSON schema of the configuration as text."""
    return json.dumps(Config.model_json_schema(), indent=1) + "\n"


def readme() -> str:
    """Return the page that documents every key."""
    parts = [_HEAD, "## Top level\n", _table(Config), _dataset_section()]
    for name, field in Config.model_fields.items():
        section = _section_of(field)
        if section is not None:
            parts += [f"## `{name}`\n", f"{section.__doc__}\n", _table(section)]
    parts += ["## `predict.<name>`\n", f"{NewTable.__doc__}\n", _table(NewTable), _PREDICT]
    parts += [_SPACES, "\n".join(_parameters()), ""]
    return "\n".join(parts)


def write(folder: Path) -> None:
    """Write ``schema.json`` and ``README.md`` into the configuration's folder."""
    (folder / "schema.json").write_text(schema(), encoding="utf-8")
    (folder / "README.md").write_text(readme(), encoding="utf-8")


def _dataset_section() -> str:
    return "\n".join(["## `datasets.<name>`\n", f"{Dataset.__doc__}\n", _table(Dataset)])


def _parameters() -> Iterator[str]:
    for backend, specification in SPECIFICATIONS.items():
        yield f"- {backend}: {', '.join(f'`{p}`' for p in sorted(specification.parameters))}"


def _table(model: type[BaseModel]) -> str:
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        description = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{name}` | {_type(model, name)} | {_default(field)} | {description} |")
    return "\n".join(lines) + "\n"


def _type(model: type[BaseModel], name: str) -> str:
    described = model.model_json_schema()
    return _words(described["properties"][name], described.get("$defs", {})).replace("|", "\\|")


def _words(node: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Describe a node of the JSON schema in a few words."""
    if "$comment" in node:
        return str(node["$comment"])
    if "$ref" in node:
        return "section"
    if "anyOf" in node:
        words = dict.fromkeys(_words(n, definitions) for n in node["anyOf"] if n.get("type") != "null")
        return " or ".join(words)
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return " or ".join(f"`{value}`" for value in node["enum"])
    if node.get("type") == "array":
        return f"list of {_words(node['items'], definitions)}"
    if node.get("type") == "object":
        named = node.get("patternProperties", {})
        inner: dict[str, Any] = node.get("additionalProperties") or next(iter(named.values()), {})
        return f"mapping of {_words(inner, definitions)}" if inner else "mapping"
    names = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}
    return names[node["type"]] + _bounds(node)


def _bounds(node: dict[str, Any]) -> str:
    low, high = node.get("minimum", node.get("exclusiveMinimum")), node.get("maximum", node.get("exclusiveMaximum"))
    if low is None and high is None:
        return ""
    return f" from {low:g}" if high is None else f" {low:g} to {high:g}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined or isinstance(value, BaseModel):
        return "see below"
    return f"`{json.dumps(value)}`" if value is not None else ""


def _section_of(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


if __name__ == "__main__":
    write(Path(__file__).parents[3] / "config")
