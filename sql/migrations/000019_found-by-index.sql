-- What is looked for again and again is found by an index, however many calls there are.

-- Of each call what it was told (routing/told-waits.sql), without the rest of its entries.
create index call_entries_told on call_entries (call_id) where kind = 'wait.told';

-- Attempts that may belong to no case yet (callbacks/link-calls.sql).
create index callbacks_changed on callbacks (changed_at);

-- Whether a file is a recording's own (recordings/is-path.sql), and what was taken over under a name (recordings/imported-sound.sql).
create index recordings_path on recordings (path);
create index recordings_sources on recordings using gin (sources) where kind = 'imported';
