-- Content that contradicts what an item held before: kept in quarantine, so that neither version disappears.
with versions as (
    select * from {{ ref('int_items_versioned') }}
),

conflicts as (
    select
        source_id,
        file_sha256,
        struct_extract_at(first_seen, 2) as record_ordinal,
        cast(null as integer) as record_part,
        cast(null as varchar) as question_id,
        'item' as stage,
        'item_conflict' as reason,
        item_id as field,
        file_sha256 as raw_sha256
    from versions
    where content_version > 1 and has_content
)

select * from conflicts
