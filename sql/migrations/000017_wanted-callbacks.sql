-- When a callback is wanted stays known where it is due later because it is closed then: the hours may change.

alter table callbacks add column wanted_at timestamptz;
comment on column callbacks.wanted_at is
  'Not called before. due_at is this, or the next opening as far as it was known when the hours were last looked at; null: due_at is all that is known.';
