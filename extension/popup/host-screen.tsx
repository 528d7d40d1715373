import type { WireError } from '../../native-host/protocol.ts';
import { CommandLine } from './command-line.tsx';
import { hostAdvice } from './host-advice.ts';
import { KeyGlyph } from './key-glyph.tsx';
import { Sentence } from './sentence.tsx';

type HostScreenProps = {
  readonly error: WireError;
  readonly isRetrying: boolean;
  readonly onRetry: () => void;
};

/** Shown instead of everything else while the host cannot be used. */
export function HostScreen({ error, isRetrying, onRetry }: HostScreenProps) {
  const { kind, title, text, command } = hostAdvice(error);
  return (
    <main class="panel host-screen" data-host={kind} aria-labelledby="host-title">
      <KeyGlyph />
      <div role="alert">
        <h1 id="host-title" class="panel-title">
          {title}
        </h1>
        <p class="panel-text">{text}</p>
      </div>
      {command === undefined ? null : <CommandLine command={command} />}
      <div class="buttons">
        <button type="button" class="button primary" onClick={onRetry} disabled={isRetrying} aria-busy={isRetrying}>
          {isRetrying ? 'Trying…' : 'Try again'}
        </button>
      </div>
      <details class="technical">
        <summary>Details</summary>
        <p>
          <Sentence text={error.message} /> <code class="error-code">{error.code}</code>
        </p>
      </details>
    </main>
  );
}
