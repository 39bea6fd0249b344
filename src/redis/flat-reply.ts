/** Redis answers some questions with names and values in turn. */
export type Fields = Readonly<Record<string, string | number | null>>;

export function fieldsOf(flat: unknown): Fields {
  const items = flat as (string | number | null)[];
  const fields: Record<string, string | number | null> = {};
  for (let at = 0; at + 1 < items.length; at += 2) fields[String(items[at])] = items[at + 1] ?? null;
  return fields;
}
