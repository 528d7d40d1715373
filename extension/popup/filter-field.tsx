import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

type FilterFieldProps = {
  readonly field: RefObject<HTMLInputElement | null>;
  readonly query: string;
  readonly onQuery: (query: string) => void;
  readonly onEnter: () => void;
};

/** The focus is here from the start, so that opening the popup and typing is one movement. */
export function FilterField({ field, query, onQuery, onEnter }: FilterFieldProps) {
  useLayoutEffect(() => field.current?.focus(), [field]);
  return (
    <div class="filter">
      <svg class="filter-glyph" viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="7" cy="7" r="4.5" />
        <path d="m10.5 10.5 3.5 3.5" />
      </svg>
      <input
        ref={field}
        class="filter-field"
        type="search"
        aria-label="Filter profiles"
        aria-controls="profiles"
        placeholder="Open the console of…"
        autocomplete="off"
        spellcheck={false}
        value={query}
        onInput={(event) => onQuery(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.isComposing) onEnter();
        }}
      />
    </div>
  );
}
