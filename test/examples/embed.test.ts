import { ended, printed, useExamples } from '../support/examples.js';
import { useRedis } from '../support/redis.js';

describe('the example embed', () => {
  const { start } = useExamples();
  const { server } = useRedis();

  it('owns the stream that it announces, and ends on SIGTERM', async () => {
    const example = start('embed', { REDIS_URL: server().url });
    await printed(example, /owner of order-1 \(eu\), token \d+-\d+/);
    example.kill('SIGTERM');
    await ended(example);
  });
});
