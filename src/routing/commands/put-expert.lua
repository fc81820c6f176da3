-- An expert is on the roster with these skills; what they are doing is not touched. A new one is offline and unreachable.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed, [3] expert, [4…] specialties
-- returns {1, offers, changes, earliest deadline}

local specialties = {}
for i = 4, #ARGV do
  specialties[#specialties + 1] = ARGV[i]
  redis.call('SADD', key('specialties'), ARGV[i])
end
local expert = find('expert', ARGV[3])
if expert then
  unplace(expert)
  write('expert', expert, { specialties = table.concat(specialties, ','), removed = '' })
else
  expert = new_expert(ARGV[3], table.concat(specialties, ','))
end
place(expert)
return reply(1)
