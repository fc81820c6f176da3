-- Projected calls: new ones and those that went on.
-- params: $1 rows jsonb array in the table's column names
-- rows: none
insert into calls (
  id, direction, asterisk_id, channel_id, sip_call_id, entry, caller, caller_received, caller_reason, keyed_number,
  specialty, entered_at, queued_at, answered_at, ended_at, state, ending, hangup_cause, expert_id,
  survey_score
)
select
  id, direction, asterisk_id, channel_id, sip_call_id, entry, caller, caller_received, caller_reason, keyed_number,
  specialty, entered_at, queued_at, answered_at, ended_at, state, ending, hangup_cause, expert_id,
  survey_score
from jsonb_populate_recordset(null::calls, $1::jsonb)
on conflict (id) do update set
  direction = excluded.direction,
  asterisk_id = excluded.asterisk_id,
  channel_id = excluded.channel_id,
  sip_call_id = excluded.sip_call_id,
  entry = excluded.entry,
  caller = excluded.caller,
  caller_received = excluded.caller_received,
  caller_reason = excluded.caller_reason,
  keyed_number = excluded.keyed_number,
  specialty = excluded.specialty,
  entered_at = excluded.entered_at,
  queued_at = excluded.queued_at,
  answered_at = excluded.answered_at,
  ended_at = excluded.ended_at,
  state = excluded.state,
  ending = excluded.ending,
  hangup_cause = excluded.hangup_cause,
  expert_id = excluded.expert_id,
  survey_score = excluded.survey_score;
