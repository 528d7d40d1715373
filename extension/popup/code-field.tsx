import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { FieldProps } from './field-props.ts';
import { PromptButtons } from './prompt-buttons.tsx';

const DIGITS = 6;

/** The digits of what was typed or pasted: authenticators show "123 456". */
export function codeDigits(text: string): string {
  return text.replace(/\D/g, '').slice(0, DIGITS);
}

/** Six digits in one field, drawn as six cells behind it. It sends itself when the sixth is there; Enter and the button send it too. */
export function CodeField({ isChecking, isRejected, onAnswer, onCancel, children }: FieldProps) {
  const [code, setCode] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);

  const isComplete = code.length === DIGITS;
  const take = (input: HTMLInputElement) => {
    const digits = codeDigits(input.value);
    input.value = digits; // also when the digits did not change and nothing is rendered anew
    setCode(digits);
    if (digits.length === DIGITS && digits !== code && !isChecking) onAnswer(digits);
  };
  return (
    <form
      class="answer"
      onSubmit={(event) => {
        event.preventDefault();
        if (isComplete && !isChecking) onAnswer(code);
      }}
    >
      <div class="code" data-rejected={isRejected && code === ''}>
        {Array.from({ length: DIGITS }, (_, at) => (
          <span key={at} class="code-cell" data-next={at === code.length} aria-hidden="true">
            {code[at]}
          </span>
        ))}
        <input
          ref={field}
          class="code-field"
          aria-label="6-digit MFA code"
          aria-describedby="prompt-subject"
          aria-invalid={isRejected && code === ''}
          inputMode="numeric"
          autocomplete="one-time-code"
          pattern="[0-9]*"
          spellcheck={false}
          readOnly={isChecking}
          value={code}
          onInput={(event) => take(event.currentTarget)}
        />
      </div>
      {children}
      <PromptButtons isChecking={isChecking} isComplete={isComplete} onCancel={onCancel} />
    </form>
  );
}
