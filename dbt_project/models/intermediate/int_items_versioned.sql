-- The same item may arrive many times: with its content, by its id alone, or, against expectation, with other content.
with items as (
    select * from {{ ref('stg_items') }}
),

item_files as (
    select
        source_id,
        file_sha256,
        min(file_position) as file_position
    from {{ ref('stg_files') }}
    group by source_id, file_sha256
),

contents as (
    select
        items.source_id,
        items.item_id,
        items.text,
        items.prompt,
        items.responses,
        items.language,
        items.context,
        items.extra,
        min_by(items.file_sha256, (item_files.file_position, items.record_ordinal)) as file_sha256,
        min((item_files.file_position, items.record_ordinal)) as first_seen
    from items
    left join item_files
        on
            items.source_id = item_files.source_id
            and items.file_sha256 = item_files.file_sha256
    group by
        items.source_id, items.item_id, items.text, items.prompt, items.responses,
        items.language, items.context, items.extra
),

described as (
    select
        *,
        coalesce(text, prompt, context, extra) is not null or coalesce(len(responses) > 0, false) as has_content
    from contents
),

versioned as (
    select
        *,
        row_number() over (
            partition by source_id, item_id
            order by has_content desc, first_seen asc
        ) as content_version
    from described
)

select * from versioned
