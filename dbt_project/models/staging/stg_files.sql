with source as (
    select * from {{ source('landing', 'files') }}
)

select * from source
