-- Asks for one file after the other, so that no two requests under way are for the same.
-- Arguments: the target with %d for the number, and how many files there are.
local target, count
local index = 0

function init(arguments)
  target, count = arguments[1], tonumber(arguments[2])
end

function request()
  index = index + 1
  return wrk.format("GET", string.format(target, index % count))
end
