/** What the Go client sends to Redis to hold a stream's lock, and how it reads: the same for the stand-in and for the simulated one. */

/** A lock that is gone is taken back: the fault that makes two owners of one stream. */
export const EXTEND = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0`;
export const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;
/** How many idle entries a scan looks at. */
export const SCAN_BATCH = 50;
/** Reads that may fail in a row. */
export const READ_ATTEMPTS = 5;
export const FIRST_READ_RETRY_MS = 100;
