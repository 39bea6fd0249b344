import { eachServer } from '../each-server.js';
import type { ServerFacts } from '../facts.js';
import { mastersOf } from '../facts.js';
import { type Check, good, type Verdict, warning } from '../finding.js';
import { PERMIT_CONFIG, setTo } from '../remedies.js';

const SETTING = 'client-output-buffer-limit';
const DEFAULT = '"pubsub 32mb 8mb 60"';
/** A few thousand expiries at once take about this. */
const LEAST_BYTES = 1_048_576;

/** How much a subscriber may be behind before Redis cuts it off. It comes back, and looks for what it missed; each time costs a scan. */
export const pubsubBuffer: Check = {
  name: 'pubsub-buffer',
  judge: (facts) =>
    facts.assumed.keyspaceEvents === 'off' ? undefined : eachServer(mastersOf(facts), judge),
};

function judge({ config }: ServerFacts): Verdict {
  const text = config.get(SETTING);
  if (text === undefined) return warning('could not be told: CONFIG GET is refused', PERMIT_CONFIG);
  const [, hard = '0', soft = '0', seconds = '0'] = /\bpubsub (\d+) (\d+) (\d+)/.exec(text) ?? [];
  const found = `pubsub ${hard} ${soft} ${seconds}`;
  const limits = [Number(hard), Number(soft)].filter((limit) => limit > 0);
  if (limits.length === 0) {
    return warning(
      `${found}: no limit, so a subscriber that hangs may take all memory`,
      setTo(SETTING, DEFAULT),
    );
  }
  return Math.min(...limits) < LEAST_BYTES
    ? warning(`${found}: a burst of expiries cuts subscribers off`, setTo(SETTING, DEFAULT))
    : good(found);
}
