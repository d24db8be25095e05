-- Derived: how the answers to a question about an item are distributed. Read beside the judgments, never instead.
with judgments as (
    select * from {{ ref('judgments') }}
),

counted as (
    select
        source_id,
        item_id,
        question_id,
        answer,
        count(*) as answer_count
    from judgments
    group by source_id, item_id, question_id, answer
),

final as (
    select
        *,
        cast(sum(answer_count) over (partition by source_id, item_id, question_id) as bigint) as judgment_count
    from counted
)

select * from final
