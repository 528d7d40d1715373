import type { WireError } from '../../native-host/protocol.ts';
import type { Intent } from '../popup-state.ts';
import { errorTitles } from './error-titles.ts';
import { Sentence } from './sentence.tsx';

type SignInErrorProps = {
  readonly profile: string;
  readonly error: WireError;
  readonly onRetry: () => void;
  readonly send: (intent: Intent) => void;
};

/** Why a console did not open: in plain words first, then the one sentence that names the way out, then the code. */
export function SignInError({ profile, error, onRetry, send }: SignInErrorProps) {
  return (
    <div class="error" role="alert" data-error={error.code}>
      <p class="error-title">{errorTitles[error.code]}</p>
      <p class="error-text">
        <Sentence text={error.message} /> <code class="error-code">{error.code}</code>
      </p>
      <div class="error-buttons">
        <button type="button" class="button small" aria-label={`Retry signing in to ${profile}`} onClick={onRetry}>
          Retry
        </button>
        <button
          type="button"
          class="button small plain"
          aria-label={`Dismiss the error of ${profile}`}
          onClick={() => send({ type: 'dismissError', profile })}
        >
          Dismiss
        </button>
      </div>
    </div>
  );
}
