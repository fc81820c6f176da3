-- Forgets sign-ins that ended or expired more than a day ago; the audit keeps who signed in.
-- params: none
-- rows: none
delete from sessions where least(expires_at, coalesce(ended_at, expires_at)) < now() - interval '1 day';
