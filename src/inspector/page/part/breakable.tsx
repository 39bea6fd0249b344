import { Fragment } from 'preact';

/** A path, which may be broken where its parts meet, and not within them. */
export function Breakable({ text }: { readonly text: string }) {
  return text.split(/(?<=[/:])/).map((part, index) => (
    <Fragment key={`${index} ${part}`}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}
