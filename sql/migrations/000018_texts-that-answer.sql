-- At night only that is texted which answers what the citizen has just done (src/sms/rules.ts).

alter table text_messages add column answers_at timestamptz;
comment on column text_messages.answers_at is 'When the citizen''s own call ended that it answers; null: it answers none.';
