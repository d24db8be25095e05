with source as (
    select * from {{ ref('int_annotators_ranked') }}
),

final as (
    select
        annotator_id,
        annotator_kind,
        pool,
        platform
    from source
    where rank = 1
)

select * from final
order by annotator_id
