-- Every key of the model is a key of another; a null key points nowhere and is no fault.
{% test every_key_known(model, to, columns) %}
    select distinct {{ columns | join(', ') }}
    from {{ model }}
    where {% for column in columns %}{{ column }} is not null{% if not loop.last %} and {% endif %}{% endfor %}
    except
    select {{ columns | join(', ') }}
    from {{ to }}
{% endtest %}
