with source as (
    select * from {{ source('landing', 'questions') }}
)

select * from source
