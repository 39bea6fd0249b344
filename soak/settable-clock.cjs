// Loaded into a consumer before its program: SIGUSR2 sets its wall clock away from the time, by as much as SOAK_CLOCK_MS says, and the next one sets
// it back. The monotonic clock goes on.
const { now } = Date;
const byMs = Number(process.env.SOAK_CLOCK_MS);
let isAway = false;
Date.now = () => now() + (isAway ? byMs : 0);
process.on('SIGUSR2', () => {
  isAway = !isAway;
});
