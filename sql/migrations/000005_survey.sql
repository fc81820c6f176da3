-- The survey after the talk: a mark from 1 to 5 for the talk it was given after. A call has at most one.
-- Adds calls.survey_score, segments.survey_score and the column of call_overview.

alter table calls add column survey_score smallint check (survey_score between 1 and 5);
alter table segments add column survey_score smallint check (survey_score between 1 and 5);
comment on column calls.survey_score is 'The citizen''s mark, 5 is the best; null: not asked, or no answer.';
comment on column segments.survey_score is 'The citizen''s mark for this talk, which is its expert''s.';

-- A column of a view can be added at its end only; c.* would put it in the middle.
create or replace view call_overview as
select
  c.id, c.direction, c.asterisk_id, c.channel_id, c.sip_call_id, c.entry, c.caller, c.caller_received, c.caller_reason,
  c.keyed_number, c.specialty, c.entered_at, c.queued_at, c.answered_at, c.ended_at, c.state, c.ending, c.hangup_cause,
  c.expert_id,
  round(extract(epoch from coalesce(c.answered_at, c.ended_at) - c.queued_at), 3)::double precision as wait_seconds,
  talk.seconds as talk_seconds,
  outcome.latest as outcome,
  coalesce(outcome.version, 0) as outcome_version,
  c.survey_score
from calls c
left join lateral (
  select round(sum(extract(epoch from s.ended_at - s.started_at)), 3)::double precision as seconds
  from segments s
  where s.call_id = c.id and s.ended_at is not null
) as talk on true
left join lateral (
  select
    jsonb_build_object('code', o.code, 'note', o.note, 'followUp', o.follow_up, 'setAt', o.set_at, 'actor', o.actor) as latest,
    (count(*) over ())::integer as version
  from outcomes o
  where o.call_id = c.id
  order by o.set_at desc, o.id desc
  limit 1
) as outcome on true;
