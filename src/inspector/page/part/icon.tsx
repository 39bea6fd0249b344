const PATHS = {
  first: 'M3 3h2v10H3zM13 3v10L6 8z',
  back: 'M10 3h2v10h-2zM9 3v10L3 8z',
  play: 'M4 3v10l9-5z',
  pause: 'M4 3h3v10H4zM9 3h3v10H9z',
  on: 'M4 3h2v10H4zM7 3v10l6-5z',
  markBack: 'M2 8l5-5v3h3v4H7v3zM12 3h2v10h-2z',
  markOn: 'M14 8L9 3v3H6v4h3v3zM2 3h2v10H2z',
} as const;

export function Icon({ name }: { readonly name: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
