-- Forgets sign-ins that ended or expired more than 30 days ago; until then who comes back is told that the sign-in expired.
-- params: none
-- rows: none
delete from sessions where least(expires_at, coalesce(ended_at, expires_at)) < now() - interval '30 days';
