"""The code location: loads ``assets``, attaches resources, jobs, the schedule and the sensor."""

from __future__ import annotations

import dagster as dg

from assets.transform.warehouse import Dbt, models
from pipelines.components.dataset_release import release_asset
from pipelines.project import this_project
from pipelines.resources.workspace import current_workspace
from pipelines.sensors import inbox_sensor
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

daily = dg.ScheduleDefinition(
    name="daily",
    job=pipeline,
    cron_schedule="0 5 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every source and dataset, at five in the morning, UTC.",
)

defs = dg.Definitions.merge(
    dg.load_from_defs_folder(path_within_project=PROJECT.root),
    dg.Definitions(
        assets=of_one_source,
        jobs=[pipeline],
        schedules=[daily],
        sensors=[inbox_sensor(PROJECT, pipeline, list(models.keys))],
        resources={
            "workspace": dg.ResourceDefinition(lambda _: current_workspace()),
            "dbt": Dbt(
                project_dir=str(PROJECT.dbt_project),
                profiles_dir=str(PROJECT.dbt_project),
                dbt_executable=dbt_executable(),
            ),
        },
        executor=dg.in_process_executor,
    ),
)
