"""The section ``tracking`` of the configuration."""

import re

from pydantic import Field, field_validator

from foldwise.addresses import without_credentials
from foldwise.dataset import Section


class Tracking(Section):
    """Experiment tracking. A tracker that is down costs a warning, never a result; the next run tries again."""

    mlflow: bool = Field(True, description="Whether a finished run is logged to MLflow")
    uri: str = Field(
        "sqlite:///results/mlflow.db",
        description="Where to: a database (`sqlite:///`, `postgresql://`, `mysql://`, `mssql://`) or a server "
        "(`http://`, `https://`)",
    )
    experiment: str = Field("foldwise", min_length=1, description="Name of the experiment; it is made if there is none")
    timeout: int = Field(
        300,
        ge=1,
        le=86400,
        description="Seconds after which logging is given up; what is missing comes with the next run",
    )

    @field_validator("uri")
    @classmethod
    def _is_an_address(cls, uri: str) -> str:
        if not re.match(r"(https?|(sqlite|postgresql|mysql|mssql)(\+\w+)?)://", uri):
            raise ValueError(
                f"{without_credentials(uri)!r} is neither a database nor a server: use sqlite:///results/mlflow.db or "
                "an address such as http://localhost:5000"
            )
        return uri
