import type { Prompt, WireError } from '../../native-host/protocol.ts';
import { CodeField } from './code-field.tsx';
import { ColourDot } from './colour-dot.tsx';
import { PassphraseField } from './passphrase-field.tsx';
import type { Phase } from './prompt-queue.ts';
import { RequesterLine } from './requester-line.tsx';
import { Sentence } from './sentence.tsx';

type PromptPanelProps = {
  readonly prompt: Prompt;
  readonly phase: Phase;
  /** How many more prompts wait. */
  readonly waiting: number;
  readonly error: WireError | undefined;
  readonly onAnswer: (answer: string) => void;
  readonly onCancel: () => void;
};

const titles = { mfa: 'MFA code', passphrase: 'Vault passphrase' } as const;

/** One question of the host: who asks, for what, the field, and what was wrong with the last answer. */
export function PromptPanel({ prompt, phase, waiting, error, onAnswer, onCancel }: PromptPanelProps) {
  const Field = prompt.kind === 'mfa' ? CodeField : PassphraseField;
  const problem = error?.message ?? prompt.rejected;
  return (
    <main class="panel" data-prompt={prompt.kind} data-phase={phase} aria-labelledby="prompt-title">
      <RequesterLine requester={prompt.requester} />
      <h1 id="prompt-title" class="panel-title">
        {prompt.profile === undefined ? null : <ColourDot profile={prompt.profile} />}
        <span>
          {titles[prompt.kind]}
          {prompt.profile === undefined ? null : (
            <>
              {' '}
              <span class="quiet">for</span> <span class="panel-profile">{prompt.profile}</span>
            </>
          )}
        </span>
      </h1>
      <p class="panel-subject" id="prompt-subject">
        {prompt.kind === 'mfa' ? (prompt.mfaSerial ?? 'From your authenticator') : (prompt.vaultDir ?? 'Keyturn vault')}
      </p>
      <Field isChecking={phase !== 'asking'} isRejected={problem !== undefined} onAnswer={onAnswer} onCancel={onCancel}>
        <p class="field-message" role="alert">
          {phase === 'asking' && problem ? <Sentence text={problem} /> : null}
        </p>
      </Field>
      {waiting === 0 ? null : (
        <p class="panel-waiting">{waiting === 1 ? 'One more question waits.' : `${waiting} more questions wait.`}</p>
      )}
    </main>
  );
}
