import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Intent, PopupState } from '../popup-state.ts';
import type { Match } from './filter-profiles.ts';
import { FIRST_ROWS } from './kept-screen.ts';
import { ProfileRow } from './profile-row.tsx';

type ProfileListProps = {
  readonly list: RefObject<HTMLUListElement | null>;
  readonly matches: readonly Match[];
  readonly signIns: PopupState['signIns'];
  readonly logins: PopupState['logins'];
  /** Rows of last time are on the page, so there is no first paint that all of them would delay. */
  readonly hasRows: boolean;
  readonly send: (intent: Intent) => void;
};

/** All rows are in the document; the style sheet keeps those out of view from costing layout. */
export function ProfileList({ list, matches, signIns, logins, hasRows, send }: ProfileListProps) {
  const [isPainted, setPainted] = useState(hasRows);
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
          login={logins.find(
            ({ profile, requester }) => requester.source === 'browser' && profile === match.profile.name,
          )}
          send={send}
        />
      ))}
    </ul>
  );
}
