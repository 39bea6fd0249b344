/** A recording may be dropped anywhere on the page: elsewhere the browser would leave the page for the file. */
import { openRecording } from './player.js';
import { go } from './router.js';

export function openFile(file: File): void {
  void openRecording(file.name, () => file.arrayBuffer(), { bytes: file.size });
}

function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes('Files') === true;
}

export function listenToDrops(): void {
  window.addEventListener('dragover', (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  window.addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    const [file] = event.dataTransfer?.files ?? [];
    if (file === undefined) return;
    go({ view: 'recording' });
    openFile(file);
  });
}
