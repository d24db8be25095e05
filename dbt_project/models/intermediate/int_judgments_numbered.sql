-- Repeats by one annotator stay: they are numbered in order of arrival, never removed. What a later file of a
-- correcting source replaced is left out, each row by its place in the raw files; the ledger has it as withdrawn.
with judgments as (
    select * from {{ ref('stg_judgments') }}
),

withdrawn as (
    select * from {{ ref('stg_withdrawn') }}
),

versions as (
    select * from {{ ref('stg_judgment_versions') }}
),

standing as (
    select judgments.*
    from judgments
    left join withdrawn
        on
            judgments.source_id = withdrawn.source_id
            and judgments.file_sha256 = withdrawn.file_sha256
            and judgments.record_ordinal = withdrawn.record_ordinal
            and judgments.record_part = withdrawn.record_part
            and judgments.question_id = withdrawn.question_id
    where withdrawn.why is null
),

judgment_files as (
    select
        source_id,
        file_sha256,
        min(file_position) as file_position
    from {{ ref('stg_files') }}
    where role = 'judgments'
    group by source_id, file_sha256
),

placed as (
    select
        standing.*,
        judgment_files.file_position,
        coalesce(versions.version, 1) as version
    from standing
    left join judgment_files
        on
            standing.source_id = judgment_files.source_id
            and standing.file_sha256 = judgment_files.file_sha256
    left join versions
        on
            standing.source_id = versions.source_id
            and standing.file_sha256 = versions.file_sha256
            and standing.record_ordinal = versions.record_ordinal
            and standing.record_part = versions.record_part
            and standing.question_id = versions.question_id
),

numbered as (
    select
        *,
        cast(row_number() over (
            partition by source_id, item_id, annotator_id, question_id
            order by file_position, record_ordinal, record_part
        ) as integer) as occurrence
    from placed
)

select * from numbered
