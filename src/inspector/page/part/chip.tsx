/** A filter with how many it lets through: pressed, it is set. */
import { number } from '../model/format.js';

interface ChipProps {
  readonly name: string;
  readonly count: number;
  readonly isOn: boolean;
  /** Null: it cannot be set. */
  readonly onToggle: (() => void) | null;
}

export function Chip({ name, count, isOn, onToggle }: ChipProps) {
  const text = (
    <>
      {name} <span class="n">{number(count)}</span>
    </>
  );
  if (onToggle === null) return <span class="chip is-still">{text}</span>;
  return (
    <button type="button" class="chip" aria-pressed={isOn} onClick={onToggle}>
      {text}
    </button>
  );
}
