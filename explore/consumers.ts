/** Names in the group. They look like those of incarnations. */
export const CONSUMERS = ['A~0000000a', 'B~0000000b', 'C~0000000c'] as const;

export function letterOf(client: number): string {
  return (CONSUMERS[client] as string).charAt(0);
}
