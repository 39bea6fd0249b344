-- Redis counts how often each pending entry was delivered, and nobody needs that number once the entry is owned. It is a mark then, which its
-- owner writes (script mark). So a mark costs no key, goes with the entry when it is acknowledged, and is looked at where the entry is moved.
--
--   0                   proven: in the hands of this owner for provenAfterMs. Its counts are over, whatever takes it out of these hands.
--   1 to 999,999        none: as it was delivered
--   k * 1,000,000 + n   a suspect, begun as one of n, in the k-th window of time; n is 0 once it has outlived that.
--
-- Of an entry that is not owned it is how often it was delivered:
--
--   1                   as it was delivered, perhaps beside others
--   400,000             its consumer has not begun with it: it is held back, or waits for its name
--   500,000             once, and its consumer had begun with it, and with nothing else
--
-- An owner that no longer knows whether it owns an entry marks it as not begun as well, before it begins with it once more. Its death says nothing of that one.
--
-- A suspect is an entry that one more death would dead-letter. Owners begin suspects a few at a time, so that a death says more: it convicts
-- a suspect that was begun alone, and of several it makes a quarter the next few.
--
--   1. Of 1,000 that have died with three owners, A begins 250, and dies. 62 of them are to be begun together.
--   2. B begins 62 of the 250. They outlive their window, so it is none of them. B begins 62 more, and dies: 15 of those are next.
--   3. So on to 3, and to one that is begun alone. Whoever dies of that convicts it. The others outlive their windows, and are proven later.
--
-- The window is a second at first. A death that comes later than every window makes those that outlived it suspects of the next one, which is four
-- times as long; how many are begun together is not known then. docs/explanation/poison.md has the whole of it.
local TRIAL = 1000000
local NOT_BEGUN, ALONE = 400000, 500000

-- isProven(mark), of an entry that is owned
local function isProven(mark)
  return mark == 0
end

-- nextTrial(mark, trial): as which suspect an entry is to be begun after this death of its owner, where that would exceed its retries; nil: it
-- is convicted. trial: as which suspect it was to be begun; 0: as none. mark nil: nobody knows.
local function nextTrial(mark, trial)
  if not mark then
    return nil
  end
  if mark == NOT_BEGUN then
    return trial == 0 and TRIAL or trial
  end
  if mark < TRIAL then
    -- It was begun with all the others. A suspect too, where its owner could not mark it: then deaths are counted and nothing else.
    return trial == 0 and TRIAL or nil
  end
  local window, among = math.floor(mark / TRIAL), mark % TRIAL
  if among == 1 then
    return nil
  end
  if among == 0 then
    return (window + 1) * TRIAL
  end
  return window * TRIAL + math.max(1, math.floor(among / 4))
end

-- deliveriesOf(mark), of an entry that is not owned: one that was begun with alone, or was to be begun as a suspect, was delivered once.
local function deliveriesOf(mark)
  if not mark or mark < NOT_BEGUN then
    return mark
  end
  -- Redis counts on where somebody else claims it.
  return mark < ALONE and mark - NOT_BEGUN or 1
end

-- isOfUnowned(mark), of an entry that has just become owned: it says nothing of what is owned.
local function isOfUnowned(mark)
  return mark ~= 1 and mark < TRIAL
end

-- wasBeside(mark), of an entry that is not owned: its consumer may have died of others that were delivered with it.
local function wasBeside(mark)
  return mark == 1
end
