/** Copies a text, and says that it did. */
import { useEffect, useState } from 'preact/hooks';
import { copyText } from '../state/files.js';

/** For so long it says that it was done, in milliseconds. */
const COPIED_MS = 2_000;

interface CopyButtonProps {
  readonly label: string;
  /** What it is called where its label says too little. */
  readonly name?: string;
  readonly isSmall?: boolean;
  readonly textOf: () => string;
}

export function CopyButton({ label, name, isSmall = true, textOf }: CopyButtonProps) {
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setIsCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <button
      type="button"
      class={`button ${isSmall ? 'is-small' : ''}`}
      aria-label={name}
      onClick={() => void copyText(textOf()).then(() => setIsCopied(true))}
    >
      {isCopied ? 'Copied' : label}
    </button>
  );
}
