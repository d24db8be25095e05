with source as (
    select * from {{ source('landing', 'judgment_versions') }}
)

select * from source
