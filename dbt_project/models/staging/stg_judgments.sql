with source as (
    select * from {{ source('landing', 'judgments') }}
)

select * from source
