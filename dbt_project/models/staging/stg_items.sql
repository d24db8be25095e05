with source as (
    select * from {{ source('landing', 'items') }}
)

select * from source
