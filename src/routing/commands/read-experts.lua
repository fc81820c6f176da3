-- Experts as they stand.
-- KEYS[1] root
-- ARGV[1] now, [2] unused, [3…] experts; none given: all
-- returns one list {id, the fields of STATUS} for each who is known

local ids = {}
for i = 3, #ARGV do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then ids = redis.call('SMEMBERS', key('experts')) end
local rows = {}
for _, id in ipairs(ids) do
  local row = status(id)
  if row then rows[#rows + 1] = row end
end
return rows
