with source as (
    select * from {{ source('landing', 'sources') }}
)

select * from source
