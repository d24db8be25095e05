with source as (
    select * from {{ source('landing', 'withdrawn') }}
)

select * from source
