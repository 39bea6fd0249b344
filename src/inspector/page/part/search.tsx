interface SearchProps {
  readonly value: string;
  readonly label: string;
  readonly onChange: (value: string) => void;
}

/** The field that `/` leads to. */
export function Search({ value, label, onChange }: SearchProps) {
  return (
    <span class="search">
      <input
        class="field"
        type="search"
        data-search
        value={value}
        aria-label={label}
        placeholder={label}
        spellcheck={false}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
      {value === '' && <kbd>/</kbd>}
    </span>
  );
}
