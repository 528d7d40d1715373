import { useMemo, useRef, useState } from 'preact/hooks';
import type { LockState, ProfileSummary, WireError } from '../../native-host/protocol.ts';
import type { Intent, PopupState } from '../popup-state.ts';
import { EmptyState } from './empty-state.tsx';
import { FilterField } from './filter-field.tsx';
import { filterProfiles, orderProfiles } from './filter-profiles.ts';
import { IsolationNote } from './isolation-note.tsx';
import type { ShownScreen } from './kept-screen.ts';
import { ListError } from './list-error.tsx';
import { LockLine } from './lock-line.tsx';
import { ProfileList } from './profile-list.tsx';
import { firstOf, moveInList, typesText } from './row-focus.ts';
import { Skeleton } from './skeleton.tsx';
import { useKeptScreen } from './use-kept-screen.ts';

type ProfilesProps = {
  /** Absent before the very first answer of the host. */
  readonly profiles: readonly ProfileSummary[] | undefined;
  readonly recent: Readonly<Record<string, string>>;
  readonly signIns: PopupState['signIns'];
  readonly logins: PopupState['logins'];
  readonly listError: WireError | undefined;
  readonly lock: LockState | undefined;
  readonly isolation: 'containers' | 'groups';
  readonly shown: ShownScreen;
  readonly send: (intent: Intent) => void;
  readonly close: () => void;
};

/** The filter and the list. The order is settled when the popup opens: nothing moves under the pointer afterwards. */
export function Profiles({
  profiles,
  recent,
  signIns,
  logins,
  listError,
  lock,
  isolation,
  shown,
  send,
  close,
}: ProfilesProps) {
  const [query, setQuery] = useState(shown.query);
  const filter = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const attention = useRef(new Set(Object.keys(signIns)));
  const ordered = useMemo(() => orderProfiles(profiles ?? [], recent, attention.current), [profiles, recent]);
  const gone = useMemo(() => goneProfiles(profiles, signIns), [profiles, signIns]);
  const matches = useMemo(() => filterProfiles([...gone, ...ordered], query), [gone, ordered, query]);

  useKeptScreen({ profiles, isAtRest: query === '' && profiles !== undefined && !listError, signIns });

  const clearOrClose = () => {
    if (query === '') return close();
    setQuery('');
    filter.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      clearOrClose();
    } else if (list.current && filter.current && moveInList(event.key, list.current, filter.current)) {
      event.preventDefault();
    } else if (typesText(event)) filter.current?.focus(); // the letter goes on into the field
  };
  const openFirst = () => list.current && firstOf(list.current)?.click();

  return (
    <main class="profiles" aria-label="Keyturn" onKeyDown={onKeyDown}>
      <FilterField field={filter} query={query} onQuery={setQuery} onEnter={openFirst} />
      {listError && profiles ? <ListError error={listError} onRetry={() => send({ type: 'retryHost' })} /> : null}
      <div class="list-area">
        {profiles === undefined && listError === undefined ? <Skeleton /> : null}
        {profiles === undefined && listError ? (
          <ListError error={listError} onRetry={() => send({ type: 'retryHost' })} />
        ) : null}
        {profiles?.length === 0 ? <EmptyState /> : null}
        {profiles?.length && matches.length === 0 ? <p class="nothing">No profile matches “{query.trim()}”.</p> : null}
        <ProfileList
          list={list}
          matches={matches}
          signIns={signIns}
          logins={logins}
          hasRows={shown.hasRows}
          send={send}
        />
      </div>
      <p class="visually-hidden" role="status">
        {query === '' ? '' : `${matches.length} of ${gone.length + ordered.length} profiles`}
      </p>
      <LockLine lock={lock} send={send} />
      {isolation === 'groups' ? <IsolationNote /> : null}
    </main>
  );
}

/** Those that were removed from the config while they signed in: the failure is shown, and can be put aside. */
function goneProfiles(
  profiles: readonly ProfileSummary[] | undefined,
  signIns: PopupState['signIns'],
): readonly ProfileSummary[] {
  if (profiles === undefined) return [];
  const listed = new Set(profiles.map(({ name }) => name));
  const names = Object.keys(signIns).filter((name) => !listed.has(name));
  return names.map((name) => ({ name, kind: 'none' }));
}
