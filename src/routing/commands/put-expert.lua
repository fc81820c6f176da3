-- An expert is on the roster with these skills; what they are doing is not touched. A new one is offline and unreachable.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed, [3] expert, [4…] specialties, each with its level: `finance:5`
-- returns {1, offers, changes, earliest deadline}

local specialties, levels = {}, {}
for i = 4, #ARGV do
  local specialty, level = ARGV[i]:match('^(.+):(%d)$')
  specialties[#specialties + 1] = specialty
  levels[#levels + 1] = level
  redis.call('SADD', key('specialties'), specialty)
end
specialties, levels = table.concat(specialties, ','), table.concat(levels, ',')
local expert = find('expert', ARGV[3])
if expert then
  unplace(expert)
  write('expert', expert, { specialties = specialties, levels = levels, removed = '' })
else
  expert = new_expert(ARGV[3], specialties, levels)
end
place(expert)
return reply(1)
