import type { WireError } from '../../native-host/protocol.ts';
import { Sentence } from './sentence.tsx';

type ListErrorProps = { readonly error: WireError; readonly onRetry: () => void };

/** The host could not list the profiles; what stands below is the list of last time, if there is one. */
export function ListError({ error, onRetry }: ListErrorProps) {
  return (
    <div class="error list-error" role="alert" data-error={error.code}>
      <p class="error-title">The profiles could not be read</p>
      <p class="error-text">
        <Sentence text={error.message} /> <code class="error-code">{error.code}</code>
      </p>
      <div class="error-buttons">
        <button type="button" class="button small" onClick={onRetry}>
          Retry
        </button>
      </div>
    </div>
  );
}
