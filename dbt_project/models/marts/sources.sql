with source as (
    select * from {{ ref('stg_sources') }}
),

final as (
    select
        source_id,
        title,
        url,
        licence,
        citation,
        family,
        platform,
        attribution,
        guideline_mode,
        export_mode,
        known_losses,
        contract_sha256
    from source
)

select * from final
order by source_id
