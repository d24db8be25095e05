with source as (
    select * from {{ source('landing', 'upstream_aggregates') }}
)

select * from source
