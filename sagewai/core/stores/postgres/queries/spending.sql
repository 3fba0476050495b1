-- $1 'workflow', 'model' or 'day'  $2 days, today included, or null for all  $3 limit

select kept.key, sum(kept.calls)::int8 as calls, sum(kept.input_tokens)::int8 as input_tokens,
       sum(kept.output_tokens)::int8 as output_tokens, sum(kept.cost) as cost, sum(kept.unpriced)::int8 as unpriced
  from (
    select *, case $1::text when 'workflow' then workflow when 'model' then model else to_char(day, 'YYYY-MM-DD') end as key
      from sagewai.spending
     where day > coalesce((now() at time zone 'UTC')::date - $2::int4, '-infinity')
  ) as kept
 group by kept.key
 order by case when $1 = 'day' then kept.key end desc, cost desc, kept.key
 limit $3
