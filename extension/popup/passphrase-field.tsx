import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { FieldProps } from './field-props.ts';
import { PromptButtons } from './prompt-buttons.tsx';

/** The passphrase of a file vault. It is kept nowhere: it goes to the host and the field goes away. */
export function PassphraseField({ isChecking, isRejected, onAnswer, onCancel, children }: FieldProps) {
  const [passphrase, setPassphrase] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  return (
    <form
      class="answer"
      onSubmit={(event) => {
        event.preventDefault();
        if (passphrase !== '' && !isChecking) onAnswer(passphrase);
      }}
    >
      <input
        ref={field}
        class="text-field"
        type="password"
        aria-label="Vault passphrase"
        aria-describedby="prompt-subject"
        aria-invalid={isRejected && passphrase === ''}
        autocomplete="off"
        spellcheck={false}
        readOnly={isChecking}
        value={passphrase}
        onInput={(event) => setPassphrase(event.currentTarget.value)}
      />
      {children}
      <PromptButtons isChecking={isChecking} isComplete={passphrase !== ''} onCancel={onCancel} />
    </form>
  );
}
