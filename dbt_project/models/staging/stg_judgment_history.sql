with source as (
    select * from {{ source('landing', 'judgment_history') }}
)

select * from source
