with source as (
    select * from {{ ref('int_items_versioned') }}
),

final as (
    select
        source_id,
        item_id,
        text,
        prompt,
        responses,
        language,
        context,
        extra
    from source
    where content_version = 1
)

select * from final
order by source_id, item_id
