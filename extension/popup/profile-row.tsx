import type { LoginPage, ProfileSummary } from '../../native-host/protocol.ts';
import type { Intent, SignIn } from '../popup-state.ts';
import { ColourDot } from './colour-dot.tsx';
import type { Match } from './filter-profiles.ts';
import { MarkedText } from './marked-text.tsx';
import { Sentence } from './sentence.tsx';
import { SignInError } from './sign-in-error.tsx';

type ProfileRowProps = {
  readonly match: Match;
  /** The row that Enter in the filter opens. */
  readonly isFirst: boolean;
  readonly signIn: SignIn | undefined;
  /** Its login to IAM Identity Center that is under way in a tab. */
  readonly login: LoginPage | undefined;
  readonly send: (intent: Intent) => void;
};

/** One profile: a button that opens its console, and below it what became of the last attempt. */
export function ProfileRow({ match, isFirst, signIn, login, send }: ProfileRowProps) {
  const { profile } = match;
  const { name, problem } = profile;
  const isPending = signIn?.status === 'pending';
  const isBlocked = problem !== undefined;
  const aboutId = `about-${encodeURIComponent(name)}`;
  const open = () => send({ type: 'openConsole', profile: name });
  return (
    <li class="row" data-profile={name} data-status={isBlocked ? 'unavailable' : (signIn?.status ?? 'idle')}>
      <div class="row-line">
        <button
          type="button"
          class="row-open"
          data-first={isFirst}
          aria-label={`Open the console of ${name}`}
          aria-describedby={aboutId}
          aria-disabled={isBlocked || isPending}
          aria-busy={isPending}
          onClick={isBlocked || isPending ? undefined : open}
        >
          <ColourDot profile={name} />
          <span class="row-text">
            <span class="row-name" title={name}>
              <MarkedText text={name} ranges={match.marks.name} />
            </span>
            <span class="row-about" id={aboutId} title={problem}>
              {isPending ? (
                <Progress login={login} />
              ) : isBlocked ? (
                <Sentence text={withoutName(problem, name)} />
              ) : (
                <About match={match} />
              )}
            </span>
          </span>
        </button>
        {isPending ? (
          <button
            type="button"
            class="button small row-cancel"
            aria-label={`Cancel signing in to ${name}`}
            onClick={() => send({ type: 'cancelSignIn', profile: name })}
          >
            Cancel
          </button>
        ) : null}
      </div>
      {signIn?.status === 'failed' ? (
        <SignInError profile={name} error={signIn.error} onRetry={open} send={send} />
      ) : null}
    </li>
  );
}

/** What the person is waited for; a device code is here to be compared with the page's. */
function Progress({ login }: { readonly login: LoginPage | undefined }) {
  if (!login) return 'Signing in…';
  if (!login.userCode) return <span class="row-login">Allow the login in its tab</span>;
  return (
    <span class="row-login">
      The page must show <b class="row-code">{login.userCode}</b>
    </span>
  );
}

function About({ match: { profile, marks } }: { readonly match: Match }) {
  const parts = [
    profile.accountId && <MarkedText text={profile.accountId} ranges={marks.accountId} />,
    profile.roleName ? <MarkedText text={profile.roleName} ranges={marks.roleName} /> : kindText[profile.kind],
    profile.region,
  ].filter(Boolean);
  return parts.map((part, index) => [index > 0 && <span class="row-separator"> · </span>, part]);
}

const kindText: { readonly [K in ProfileSummary['kind']]: string } = {
  user: 'IAM user',
  role: 'Role',
  process: 'Credential process',
  none: '',
};

/** The row says already whose problem it is, and there is room for two lines. */
function withoutName(problem: string, name: string): string {
  const quoted = JSON.stringify(name);
  const start = [`profile ${quoted}: `, `profile ${quoted} `, `profile ${name}: `].find((text) =>
    problem.startsWith(text),
  );
  return problem.slice(start?.length ?? 0);
}
