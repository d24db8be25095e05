with source as (
    select * from {{ ref('stg_questions') }}
),

final as (
    select
        source_id,
        question_id,
        prompt,
        answer_type,
        scale_kind,
        scale_min,
        scale_max,
        options,
        abstaining_options,
        declared_synonyms,
        guideline_mode
    from source
)

select * from final
order by source_id, question_id
