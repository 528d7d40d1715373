import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Intent, PopupState } from '../popup-state.ts';
import type { Match } from './filter-profiles.ts';
import { ProfileRow } from './profile-row.tsx';

type ProfileListProps = {
  readonly list: RefObject<HTMLUListElement | null>;
  readonly matches: readonly Match[];
  readonly signIns: PopupState['signIns'];
  readonly send: (intent: Intent) => void;
};

/** As many as the popup can show. The rest follows right after the first paint, which is what a person waits for. */
const FIRST_ROWS = 11;

/** All rows are in the document; the style sheet keeps those out of view from costing layout. */
export function ProfileList({ list, matches, signIns, send }: ProfileListProps) {
  const [isPainted, setPainted] = useState(false);
  useEffect(() => setPainted(true), []);
  const first = matches.find(({ profile }) => profile.problem === undefined)?.profile.name;
  return (
    <ul ref={list} id="profiles" class="list" aria-label="Profiles">
      {(isPainted ? matches : matches.slice(0, FIRST_ROWS)).map((match) => (
        <ProfileRow
          key={match.profile.name}
          match={match}
          isFirst={match.profile.name === first}
          signIn={signIns[match.profile.name]}
          send={send}
        />
      ))}
    </ul>
  );
}
