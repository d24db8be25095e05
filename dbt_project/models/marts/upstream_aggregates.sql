with source as (
    select * from {{ ref('stg_upstream_aggregates') }}
),

final as (
    select
        source_id,
        item_id,
        aggregate,
        value,
        file_sha256,
        record_ordinal
    from source
)

select * from final
order by source_id, item_id, aggregate, file_sha256, record_ordinal
