with source as (
    select * from {{ ref('int_judgments_numbered') }}
),

final as (
    select
        source_id,
        item_id,
        annotator_id,
        question_id,
        occurrence,
        version,
        annotator_kind,
        attribution,
        answer_type,
        answer,
        answer_choice,
        answer_choices,
        answer_number,
        answer_preference,
        answer_strength,
        answer_ranking,
        answer_best,
        answer_worst,
        answer_spans,
        answer_text,
        raw_answer,
        status,
        abstained,
        rationale,
        confidence,
        presentation_order,
        judged_at,
        duration_s,
        judgment_key,
        file_sha256,
        record_ordinal,
        record_part,
        extra
    from source
)

select * from final
order by source_id, item_id, question_id, annotator_id, occurrence
