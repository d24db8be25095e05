with source as (
    select * from {{ ref('int_annotator_attributes_observed') }}
),

final as (
    select
        source_id,
        annotator_id,
        attribute,
        observation,
        value,
        attribute_status,
        file_sha256,
        record_ordinal
    from source
)

select * from final
order by source_id, annotator_id, attribute, observation
