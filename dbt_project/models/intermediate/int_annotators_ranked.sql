-- An annotator appears in many files; the first that names a pool decides it.
with annotators as (
    select * from {{ ref('stg_annotators') }}
),

seen as (
    select distinct
        annotator_id,
        annotator_kind,
        pool,
        platform
    from annotators
),

ranked as (
    select
        *,
        row_number() over (
            partition by annotator_id
            order by pool is null, annotator_kind, platform, pool
        ) as rank
    from seen
)

select * from ranked
