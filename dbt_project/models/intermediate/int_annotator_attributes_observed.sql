-- The same value seen again is no new observation; another value is.
with attributes as (
    select * from {{ ref('stg_annotator_attributes') }}
),

attribute_files as (
    select
        source_id,
        file_sha256,
        min(file_position) as file_position
    from {{ ref('stg_files') }}
    group by source_id, file_sha256
),

observations as (
    select
        attributes.source_id,
        attributes.annotator_id,
        attributes.attribute,
        attributes.value,
        attributes.attribute_status,
        min((attribute_files.file_position, attributes.record_ordinal, attributes.file_sha256)) as first_seen
    from attributes
    left join attribute_files
        on
            attributes.source_id = attribute_files.source_id
            and attributes.file_sha256 = attribute_files.file_sha256
    group by
        attributes.source_id, attributes.annotator_id, attributes.attribute,
        attributes.value, attributes.attribute_status
),

numbered as (
    select
        source_id,
        annotator_id,
        attribute,
        value,
        attribute_status,
        cast(row_number() over (
            partition by source_id, annotator_id, attribute
            order by first_seen, value
        ) as integer) as observation,
        struct_extract_at(first_seen, 2) as record_ordinal,
        struct_extract_at(first_seen, 3) as file_sha256
    from observations
)

select * from numbered
