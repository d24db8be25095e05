with source as (
    select * from {{ source('landing', 'annotator_attributes') }}
)

select * from source
