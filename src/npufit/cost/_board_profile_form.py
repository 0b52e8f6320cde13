"""The form of a profile file, as pydantic checks it; imported late because pydantic takes a twentieth of a second."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_Positive = Annotated[float, Field(gt=0, lt=1e15, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, lt=1e6, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0, le=1_000_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ChangeForm(_Strict):
    """One coefficient."""

    before: _Positive
    after: _Positive


class ErrorsForm(_Strict):
    """The `[errors]` table."""

    before: _Share
    after: _Share
    held_out: _Share | None = None


class BandForm(_Strict):
    """One `[band.*]` table: factors on a prediction."""

    low: Annotated[float, Field(gt=0, le=1)]
    high: Annotated[float, Field(ge=1, lt=1e6)]
    rows: _Count
    networks: _Count
    coverage: Annotated[float, Field(ge=0, le=1)] | None = None
    median_error: _Share | None = None


class BandsForm(_Strict):
    """The bands of both units, if the measurements give any."""

    cpu: BandForm | None = None
    npu: BandForm | None = None


_Name = Annotated[str, Field(max_length=2000)]


class RunForm(_Strict):
    """One measured run."""

    model: _Name
    unit: Literal["cpu", "npu"]
    threads: Annotated[int, Field(ge=1, le=64)]
    ms: Annotated[float, Field(gt=0, lt=1e9, allow_inf_nan=False)]
    source: _Name = ""
    tool: _Name = ""
    statistic: _Name = ""
    kernels: _Name = ""


class ProfiledForm(_Strict):
    """The `[fitted]` table: what the profile was fitted to; older profiles have none."""

    day: Annotated[str, Field(max_length=20, pattern=r"^(\d{4}-\d\d-\d\d)?$")] = ""
    npufit: Annotated[str, Field(max_length=40)] = ""
    kernels: Literal["", "builtin", "xnnpack"] = ""
    runs: Annotated[list[RunForm], Field(max_length=200)] = []


_Changes = Annotated[dict[str, ChangeForm], Field(max_length=200)]


class ProfileForm(_Strict):
    """A whole profile file."""

    form: Literal[1]
    name: Annotated[str, Field(max_length=200)]
    target: Annotated[str, Field(min_length=1, max_length=200)]
    measurements: _Count
    networks: _Count
    errors: ErrorsForm
    cpu: _Changes = {}
    npu: _Changes = {}
    band: BandsForm = BandsForm()
    fitted: ProfiledForm = ProfiledForm()
