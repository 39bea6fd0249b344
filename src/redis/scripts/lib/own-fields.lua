-- Fields of an entry that are ours to write. They count for nothing in its size.
--
-- Counts in an entry, each in a field of its own that is left out where it is 0; `_retry_count` alone always stands.
--   retries     `_retry_count`: retries that were spent
--   deliveries  `_delivery_count`: how often it was delivered, under earlier ids, to a consumer that died before it had become the owner
--   failures    `_failures`: how often a handler threw
--   deaths      `_deaths`: how often an owner died
--   trial       `_trial`: as which suspect it is to be begun (lib/marks.lua)
local COUNTS = { _retry_count = 'retries', _delivery_count = 'deliveries', _failures = 'failures', _deaths = 'deaths', _trial = 'trial' }
-- What only dead letters have.
local FACTS = { _dlq_error = true, _dlq_owner = true, _dlq_at = true, _dlq_reason = true }
