with refused as (
    select * from {{ ref('stg_quarantine') }}
),

conflicts as (
    select * from {{ ref('int_item_conflicts') }}
),

final as (
    select
        source_id,
        file_sha256,
        record_ordinal,
        record_part,
        question_id,
        stage,
        reason,
        field,
        raw_sha256
    from refused
    union all
    select
        source_id,
        file_sha256,
        record_ordinal,
        record_part,
        question_id,
        stage,
        reason,
        field,
        raw_sha256
    from conflicts
)

select * from final
order by source_id, file_sha256, record_ordinal, record_part, question_id, stage, reason
