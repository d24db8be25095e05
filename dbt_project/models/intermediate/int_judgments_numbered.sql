-- Repeats by one annotator stay: they are numbered in order of arrival, never removed.
with judgments as (
    select * from {{ ref('stg_judgments') }}
),

judgment_files as (
    select
        source_id,
        file_sha256,
        file_position
    from {{ ref('stg_files') }}
    where role = 'judgments'
),

placed as (
    select
        judgments.*,
        judgment_files.file_position
    from judgments
    left join judgment_files
        on
            judgments.source_id = judgment_files.source_id
            and judgments.file_sha256 = judgment_files.file_sha256
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
