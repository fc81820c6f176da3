-- The citizen's numbers leave the ledger of these calls; that there was one stays known.
-- params: $1 call ids uuid[]
-- rows: none
update call_entries
set data = data || case kind
  when 'number.kept' then '{"number": null}'::jsonb
  else '{"caller": null, "callerReceived": ""}'::jsonb
    || case when data ->> 'caller' is null then '{}'::jsonb else '{"callerReason": "erased"}'::jsonb end
end
where call_id = any ($1::uuid[]) and kind in ('call.entered', 'number.kept');
