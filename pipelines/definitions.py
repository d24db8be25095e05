"""The code location: loads ``assets``, attaches resources, jobs, the schedule and the sensor."""

from __future__ import annotations

import dagster as dg

from assets.transform.warehouse import Dbt, models
from pipelines.components.dataset_release import release_asset
from pipelines.components.shared import release_key
from pipelines.instance import workspace_of_run
from pipelines.project import this_project
from pipelines.sensors import daily_schedule, inbox_sensor
from pipelines.warehouse.dbt import dbt_executable

PROJECT = this_project()

of_one_source = [
    release_asset(dataset)
    for dataset in PROJECT.datasets.values()
    if not (PROJECT.root / "assets" / "release" / dataset.dataset).exists()
]

pipeline = dg.define_asset_job(
    "pipeline",
    selection=dg.AssetSelection.all(),
    description="Ingest what arrived, build the tables, prove every step, publish what is new.",
)

public = dg.AssetSelection.assets(
    *(release_key(dataset.dataset) for dataset in PROJECT.datasets.values() if dataset.tier == "public")
)

all_but_public = dg.define_asset_job(
    "all_but_public",
    selection=dg.AssetSelection.all() - public,
    description="The pipeline without what is public: that is published when somebody asks for it.",
)

defs = dg.Definitions.merge(
    dg.load_from_defs_folder(path_within_project=PROJECT.root),
    dg.Definitions(
        assets=of_one_source,
        jobs=[pipeline, all_but_public],
        schedules=[daily_schedule(all_but_public)],
        sensors=[inbox_sensor(PROJECT, pipeline, list(models.keys))],
        resources={
            "workspace": dg.ResourceDefinition(workspace_of_run),
            "dbt": Dbt(
                project_dir=str(PROJECT.dbt_project),
                profiles_dir=str(PROJECT.dbt_project),
                dbt_executable=dbt_executable(),
            ),
        },
        executor=dg.in_process_executor,
    ),
)
