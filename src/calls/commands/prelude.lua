-- Writes by an older owner of the calls than the newest are refused: see platform/fence.ts.
local epoch, newest = tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[2]) or 0)
if epoch > 0 and epoch < newest then return -99 end
if epoch > newest then redis.call('SET', KEYS[2], epoch) end
