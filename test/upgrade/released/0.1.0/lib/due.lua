-- dueConsumer(reason): for whom an entry is pending while it is due for the dead-letter stream and that stream lives in another slot,
-- so that no script may write to both.
--
--   1. The script that decides (give-back, requeue) claims the entry for this consumer, who is nobody.
--   2. Its caller has the letter made (claim-due-letters), adds it to the dead-letter stream (add-dead-letter), and
--   3. has the entry acknowledged and deleted (finish-due-letters).
--   Whoever dies in between leaves the entry pending here, where sweeps look. Dying between 2 and 3 makes a second letter;
--   nothing makes none, and nothing leads back to an application.
--
-- The name says the reason and the entry itself has the count, so that the decision outlives whoever made it. It ends like an
-- incarnation's, which keeps it from being taken for a consumer of the Go client; it never has presence.
local function dueConsumer(reason)
  return 'dead-letters:' .. reason .. '~00000000'
end
