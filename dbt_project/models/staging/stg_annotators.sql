with source as (
    select * from {{ source('landing', 'annotators') }}
)

select * from source
