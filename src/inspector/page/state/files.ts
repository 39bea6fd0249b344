/** Text that leaves the page. */

export async function copyText(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}

export function saveText(name: string, text: string, type = 'text/plain'): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
