/** Says in what two recordings of the same scene differ. */
import { compare as compareRecordings } from '../../replay/compare.js';
import { loadRecording } from '../../replay/recording.js';
import { EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { comparisonForPeople } from '../replay-view.js';

export async function compare(
  first: string,
  second: string,
  _options: object,
  output: Output,
): Promise<number> {
  const comparison = compareRecordings(await loadRecording(first), await loadRecording(second));
  const { same, partings } = comparison;
  if (output.json) {
    for (const parting of partings) output.write(JSON.stringify({ type: 'Parting', ...parting }));
    output.write(JSON.stringify({ type: 'Compared', first, second, same, parted: partings.length }));
  } else {
    output.write(comparisonForPeople(first, second, comparison));
  }
  return partings.length === 0 ? EXIT.ok : EXIT.failed;
}
