with source as (
    select * from {{ ref('stg_judgment_history') }}
),

final as (
    select
        source_id,
        item_id,
        annotator_id,
        question_id,
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
        extra,
        version,
        change,
        came_with,
        ended_by,
        changed_columns,
        now_file_sha256,
        now_record_ordinal,
        now_record_part
    from source
)

select * from final
order by source_id, file_sha256, record_ordinal, record_part, question_id, ended_by
